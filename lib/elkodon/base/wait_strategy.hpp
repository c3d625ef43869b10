// What a waiter does before it sleeps: a value that its owner sets.
// Nothing here is shared; another process' death changes nothing.
#pragma once

#include <chrono>

namespace elkodon {

/// What a waiter does between finding nothing and sleeping. Looking costs a core and brings news in tens of
/// nanoseconds; sleeping costs nothing, and waking a core costs its kernel some 20 microseconds. A value; any thread.
///
///     config.wait_strategy = elkodon::wait_strategy::block();
///     auto subscriber = service.subscriber().wait_strategy(elkodon::wait_strategy::busy()).create();
class wait_strategy {
public:
    enum class kind { block, spin_then_block, busy, adaptive };

    /// As wait_strategy::adaptive().
    constexpr wait_strategy() noexcept = default;

    /// Sleeps at once. For whoever pays for every core, or has only one.
    static constexpr wait_strategy block() noexcept {
        return {kind::block, std::chrono::nanoseconds(0)};
    }
    /// Looks for at most `time` before each sleep. On a machine of one core it sleeps at once: looking would only
    /// keep whoever sends from running.
    static constexpr wait_strategy spin_then_block(std::chrono::nanoseconds time) noexcept {
        return {kind::spin_then_block, time > time.zero() ? time : time.zero()};
    }
    /// Never sleeps: one core each waiter, and the shortest latency. On a machine of one core, and for a thread
    /// that is pinned to one, it lets others run between two looks.
    static constexpr wait_strategy busy() noexcept {
        return {kind::busy, std::chrono::nanoseconds::max()};
    }
    /// The default: looks for at most 50 microseconds, and only while messages come more often than that. Never on
    /// a machine of one core; a thread that is pinned to one looks only as long as that proves to help.
    static constexpr wait_strategy adaptive() noexcept { return {}; }

    constexpr kind which() const noexcept { return which_; }
    /// The longest time that it looks before it sleeps.
    constexpr std::chrono::nanoseconds spin() const noexcept { return spin_; }

    friend constexpr bool operator==(const wait_strategy&, const wait_strategy&) = default;

private:
    constexpr wait_strategy(kind which, std::chrono::nanoseconds spin) noexcept
        : which_(which), spin_(spin) {}

    kind which_ = kind::adaptive;
    std::chrono::nanoseconds spin_ = std::chrono::microseconds(50);
};

}  // namespace elkodon
