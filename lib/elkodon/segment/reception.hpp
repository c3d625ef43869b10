// The part of a doorbell that has descriptors: an eventfd that is handed to newcomers, their connections, and the deaths
// of whom we watch. All are level-style: what isn't served stays readable.
// Only the doorbell's owner writes it; wakers hold the eventfd and write that, or a byte on their connection.
// After our death the socket's name stays until somebody cleans up.
#pragma once

#include <elkodon/base/atomic.hpp>
#include <elkodon/base/ids.hpp>
#include <elkodon/os/poll.hpp>
#include <elkodon/os/socket.hpp>

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace elkodon::segment {

struct doorbell_place;

/// Any thread, but for drain().
class reception {
public:
    /// Listens at the socket of the doorbell called `name`. Adds to `notices` whenever somebody came, went or died.
    reception(const doorbell_place& place, const std::string& name, atomic<std::uint64_t>& notices);
    ~reception();
    reception(const reception&) = delete;
    reception& operator=(const reception&) = delete;

    int ring_descriptor() const noexcept { return eventfd_.get(); }
    int control_descriptor() const noexcept { return control_.get(); }
    int descriptor() const noexcept { return both_.get(); }

    void ring() noexcept { os::ring(eventfd_.get()); }
    void drain() noexcept { os::drain(eventfd_.get()); }

    /// See doorbell.
    void watch(process_id process);
    void look_again_after(std::chrono::nanoseconds time) noexcept;
    void bound_sleeps() noexcept;
    void serve() noexcept;

    /// Before a sleep: starts the timer, where sleeps are bounded.
    void bound_this_sleep() noexcept {
        // relaxed: whoever bounds sleeps starts the timer for the one that has begun.
        if (bounded_.load(std::memory_order_relaxed)) look_again_after(liveness_bound_);
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

    int doorbells_, processes_;  // directories, which the doorbell's place keeps open
    process_id process_;
    std::string name_;
    std::chrono::milliseconds liveness_bound_;
    std::uint32_t fork_generation_;
    atomic<std::uint64_t>& notices_;
    os::fd eventfd_, listener_, timer_, spare_;
    os::poll_set control_, both_;
    std::mutex mutex_;  // guards all that follows
    std::vector<peer_entry> peers_;
    std::unordered_set<process_id> watched_;
    atomic<bool> bounded_;
    std::optional<std::chrono::steady_clock::time_point> timer_end_;
};

}  // namespace elkodon::segment
