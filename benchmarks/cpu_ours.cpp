// What waiting costs: the share of a core, in percent, of a thread in blocking_receive() with `strategy=block`, `spin`
// (spin_then_block(20us)), `adaptive` or `busy`, while `rate=` messages a second come from another core, evenly.
#include "message.hpp"

#include <elkodon/elkodon.hpp>

#include <sys/resource.h>

namespace {

using namespace std::chrono_literals;
using payload = std::uint64_t;

elkodon::wait_strategy strategy_of(const std::string& name) {
    using strategy = elkodon::wait_strategy;
    if (name == "block") return strategy::block();
    if (name == "spin") return strategy::spin_then_block(20us);
    if (name == "busy") return strategy::busy();
    bench::require(name == "adaptive", "a strategy");
    return strategy::adaptive();
}

auto join(const elkodon::node& node) {
    return node.service("benchmark/cpu")
        .publish_subscribe<payload>()
        .subscriber_max_buffer_size(1024)
        .open_or_create();
}

double cpu_nanoseconds() {
    timespec used{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) * 1e9 + static_cast<double>(used.tv_nsec);
}

void send_evenly(std::uint64_t rate, double length, bench::meeting& meeting) {
    const auto node = elkodon::node::create();
    auto publisher = join(node).publisher().create();
    meeting.arrive();
    const auto count = static_cast<std::uint64_t>(static_cast<double>(rate) * length / 1e9);
    const double begin = bench::nanoseconds(),
                 step = rate > 0 ? 1e9 / static_cast<double>(rate) : 0;
    for (std::uint64_t i = 1; i <= count; ++i) {
        while (bench::nanoseconds() < begin + static_cast<double>(i) * step) bench::pause();
        bench::require(!publisher.send_copy(1), "send");
    }
    while (bench::nanoseconds() < begin + length) usleep(1000);
    publisher.send_copy(0);  // the end
    usleep(200'000);
}

double receive(const std::string& strategy, bench::meeting& meeting) {
    const auto node = elkodon::node::create();
    auto subscriber = join(node).subscriber().wait_strategy(strategy_of(strategy)).create();
    meeting.arrive();
    const double begin = bench::nanoseconds(), used = cpu_nanoseconds();
    while (const auto sample = subscriber.blocking_receive())
        if (*sample == 0) break;
    return 100 * (cpu_nanoseconds() - used) / (bench::nanoseconds() - begin);
}

}  // namespace

int main(int argc, char** argv) {
    const bench::arguments args{argc, argv};
    const auto rate = args.number("rate", 1000);
    const auto length =
        1e6 * static_cast<double>(std::max<std::uint64_t>(args.milliseconds(), 500));
    const auto cores = args.cores();
    auto* const meeting = bench::shared<bench::meeting>();
    const auto percent = bench::two_processes(
        [&] {
            bench::pin(cores.second);
            send_evenly(rate, length, *meeting);
        },
        [&] {
            // Not pinned, which would be a hint to look less: but the sender keeps its core busy.
            return receive(args.text("strategy", "adaptive"), *meeting);
        });
    std::printf("{\"unit\": \"%% of a core\", \"p50\": %.3f, \"p99\": %.3f}\n", percent, percent);
}
