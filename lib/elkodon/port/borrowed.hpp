// A message that a subscriber holds: the count of its copies in this process, and how the last one ends.
// The subscriber's owner thread takes; any thread copies and lets go.
// After a kill -9 the borrow slot stays set until publishers have proof of our death.
#pragma once

#include <elkodon/base/ids.hpp>
#include <elkodon/layout/subscriber_segment.hpp>
#include <elkodon/lockfree/ring_reader.hpp>
#include <elkodon/os/fence.hpp>
#include <elkodon/os/process.hpp>

#include <utility>

namespace elkodon::port {

class subscriber_port;

/// What a subscriber leaves behind when samples outlive it. Its memory is never given back to the system,
/// only used again, so that whoever lets go of the last sample may look at it after letting go.
struct keeper {
    atomic<bool> orphaned{false};
    subscriber_port* port = nullptr;  // guarded by the keepers' mutex, as `next`
    keeper* next = nullptr;
    std::uint32_t fork_generation = 0;  // of the process that made the port

    static keeper* make(subscriber_port* port);

    /// Ends the subscriber: now, or with its last sample.
    void orphan() noexcept;

    /// Called after a sample of an orphaned subscriber went: was it the last?
    void reap() noexcept;
};

/// One borrow slot, and who in this process shares it. `copies` is 0 when the slot is free: only then the
/// owner thread takes it, and only then it does.
struct borrow {
    atomic<std::uint32_t> copies{0};
    layout::borrow_slot* word = nullptr;
    port::keeper* keeper = nullptr;
    bool timed = false;  // the service's messages carry a time of sending
    port_id publisher;
    lockfree::taken_message message;  // here, so that a sample is one pointer: it moves in one store
};

/// Shares one borrow: a sample without a type. Copyable; copies on any threads; each object one at a time.
class borrowed {
public:
    borrowed() noexcept = default;

    /// Takes over a slot whose count the owner thread has just set to 1.
    explicit borrowed(borrow& slot) noexcept : slot_(&slot) {}

    borrowed(const borrowed& other) noexcept : slot_(other.slot_) {
        // relaxed: we hold a copy, so the slot stays ours.
        if (slot_) slot_->copies.fetch_add(1, std::memory_order_relaxed);
    }
    borrowed(borrowed&& other) noexcept : slot_(std::exchange(other.slot_, nullptr)) {}
    borrowed& operator=(borrowed other) noexcept {
        std::swap(slot_, other.slot_);
        return *this;
    }
    ~borrowed() {
        if (slot_) let_go(*slot_);
    }

    explicit operator bool() const noexcept { return slot_ != nullptr; }

    /// Needs a message.
    const lockfree::taken_message& message() const noexcept { return slot_->message; }
    bool timed() const noexcept { return slot_ && slot_->timed; }
    port_id publisher() const noexcept { return slot_ ? slot_->publisher : port_id{}; }

private:
    static void let_go(borrow& slot) noexcept {
        // The count goes to 0 only after the slot is cleared: at 0 the owner thread takes it again.
        // sync[borrow.copies] acquire: what other copies read comes before we clear the slot.
        auto copies = slot.copies.load(std::memory_order_acquire);
        while (copies != 1)
            // sync[borrow.copies] release: what this copy read comes before the last one clears the slot.
            if (slot.copies.compare_exchange_weak(copies, copies - 1, std::memory_order_acq_rel,
                                                  std::memory_order_acquire))
                return;
        auto* const keeper = slot.keeper;
        // A fork's child doesn't have the page, and the message isn't its own to give back.
        if (keeper->fork_generation != os::fork_generation()) [[unlikely]]
            return;
        // sync[borrow.slot] release: the publisher's scan acquires.
        slot.word->store(0, std::memory_order_release);
        // sync[borrow.copies] release: the slot may be taken again. From here on only the keeper is touched.
        slot.copies.store(0, fenced_store);
        // sync[fence.light] light: our count, then `orphaned`; orphan() sets that, fences heavily, then counts.
        os::light_fence();
        // sync[keeper.orphaned] acquire: reap() looks again under the mutex.
        if (keeper->orphaned.load(fenced_load)) [[unlikely]]
            keeper->reap();
    }

    borrow* slot_ = nullptr;
};

}  // namespace elkodon::port
