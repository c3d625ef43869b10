// What a dead notifier can't ring any more: the service's notifier_dead_event, rung by whoever cleans up.
// The cleaner writes the listeners' event sets and doorbells, as the notifier did.
// After a kill -9 of the cleaner the notifier still has its name, and the next cleaner rings.
#pragma once

namespace elkodon::service {

class presence;

/// Rings notifier_dead_event at every living listener of the service and wakes those that sleep; nothing where the
/// service has none. The caller holds the service's lock. What can't be rung for want of memory or descriptors is
/// found by the listener's own notice of the death.
void ring_for_dead_notifier(int directory, presence& self) noexcept;

}  // namespace elkodon::service
