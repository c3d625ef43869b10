// One-way latency: two processes, a service each way, both sides poll receive(). Half a round trip.
// `size=48`, `subscribers=64` more of them on each service, awake and never polled: nobody waits on them, so none is asleep.
#include "message.hpp"

#include <elkodon/elkodon.hpp>

namespace {

template <std::size_t N>
class end_of_line {
public:
    using payload = bench::message<N>;

    end_of_line(std::string_view sends_on, std::string_view hears_on, std::uint64_t more)
        : sends_(open(sends_on, more)), hears_(open(hears_on, more)) {
        for (std::uint64_t i = 0; i < more; ++i) idle_.push_back(hears_.subscriber().create());
    }

    void send(std::uint64_t number) {
        auto loan = publisher_.loan_uninit();
        loan->write(number);
        bench::require(!publisher_.send(std::move(loan)), "send");
    }

    void receive(std::uint64_t due) {
        for (;;)
            if (auto sample = subscriber_.receive())
                return bench::require(sample->read() == due, "the next number");
    }

    std::uint64_t lost() const { return subscriber_.lost(); }

private:
    auto open(std::string_view name, std::uint64_t more) {
        return node_.service(name)
            .template publish_subscribe<payload>()
            .max_publishers(1)
            .max_subscribers(static_cast<std::uint32_t>(1 + more))
            .open_or_create();
    }

    using service = elkodon::publish_subscribe_service<payload>;

    elkodon::node node_ = elkodon::node::create();
    service sends_, hears_;
    elkodon::publisher<payload> publisher_ = sends_.publisher().create();
    elkodon::subscriber<payload> subscriber_ = hears_.subscriber().create();
    std::vector<elkodon::subscriber<payload>> idle_;
};

template <std::size_t N>
bench::distribution measure(const bench::arguments& args) {
    const auto count = args.number("count", 100'000);
    const auto warm_up = args.number("warm_up", 10'000);
    const auto more = args.number("subscribers", 0);
    const auto cores = args.cores();
    auto* const meeting = bench::shared<bench::meeting>();

    const auto child = [&] {
        bench::pin(cores.second);
        end_of_line<N> line{"benchmark/pong", "benchmark/ping", more};
        meeting->arrive();
        for (std::uint64_t i = 1;; ++i) {
            line.receive(i);
            const bool last = meeting->ends_after(i);
            line.send(i);
            if (last) break;
        }
        bench::require(line.lost() == 0, "nothing lost");
    };
    return bench::two_processes(child, [&] {
        bench::pin(cores.first);
        end_of_line<N> line{"benchmark/ping", "benchmark/pong", more};
        bench::measured_loop loop{warm_up, count, args.milliseconds()};
        meeting->arrive();
        while (loop.next(*meeting)) {
            line.send(loop.number());
            line.receive(loop.number());
            loop.done();
        }
        bench::require(line.lost() == 0, "nothing lost");
        return std::move(loop).result();
    });
}

}  // namespace

int main(int argc, char** argv) {
    const bench::arguments args{argc, argv};
    bench::with_size(args, [&]<std::size_t N>() {
        auto round_trips = measure<N>(args);
        bench::print_latency(round_trips);
    });
}
