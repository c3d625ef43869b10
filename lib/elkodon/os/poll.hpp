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

/// How a wait ended.
enum class wait_end {
    woken,  ///< or perhaps not: look
    time_over,
    refused,  ///< the system doesn't let us wait: errno says why
};

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

/// A descriptor of a set that is ready: its key, and which of poll(2)'s events.
struct ready_file {
    std::uint64_t key;
    std::uint32_t events;
};

/// A set of descriptors, itself a descriptor that is readable, level-style, while one of them is.
class poll_set {
public:
    poll_set();
    int get() const noexcept { return set_.get(); }

    /// Adds `file` for reading, or for others of poll(2)'s events; `key` comes back when it is ready. False, and errno
    /// says why, when the kernel refuses.
    bool add(int file, std::uint64_t key) noexcept;
    bool add(int file, std::uint64_t key, std::uint32_t events) noexcept;
    void remove(int file) noexcept;

    /// The keys of what is readable now, at most 64 of them. Never waits, allocates nothing.
    std::size_t ready(std::uint64_t (&keys)[64]) const noexcept;

    static constexpr std::size_t most_at_once = 256;

    /// Waits until something is ready or the time is over (none: for ever): then `count` are ready, the others come in
    /// turn. Signals don't end it. Allocates nothing. Any thread, also while others add and remove.
    wait_end wait(ready_file (&files)[most_at_once],
                  std::size_t& count,
                  std::optional<std::chrono::steady_clock::time_point> until) const noexcept;

private:
    fd set_;
};

/// Waits until `file` is readable or the time is over (none: for ever). Signals don't end it.
wait_end wait_readable(int file,
                       std::optional<std::chrono::steady_clock::time_point> until) noexcept;

}  // namespace elkodon::os
