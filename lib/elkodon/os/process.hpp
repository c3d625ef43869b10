// Processes: who we are, whether another lives, and what a fork makes of us.
// A lock file is written and locked by its process alone; others only ask.
// After a kill -9 the kernel has released the lock; the file stays until somebody cleans up.
#pragma once

#include <elkodon/base/atomic.hpp>
#include <elkodon/base/spin_estimator.hpp>
#include <elkodon/os/fd.hpp>

#include <cstdint>
#include <string>

namespace elkodon::os {

std::uint32_t process_number() noexcept;  ///< the pid, as this process' namespace sees it
std::uint32_t user_number() noexcept;     ///< the effective user
std::string executable_path();            ///< empty where /proc isn't there
std::uint64_t random_number();            ///< 64 random bits, never 0

/// Where the calling thread may run, as its affinity and the number of cores that are on line say.
cores_in_reach cores_of_this_thread() noexcept;

/// Lets another thread run on this core, if one wants to.
void yield() noexcept;

/// Raises the soft limit of open files to `enough`, or to the hard one: each peer process takes about three.
void raise_file_limit(std::uint64_t enough) noexcept;

/// Locks the whole file for this process, until any descriptor of it is closed. False when another
/// process has it. A fork's child doesn't inherit the lock.
bool lock_for_this_process(int file) noexcept;

/// Whether another process has locked it. Never ask about our own file: opening and closing it drops the
/// lock, which is why callers compare identities first.
bool locked_by_another(int file) noexcept;

namespace internal_fork {
inline atomic<std::uint32_t> generation{
    0};  // written in a fork's child, before anything else runs there
}

/// Makes fork_generation() count. Any thread.
void watch_forks() noexcept;

/// Differs in a fork's child from what it was in the parent. Any thread.
inline std::uint32_t fork_generation() noexcept {
    // relaxed: a child has one thread when it is written, and later threads come after it.
    return internal_fork::generation.load(std::memory_order_relaxed);
}

}  // namespace elkodon::os
