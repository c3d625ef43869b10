// Sleeping on a word of shared memory, and waking whoever sleeps there.
// Whoever maps the word writes it. The kernel keeps no state of it while nobody sleeps.
// After a kill -9 of a sleeper the kernel has forgotten it; of a waker before its call, nobody was woken.
#pragma once

#include <elkodon/base/atomic.hpp>
#include <elkodon/os/poll.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace elkodon::os {

/// The half that changes, on which whoever sleeps is: a futex has 32 bits. Any thread.
const std::uint32_t* low_half(const atomic<std::uint64_t>& word) noexcept;

/// Sleeps as long as the low half of `word` is that of `expected`, which the kernel checks against who sets it: until
/// somebody wakes it or the time is over (none: for ever). It may return earlier: look again. Signals don't end it.
/// Any thread.
wait_end sleep_on(const atomic<std::uint64_t>& word,
                  std::uint64_t expected,
                  std::optional<std::chrono::steady_clock::time_point> until) noexcept;

/// Sets `bits`, below 2^11, in the low half of `word`, and wakes all who sleep on it: one step for whoever sleeps, one
/// system call. Any thread.
void set_and_wake(atomic<std::uint64_t>& word, std::uint32_t bits) noexcept;

/// Whether the kernel, and the sandbox that we may be in, have both. Any thread.
bool has_futexes() noexcept;

}  // namespace elkodon::os
