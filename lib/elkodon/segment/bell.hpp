// Somebody else's doorbell, as a waker sees it: mark a port, then ring if the owner sleeps.
// All wakers and the owner write the segment. Where its owner has an eventfd, the connection is made before the first
// ring; it wakes an owner that hasn't handed that over yet, and tells him when we die. A futex needs none.
// After our death between mark and ring the owner's notice of it, or his next bounded look, finds the mark.
#pragma once

#include <elkodon/layout/doorbell_segment.hpp>
#include <elkodon/lockfree/bit_tree.hpp>
#include <elkodon/os/socket.hpp>
#include <elkodon/segment/foreign_segment.hpp>

#include <memory>
#include <mutex>

namespace elkodon::segment {

std::string doorbell_name(process_id owner, doorbell_id id);
std::string socket_name(const std::string& name);

/// Any thread. One for each doorbell in a process, shared by all its ports.
class bell {
public:
    /// Maps and connects. Empty when the doorbell has gone or can't be rung, or when the fault is ours: `failure` says
    /// which.
    static std::shared_ptr<bell> open(int doorbells,
                                      process_id owner,
                                      doorbell_id id,
                                      std::error_code& failure);

    bell(int doorbells, std::string name, foreign_segment memory, layout::doorbell_kind kind);

    doorbell_id id() const noexcept { return doorbell_id{memory_.port().value()}; }

    /// Marks the port in `slot`. The caller has published, and fenced fully since.
    void mark(std::uint32_t slot) noexcept { ready_.mark(slot); }

    /// Rings when the owner sleeps: no system call otherwise.
    void ring_if_armed() noexcept;

    /// Connects, if there is a socket and that hasn't succeeded yet: before the first send. Returns our own failure to do
    /// so.
    std::error_code connect() noexcept;

private:
    atomic<std::uint64_t>& armed_word() const noexcept {
        return memory_.as<layout::doorbell_segment>().armed;
    }
    bool ring() noexcept;
    os::connecting connect_locked() noexcept;

    foreign_segment memory_;
    lockfree::bit_tree ready_;
    std::string name_;
    int doorbells_;
    layout::doorbell_kind kind_;
    std::mutex
        mutex_;  // guards connection_ and the moment in which the eventfd arrives; never held while asleep
    os::fd connection_;
    os::fd eventfd_;
    atomic<int> eventfd_number_{-1};
};

/// The ready set of a doorbell.
inline lockfree::bit_tree ready_set_of(layout::doorbell_segment& doorbell) noexcept {
    return {{doorbell.summary, layout::ready_summaries}, {doorbell.leaves, layout::ready_leaves}};
}

}  // namespace elkodon::segment
