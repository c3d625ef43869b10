// Messages a second: one publisher, one subscriber, a lossless service, in which the publisher waits when the buffer is full.
// `batch=1` takes messages one at a time, anything else by receive_many.
#include "stream.hpp"

#include <elkodon/elkodon.hpp>

#include <span>

namespace {

template <std::size_t N>
class receiver {
public:
    using payload = bench::message<N>;

    receiver(elkodon::subscriber<payload>& port, std::size_t batch) : port_(port), batch_(batch) {}

    std::uint64_t taken() const { return taken_; }

    std::size_t step() { return batch_ == 1 ? one() : many(); }

private:
    std::size_t one() {
        auto sample = port_.receive();
        if (!sample) return 0;
        check(*sample);
        return 1;
    }

    std::size_t many() {
        const auto samples = std::span{samples_}.first(batch_);
        const auto count = port_.receive_many(samples);
        for (std::size_t i = 0; i < count; ++i) check(*samples_[i]);
        for (std::size_t i = count; i > 0; --i) samples_[i - 1].reset();
        return count;
    }

    void check(const payload& message) {
        bench::require(message.read() == taken_++, "the next number");
    }

    elkodon::subscriber<payload>& port_;
    std::size_t batch_;
    std::array<elkodon::sample<payload>, bench::most_at_once> samples_;
    std::uint64_t taken_ = 0;
};

template <std::size_t N>
bench::throughput measure(const bench::arguments& args) {
    const auto count = args.number("count", 3'000'000);
    const auto batch = std::min<std::size_t>(args.number("batch", 32), bench::most_at_once);
    const auto cores = args.cores();
    auto* const meeting = bench::shared<bench::meeting>();

    const auto child = [&] { bench::publish_stream<bench::message<N>>(args, count, *meeting); };
    return bench::two_processes(child, [&] {
        bench::pin(cores.first);
        auto node = elkodon::node::create();
        auto subscriber = bench::open_stream<bench::message<N>>(node).subscriber().create();
        meeting->arrive();
        bench::throughput rate{count, args.milliseconds()};
        receiver<N> receiver{subscriber, batch};
        while (receiver.taken() < count)
            if (receiver.step() != 0 && !rate.add(receiver.taken())) break;
        meeting->end_after(1);
        bench::require(subscriber.lost() == 0, "nothing lost");
        return rate;
    });
}

}  // namespace

int main(int argc, char** argv) {
    const bench::arguments args{argc, argv};
    bench::with_size<64>(args, [&]<std::size_t N>() {
        auto rate = measure<N>(args);
        bench::print_throughput(rate);
    });
}
