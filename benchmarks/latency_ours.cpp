// One-way latency: two processes, a service each way, both sides poll receive(). Half a round trip.
// `size=48`, `subscribers=64` more of them on each service, awake and never polled: nobody waits on them, so none is asleep.
#include "message.hpp"
#include "ping_pong.hpp"

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

    void finish() const { bench::require(subscriber_.lost() == 0, "nothing lost"); }

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

}  // namespace

int main(int argc, char** argv) {
    const bench::arguments args{argc, argv};
    const auto more = args.number("subscribers", 0);
    bench::with_size<16, 48, 64, 256, 1024, 4096, 8192, 16'384, 65'536, 262'144, 1'048'576,
                     4'194'304, 16'777'216>(args, [&]<std::size_t N>() {
        bench::main_of_ping_pong(args, [&](bool asks) {
            return end_of_line<N>{asks ? "benchmark/ping" : "benchmark/pong",
                                  asks ? "benchmark/pong" : "benchmark/ping", more};
        });
    });
}
