// The floor of every latency row: one word bounced between two processes, half a round trip.
// Each process writes a word of its own, alone on its pair of cache lines, and polls the other's.
// One pause in the poll leaves the writer its line and is faster on some machines, slower on others: without `pauses=` both
// are measured, and the better one is the floor.
// What it leaves out: payload, loss, protection, any way to sleep. Nothing that talks through memory can do with less.
#include "common.hpp"

namespace {

struct words {
    bench::meeting meeting;
    alignas(bench::line) std::atomic<std::uint64_t> ping{0};
    alignas(bench::line) std::atomic<std::uint64_t> pong{0};
};

void wait_for(const std::atomic<std::uint64_t>& word, std::uint64_t value, std::uint64_t pauses) {
    while (word.load(std::memory_order_acquire) != value)
        for (std::uint64_t i = 0; i < pauses; ++i) bench::pause();
}

bench::distribution measure(const bench::arguments& args, std::uint64_t pauses) {
    const auto count = args.number("count", 200'000);
    const auto warm_up = args.number("warm_up", count / 10);
    const auto cores = args.cores();
    auto* const word = bench::shared<words>();
    const auto child = [&] {
        bench::pin(cores.second);
        for (std::uint64_t i = 1;; ++i) {
            wait_for(word->ping, i, pauses);
            const bool last = word->meeting.ends_after(i);
            word->pong.store(i, std::memory_order_release);
            if (last) break;
        }
    };
    return bench::two_processes(child, [&] {
        bench::pin(cores.first);
        bench::measured_loop loop{warm_up, count, args.milliseconds()};
        while (loop.next(word->meeting)) {
            word->ping.store(loop.number(), std::memory_order_release);
            wait_for(word->pong, loop.number(), pauses);
            loop.done();
        }
        return std::move(loop).result();
    });
}

}  // namespace

int main(int argc, char** argv) {
    const bench::arguments args{argc, argv};
    auto best = measure(args, args.number("pauses", 0));
    if (args.text("pauses", "").empty()) {
        auto other = measure(args, 1);
        if (other.median() < best.median()) best = std::move(other);
    }
    bench::print_latency(best);
}
