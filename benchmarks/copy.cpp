// Payloads of 1 MiB that are written and read whole, on two cores: bytes a second. `way=ours`: copied into a loan, and out
// of the sample; `way=memcpy`: into and out of four bare buffers that the two processes share.
#include "common.hpp"

#include <elkodon/elkodon.hpp>

#include <array>

namespace {

constexpr std::size_t size = 1 << 20;
constexpr std::size_t buffers = 4;
constexpr std::uint64_t over = ~std::uint64_t{0};  // instead of how many were read
using block = std::array<std::byte, size>;

// Copies a second.
class rate {
public:
    rate(std::uint64_t count, std::uint64_t milliseconds)
        : end_(bench::nanoseconds() +
               static_cast<double>(milliseconds == 0 ? 60'000 : milliseconds) * 1e6) {
        times_.reserve(count);
    }

    bool add() {
        const double now = bench::nanoseconds();
        times_.push_back(static_cast<std::uint64_t>(now - last_));
        last_ = now;
        return now < end_ || times_.size() < 64;
    }
    void print() {
        const auto per_second = [&](double p) {
            return static_cast<double>(size) * 1e9 / bench::percentile(times_, p);
        };
        std::printf("{\"unit\": \"bytes/s\", \"p50\": %.0f, \"p99\": %.0f}\n", per_second(50),
                    per_second(99));
    }

private:
    std::vector<std::uint64_t> times_;
    double last_ = bench::nanoseconds(), end_;
};

struct shared_buffers {
    alignas(bench::line) std::atomic<std::uint64_t> written{0};
    alignas(bench::line) std::atomic<std::uint64_t> read{0};
    alignas(4096) std::array<block, buffers> memory;
};

rate with_memcpy(const bench::arguments& args, std::uint64_t count) {
    auto* const shared = bench::shared<shared_buffers>();
    const auto cores = args.cores();
    const auto child = [&] {
        bench::pin(cores.second);
        const auto source = std::make_unique<block>();
        for (std::uint64_t i = 0; i < count; ++i) {
            std::uint64_t read;
            while (i - (read = shared->read.load(std::memory_order_acquire)) >= buffers &&
                   read != over)
                bench::pause();
            if (read == over) return;
            std::memcpy(shared->memory[i % buffers].data(), source->data(), size);
            shared->written.store(i + 1, std::memory_order_release);
        }
    };
    return bench::two_processes(child, [&] {
        bench::pin(cores.first);
        const auto target = std::make_unique<block>();
        rate result{count, args.milliseconds()};
        for (std::uint64_t i = 0; i < count; ++i) {
            while (shared->written.load(std::memory_order_acquire) == i) bench::pause();
            std::memcpy(target->data(), shared->memory[i % buffers].data(), size);
            shared->read.store(i + 1, std::memory_order_release);
            if (!result.add()) break;
        }
        shared->read.store(over, std::memory_order_release);
        return result;
    });
}

rate with_samples(const bench::arguments& args, std::uint64_t count) {
    const auto cores = args.cores();
    auto* const meeting = bench::shared<class bench::meeting>();
    const auto open = [](const elkodon::node& node) {
        return node.service("benchmark/copy")
            .publish_subscribe<block>()
            .enable_safe_overflow(false)
            .max_publishers(1)
            .max_subscribers(1)
            .subscriber_max_buffer_size(buffers)
            .subscriber_max_borrowed_samples(1)
            .open_or_create();
    };
    const auto child = [&] {
        bench::pin(cores.second);
        const auto source = std::make_unique<block>();
        auto node = elkodon::node::create();
        auto publisher = open(node).publisher().create();
        meeting->arrive();
        for (std::uint64_t i = 0; i < count && !meeting->ends_after(1); ++i) {
            auto loan = publisher.loan_uninit();
            std::memcpy(loan->data(), source->data(), size);
            bench::require(!publisher.send(std::move(loan)), "send");
        }
    };
    return bench::two_processes(child, [&] {
        bench::pin(cores.first);
        const auto target = std::make_unique<block>();
        auto node = elkodon::node::create();
        auto subscriber = open(node).subscriber().create();
        meeting->arrive();
        rate result{count, args.milliseconds()};
        for (std::uint64_t taken = 0; taken < count;) {
            auto sample = subscriber.receive();
            if (!sample) continue;
            std::memcpy(target->data(), sample->data(), size);
            ++taken;
            if (!result.add()) break;
        }
        meeting->end_after(1);
        return result;
    });
}

}  // namespace

int main(int argc, char** argv) {
    const bench::arguments args{argc, argv};
    const auto count = args.number("count", 20'000);
    (args.text("way", "ours") == "ours" ? with_samples(args, count) : with_memcpy(args, count))
        .print();
}
