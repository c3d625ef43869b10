// Our own doorbell: one for each place that waits, whatever the number of its ports.
// The owner arms and looks; wakers mark and ring. The owner's control descriptors (newcomers, bytes, deaths)
// are level-style: what isn't served stays readable.
// After our death the segment and the socket stay until somebody cleans up; wakers ring into the void.
#pragma once

#include <elkodon/base/wait_strategy.hpp>
#include <elkodon/layout/doorbell_segment.hpp>
#include <elkodon/lockfree/bit_tree.hpp>
#include <elkodon/os/poll.hpp>
#include <elkodon/os/socket.hpp>
#include <elkodon/segment/own_segment.hpp>

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_set>
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
};

/// Arming, looking and draining: one at a time. Slots, watching, serving and notices: any thread, since ports of
/// one context look at their peers on threads of their own.
class doorbell {
public:
    explicit doorbell(const doorbell_place& place);
    ~doorbell();
    doorbell(const doorbell&) = delete;
    doorbell& operator=(const doorbell&) = delete;

    doorbell_id id() const noexcept { return id_; }

    /// A free slot for a port, or nothing when max_ports of them wait here.
    std::optional<std::uint32_t> take_slot();
    void free_slot(std::uint32_t slot) noexcept;

    /// The three things to poll: rings alone; newcomers and deaths alone; both in one descriptor.
    int ring_descriptor() const noexcept { return eventfd_.get(); }
    int control_descriptor() const noexcept { return control_.get(); }
    int descriptor() const noexcept { return both_.get(); }

    /// Before the first sleep that `process` may have to end: its death makes the control descriptor
    /// readable. Where it can't be watched, sleeps are bounded by the liveness bound.
    void watch(process_id process);

    /// Sleeping: arm(), then look again at the ready set and at every port that turned cold just now, then
    /// wait; awake again: drain(), disarm(), look.
    void arm() noexcept;
    void disarm() noexcept;
    bool armed() const noexcept { return armed_; }

    /// Whether somebody has rung since arm(): one load.
    bool rung() const noexcept;
    void drain() noexcept { os::drain(eventfd_.get()); }

    /// Makes the descriptor readable: what a level-style descriptor owes a user who has not seen all.
    void ring_ourselves() noexcept { os::ring(eventfd_.get()); }

    /// Ends the next sleep after at most this long: where a heavy fence could not be had.
    void look_again_after(std::chrono::nanoseconds time) noexcept;

    /// From now on every sleep ends after the liveness bound: somebody who may have to wake us can't be watched.
    void bound_sleeps() noexcept;

    lockfree::bit_tree& ready() noexcept { return ready_; }

    /// Serves the control descriptors: hands the eventfd to newcomers, takes bytes and death notices.
    void serve() noexcept;

    /// Counts newcomers, departures and deaths. When it has moved, every port is to be looked at, its
    /// peers included.
    std::uint64_t notices() const noexcept {
        // sync[doorbell.notices] acquire: what was learnt before the count.
        return notices_.load(std::memory_order_acquire);
    }

private:
    struct peer_entry {
        os::fd connection;
        os::fd process;
        process_id watched;
        bool used = false;
    };

    void accept_newcomers() noexcept;
    void admit(os::fd connection) noexcept;
    bool add_peer(os::fd connection, os::fd process, process_id watched) noexcept;
    void serve_peer(std::size_t index, bool process_ended) noexcept;
    void notice() noexcept;
    void bound() noexcept;
    void start_timer(std::chrono::nanoseconds after) noexcept;

    doorbell_place place_;
    doorbell_id id_;
    own_segment memory_;
    lockfree::bit_tree ready_;
    os::fd eventfd_, listener_, timer_, spare_;
    os::poll_set control_, both_;
    std::mutex mutex_;  // guards all that follows but the epoch and armed_
    std::vector<peer_entry> peers_;
    std::unordered_set<process_id> watched_;
    std::vector<std::uint32_t> free_slots_;
    std::uint32_t used_slots_ = 0;
    std::uint64_t epoch_ = 0;
    atomic<std::uint64_t> notices_{0};
    std::uint32_t fork_generation_;
    bool armed_ = false;
    atomic<bool> bounded_{false};
    std::optional<std::chrono::steady_clock::time_point> timer_end_;
};

}  // namespace elkodon::segment
