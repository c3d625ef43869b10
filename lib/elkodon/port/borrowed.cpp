// See borrowed.hpp.
#include <elkodon/port/borrowed.hpp>
#include <elkodon/port/subscriber_port.hpp>

#include <memory>
#include <mutex>

namespace elkodon::port {
namespace {

struct keepers {
    std::mutex mutex;
    keeper* unused = nullptr;
};

// Never destroyed: a sample with static storage may be the last to go.
keepers& all_keepers() {
    static auto* const instance = new keepers;
    return *instance;
}

}  // namespace

keeper* keeper::make(subscriber_port* port) {
    auto& all = all_keepers();
    const std::lock_guard lock(all.mutex);
    auto* made = all.unused;
    if (made) all.unused = made->next;
    else made = new keeper;
    made->port = port;
    made->fork_generation = os::fork_generation();
    return made;
}

void keeper::orphan() noexcept {
    orphaned.store(true, std::memory_order_seq_cst);  // sync[keeper.orphaned] release
    // sync[fence.light] heavy: whoever lets go after our count below sees `orphaned`.
    os::heavy_fence_in_process();
    reap();
}

void keeper::reap() noexcept {
    std::unique_ptr<subscriber_port>
        last;  // destroyed after the lock is gone: its destructor takes its time
    auto& all = all_keepers();
    const std::lock_guard lock(all.mutex);
    // relaxed, both: written under the mutex, or by who called us.
    if (!port || !orphaned.load(std::memory_order_relaxed) || port->holds_samples()) return;
    last.reset(std::exchange(port, nullptr));
    orphaned.store(false, std::memory_order_relaxed);
    next = std::exchange(all.unused, this);
}

}  // namespace elkodon::port
