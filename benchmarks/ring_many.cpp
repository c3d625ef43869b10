// Ten thousand listeners of one process wait in one wait set: `services=100` with `listeners=100` each. From the first of a
// hundred notifications, which ring each of them once, until the last id has been taken. Nanoseconds; notifiers and listeners
// each have a core of their own.
#include "common.hpp"

#include <elkodon/elkodon.hpp>

namespace {

struct moments {
    std::atomic<std::uint64_t> round{0};  // that the notifier may begin
    std::atomic<std::uint64_t> taken{0};  // the last one of which all ids have been taken
    std::atomic<double> end{0};
};

elkodon::event_service join(const elkodon::node& node,
                            std::uint64_t number,
                            std::uint64_t listeners) {
    return node.service("benchmark/many/" + std::to_string(number))
        .event()
        .max_listeners(listeners)
        .open_or_create();
}

void listen(moments& shared, std::uint64_t services, std::uint64_t each, std::uint64_t rounds) {
    const auto node = elkodon::node::create();
    auto waits = node.wait_set().wait_strategy(elkodon::wait_strategy::block()).create();
    std::vector<elkodon::listener> listeners;
    for (std::uint64_t service = 0; service < services; ++service) {
        const auto bells = join(node, service, each);
        for (std::uint64_t i = 0; i < each; ++i) listeners.push_back(bells.listener().create());
    }
    std::uint64_t left = 0;
    for (auto& listener : listeners)
        waits.on_samples(listener, [&](const elkodon::event_ids&) { return --left > 0; });
    for (std::uint64_t round = 1; round <= rounds; ++round) {
        left = listeners.size();
        // Everybody is cold, and nobody has news: the next sleep is the one that is measured.
        while (waits.timed_wait(std::chrono::milliseconds(1))) {}
        shared.round.store(round, std::memory_order_release);
        waits.run();
        shared.end.store(bench::nanoseconds(), std::memory_order_relaxed);
        shared.taken.store(round, std::memory_order_release);
    }
}

std::vector<std::uint64_t> ring(moments& shared,
                                std::uint64_t services,
                                std::uint64_t each,
                                std::uint64_t rounds) {
    const auto node = elkodon::node::create();
    std::vector<elkodon::notifier> notifiers;
    std::vector<std::uint64_t> times;
    for (std::uint64_t round = 1; round <= rounds; ++round) {
        while (shared.round.load(std::memory_order_acquire) < round) usleep(100);
        while (notifiers.size() < services)
            notifiers.push_back(join(node, notifiers.size(), each).notifier().create());
        usleep(20'000);  // until they sleep
        const double begin = bench::nanoseconds();
        for (auto& notifier : notifiers)
            bench::require(!notifier.notify(elkodon::event_id{1}), "notify");
        while (shared.taken.load(std::memory_order_acquire) < round) bench::pause();
        const double time = shared.end.load(std::memory_order_relaxed) - begin;
        // At first they have met only just now.
        if (round > 2) times.push_back(static_cast<std::uint64_t>(time));
    }
    return times;
}

}  // namespace

int main(int argc, char** argv) {
    const bench::arguments args{argc, argv};
    const auto services = args.number("services", 100), each = args.number("listeners", 100);
    const auto rounds = args.number("rounds", 12);
    auto* const shared = bench::shared<moments>();
    const auto cores = args.cores();
    auto times = bench::two_processes(
        [&] {
            bench::pin(cores.second);
            listen(*shared, services, each, rounds);
        },
        [&] {
            bench::pin(cores.first);
            return ring(*shared, services, each, rounds);
        });
    std::printf("{\"unit\": \"ns\", \"p50\": %.0f, \"p99\": %.0f}\n", bench::percentile(times, 50),
                bench::percentile(times, 99));
}
