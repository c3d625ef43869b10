// How the agent sleeps with very many attachments in one wait set, under strace: between its marks it only sleeps.
#include "agent.hpp"

#include <algorithm>
#include <chrono>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

namespace agent {
namespace {

/// As many descriptors as were asked for, or as there may be.
std::uint64_t possible_files(std::uint64_t wanted) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    return std::min<std::uint64_t>(wanted, limit.rlim_cur - 200);
}

std::string idle(state& own, const words& line) {
    const auto files = possible_files(number(line, 1)), ports = number(line, 2);
    const auto bells = own.node.service("idle").event().max_listeners(ports).create();
    auto notifier = bells.notifier().create();
    auto waits = own.node.wait_set().wait_strategy(elkodon::wait_strategy::block()).create();
    std::vector<elkodon::listener> listeners;
    std::vector<elkodon::attachment> all;
    for (std::uint64_t i = 0; i < files; ++i)
        all.push_back(waits.attach_fd(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), POLLIN));
    for (std::uint64_t i = 0; i < ports; ++i) {
        listeners.push_back(bells.listener().create());
        all.push_back(waits.attach(listeners.back()));
    }
    // Who has come was noticed; then everybody is cold.
    while (waits.timed_wait(std::chrono::milliseconds(1)))
        for (auto& each : listeners) each.try_wait();
    static_cast<void>(close(-4242));
    const auto ready = waits.timed_wait(std::chrono::seconds(number(line, 3)));
    static_cast<void>(close(-4242));
    if (ready || ready.error()) return "did not sleep";
    // And it was no deaf sleep.
    if (notifier.notify(elkodon::event_id{3})) return "could not ring";
    const auto rung = waits.timed_wait(std::chrono::minutes(1)).size();
    return "slept with " + std::to_string(all.size()) + ", woken by " + std::to_string(rung);
}

}  // namespace

void add_idling(command_table& table) { table["idle"] = idle; }

}  // namespace agent
