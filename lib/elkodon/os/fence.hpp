// The asymmetric pair of fences: nearly free for who publishes, dear for who falls asleep.
// Nothing is shared but what the kernel does to the cores; a kill -9 leaves nothing.
#pragma once

#include <elkodon/base/atomic.hpp>

namespace elkodon::os {

/// Registers this process as one whose cores a heavy fence of another process interrupts. Called before
/// the first port opens; a fork inherits it, an exec clears it. False where the kernel refuses: then this
/// process' light fences are full ones. Any thread.
bool register_light_fences() noexcept;

/// Interrupts every registered process that is running, which gives each of them a full fence. False
/// where the kernel refuses: then who relies on it looks again after a short, bounded sleep. Any thread.
bool heavy_fence() noexcept;

/// The same for the threads of this process only.
void heavy_fence_in_process() noexcept;

namespace internal_fence {
inline bool light_is_full = true;  // written once by register_light_fences, before any port exists
}

/// Between publishing and looking whether anybody sleeps. Pairs with heavy_fence(): who publishes loads
/// the waiter bits after it; who sleeps sets its bit, fences heavily, and looks at the data again. One of
/// the two sees the other's store. Never pair light with light. Any thread.
inline void light_fence() noexcept {
    if (internal_fence::light_is_full) [[unlikely]]
        full_fence();
    else
        std::atomic_signal_fence(
            std::memory_order_seq_cst);  // sync[fence.light] seq_cst: the compiler only
}

}  // namespace elkodon::os
