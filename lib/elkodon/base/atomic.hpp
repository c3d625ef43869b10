// The one atomic type of everything that lies in shared memory, and the orders that ThreadSanitizer needs.
// Whoever owns a word says so where the word is declared; this header only guarantees that it is a word.
// After a kill -9 a word holds the old value or the new one, never a mixture.
#pragma once

#include <atomic>
#include <cstdint>
#include <type_traits>

#if defined(__SANITIZE_THREAD__)
#define ELKODON_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ELKODON_TSAN 1
#endif
#endif
#ifndef ELKODON_TSAN
#define ELKODON_TSAN 0
#endif

namespace elkodon {

/// std::atomic, restricted to what may lie in memory that other processes map: always lock-free and at
/// most 8 bytes (a 16-byte load is a locked write, and faults on a read-only page).
template <class T>
class atomic : public std::atomic<T> {
public:
    static_assert(std::atomic<T>::is_always_lock_free && sizeof(T) <= 8 &&
                  std::is_trivially_copyable_v<T>);
    using std::atomic<T>::atomic;
    using std::atomic<T>::operator=;
};

/// ThreadSanitizer knows no fences. In its builds the store-then-load pairs that are otherwise ordered by
/// a fence take the sequentially consistent way: both stores and both loads.
inline constexpr bool fences_as_orders = ELKODON_TSAN != 0;

/// The order of a store that a full fence follows before this thread loads what its partner stores.
inline constexpr std::memory_order fenced_store =
    fences_as_orders ? std::memory_order_seq_cst : std::memory_order_release;

/// The order of the load on the other side of that fence.
inline constexpr std::memory_order fenced_load =
    fences_as_orders ? std::memory_order_seq_cst : std::memory_order_acquire;

/// The order of either where the fence is all that orders it.
inline constexpr std::memory_order fenced_relaxed =
    fences_as_orders ? std::memory_order_seq_cst : std::memory_order_relaxed;

/// Orders every access before it against every access after it, stores against later loads included.
/// Each use names the two variables and who would miss whom.
inline void full_fence() noexcept {
#if !ELKODON_TSAN
    std::atomic_thread_fence(
        std::memory_order_seq_cst);  // sync[fence] seq_cst: each use says with whom.
#endif
}

/// Tells the core that this thread is polling: frees the pipeline, and the line that it polls.
inline void pause_once() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

/// Fetches a line that this thread will write soon: misses of later messages overlap with this one's.
inline void fetch_for_writing(const void* address) noexcept {
#if defined(__x86_64__)
    // The builtin is a plain prefetch unless the whole program is built for newer processors.
    asm volatile("prefetchw %0" : : "m"(*static_cast<const char*>(address)));
#else
    __builtin_prefetch(address, 1, 3);
#endif
}

}  // namespace elkodon
