// Our own doorbell: one for each place that waits, whatever the number of its ports.
// The owner arms and looks; wakers mark and ring. What the owner sleeps on is chosen when it is made: the armed word
// itself, or descriptors (see reception.hpp).
// After our death the segment and the socket stay until somebody cleans up; wakers ring into the void.
#pragma once

#include <elkodon/base/doorbell_backend.hpp>
#include <elkodon/base/wait_strategy.hpp>
#include <elkodon/layout/doorbell_segment.hpp>
#include <elkodon/lockfree/bit_tree.hpp>
#include <elkodon/segment/own_segment.hpp>
#include <elkodon/segment/reception.hpp>

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace elkodon::segment {

/// Where a doorbell lives: two directories of the domain, and its process.
struct doorbell_place {
    std::shared_ptr<const void> keeps_open;  // the owner of the two descriptors
    int doorbells;
    int processes;
    process_id process;
    std::chrono::milliseconds liveness_bound;
    bool distrust_peers = false;                // every sleep ends after the liveness bound
    elkodon::wait_strategy wait_strategy = {};  // the process' default, for whoever waits there
    doorbell_backend backend = doorbell_backend::automatic;  // of a thread that blocks
};

/// What a thread that blocks sleeps on, as `wish` says.
layout::doorbell_kind kind_for_a_thread(doorbell_backend wish) noexcept;

/// How to sleep at a doorbell on a futex, for whoever has the kernel do it otherwise than by sleep(): while `*word` is
/// `expected`, until `until` at the latest. The kernel reads the word; shared between processes.
struct futex_sleep {
    const void* word;
    std::uint32_t expected;
    std::chrono::steady_clock::time_point until;
};

/// Arming, looking, sleeping and draining: one at a time. Slots, watching, serving and notices: any thread, since ports
/// of one context look at their peers on threads of their own.
class doorbell {
public:
    /// Throws what the system says.
    explicit doorbell(const doorbell_place& place,
                      layout::doorbell_kind kind = layout::doorbell_kind::eventfd);
    ~doorbell();
    doorbell(const doorbell&) = delete;
    doorbell& operator=(const doorbell&) = delete;

    doorbell_id id() const noexcept { return id_; }

    /// A free slot for a port, or nothing when max_ports of them wait here.
    std::optional<std::uint32_t> take_slot();
    void free_slot(std::uint32_t slot) noexcept;

    /// Whether there is anything to poll: then the three that follow may be called.
    bool has_descriptors() const noexcept { return reception_ != nullptr; }

    /// Rings alone; newcomers and deaths alone; both in one descriptor.
    int ring_descriptor() const noexcept { return reception_->ring_descriptor(); }
    int control_descriptor() const noexcept { return reception_->control_descriptor(); }
    int descriptor() const noexcept { return reception_->descriptor(); }

    /// Before the first sleep that `process` may have to end: its death is noticed when it happens. Where it can't be
    /// watched, sleeps are bounded by the liveness bound; on a futex they always are.
    void watch(process_id process);

    /// Sleeping: arm(), then look again at the ready set and at every port that turned cold just now, then sleep();
    /// awake again: drain(), disarm(), serve(), look.
    void arm() noexcept;
    void disarm() noexcept;
    bool armed() const noexcept { return armed_; }

    /// Until somebody rings, the time is over (none: for ever), or, `woken` as well, something else is to be looked at.
    os::wait_end sleep(std::optional<std::chrono::steady_clock::time_point> until) noexcept;

    /// The same for a ring of io_uring. Only on a futex, and between arm() and disarm().
    futex_sleep sleep_on() const noexcept;

    /// Whether somebody has rung since arm(): one load.
    bool rung() const noexcept;
    void drain() noexcept {
        if (reception_) reception_->drain();
    }

    /// Ends a sleep, or the next one: what a level-style descriptor owes a user who has not seen all.
    void ring_ourselves() noexcept;

    /// Ends the next sleep after at most this long: where a heavy fence could not be had.
    void look_again_after(std::chrono::nanoseconds time) noexcept;

    /// From now on every sleep ends after the liveness bound: somebody who may have to wake us can't be watched.
    void bound_sleeps() noexcept {
        if (reception_) reception_->bound_sleeps();
    }

    lockfree::bit_tree& ready() noexcept { return ready_; }

    /// Hands the eventfd to newcomers, takes bytes and death notices. On a futex: says once a liveness bound that all is
    /// to be looked at.
    void serve() noexcept;

    /// Counts newcomers, departures and deaths. When it has moved, every port is to be looked at, its
    /// peers included.
    std::uint64_t notices() const noexcept {
        // sync[doorbell.notices] acquire: what was learnt before the count.
        return notices_.load(std::memory_order_acquire);
    }

private:
    using clock = std::chrono::steady_clock;

    atomic<std::uint64_t>& armed_word() const noexcept {
        return memory_.as<layout::doorbell_segment>().armed;
    }
    os::wait_end sleep_on_futex(std::optional<clock::time_point> until) noexcept;
    void look_at(clock::time_point when) noexcept;

    doorbell_place place_;
    doorbell_id id_;
    own_segment memory_;
    lockfree::bit_tree ready_;
    atomic<std::uint64_t> notices_{0};
    std::unique_ptr<reception> reception_;  // none on a futex
    std::mutex mutex_;                      // guards the slots
    std::vector<std::uint32_t> free_slots_;
    std::uint32_t used_slots_ = 0;
    std::uint64_t epoch_ = 0;
    std::uint32_t fork_generation_;
    bool armed_ = false;
    // On a futex: when the next sleep ends at the latest. Several ports may bring it forward.
    atomic<clock::rep> look_at_;
};

}  // namespace elkodon::segment
