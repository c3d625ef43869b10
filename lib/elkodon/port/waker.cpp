// See waker.hpp.
#include <elkodon/port/waker.hpp>

namespace elkodon::port {

std::error_code look_up_bell(sleeper& who,
                             const layout::wake_address& address,
                             service::presence& self) noexcept try {
    // sync[wake_address] acquire: the slot that goes with this doorbell.
    const auto doorbell = address.doorbell.load(std::memory_order_acquire);
    const auto slot = address.slot.load(std::memory_order_acquire);
    // sync[wake_address] acquire: a port that moved in between bumps the generation afterwards; we come again.
    if (address.doorbell.load(std::memory_order_acquire) != doorbell) return {};
    who.doorbell_slot = slot;
    if (doorbell == who.doorbell && (doorbell == 0 || who.bell)) return {};
    std::error_code failure;
    who.bell =
        doorbell == 0 ? nullptr : self.bell(who.memory.process(), doorbell_id{doorbell}, failure);
    who.doorbell = doorbell;
    return failure;
} catch (...) {
    return std::make_error_code(std::errc::not_enough_memory);
}

}  // namespace elkodon::port
