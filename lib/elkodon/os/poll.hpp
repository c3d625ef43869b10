// What a loop can poll: eventfds, timers, and sets of descriptors.
// An eventfd is written by whoever rings and drained by its owner alone.
// After a kill -9 of who rings, what it had written stays readable.
#pragma once

#include <elkodon/os/fd.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace elkodon::os {

/// Non-blocking from the start: some loops would otherwise set that on the shared description.
fd make_eventfd();

/// Whether a descriptor that somebody handed over is an eventfd; if so it is non-blocking afterwards.
bool accept_eventfd(int file) noexcept;

/// One ring. A saturated counter is a ring already.
void ring(int eventfd) noexcept;

/// Takes all rings.
void drain(int eventfd) noexcept;

/// A timer that is off; readable once the time set by start_timer has passed.
fd make_timer();
void start_timer(int timer, std::chrono::nanoseconds after) noexcept;

/// A set of descriptors, itself a descriptor that is readable, level-style, while one of them is.
class poll_set {
public:
    poll_set();
    int get() const noexcept { return set_.get(); }

    /// Adds `file` for reading; `key` comes back when it is readable. False when there is no room.
    bool add(int file, std::uint64_t key) noexcept;
    void remove(int file) noexcept;

    /// The keys of what is readable now, at most 64 of them. Never waits, allocates nothing.
    std::size_t ready(std::uint64_t (&keys)[64]) const noexcept;

private:
    fd set_;
};

/// Waits until `file` is readable or the time is over (none: for ever). False when the time was over.
/// Signals don't end it.
bool wait_readable(int file, std::optional<std::chrono::steady_clock::time_point> until) noexcept;

}  // namespace elkodon::os
