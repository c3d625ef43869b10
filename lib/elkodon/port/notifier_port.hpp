// A notifier: sets an id in every listener's event set and wakes who sleeps.
// It writes the listeners' event sets and doorbells, with read-modify-writes only.
// After a kill -9 between the two, the listener's notice of it makes the listener look.
#pragma once

#include <elkodon/base/event_id.hpp>
#include <elkodon/layout/event_segments.hpp>
#include <elkodon/port/waker.hpp>

#include <mutex>

namespace elkodon::port {

/// A listener, as a notifier knows it.
struct listener_peer : sleeper {
    segment::foreign_segment event_set;
    lockfree::bit_tree ids;
    bool newcomer = true;  ///< nothing has been rung there yet
    const layout::wake_address& wake_address() const noexcept {
        return memory.as<layout::listener_segment>().wake_at;
    }
};

/// The bits of an event set with `ids` numbers.
lockfree::bit_tree event_bits(layout::event_set_segment& set, std::uint32_t ids) noexcept;

/// Any thread.
class notifier_port {
public:
    notifier_port(std::shared_ptr<service::service_directory> service, event_id default_id);
    ~notifier_port();
    notifier_port(const notifier_port&) = delete;
    notifier_port& operator=(const notifier_port&) = delete;

    port_id id() const noexcept { return id_; }
    event_id default_id() const noexcept { return default_id_; }

    /// Rings `id` at every listener: event_id_out_of_range, forked, or our own failure to map a listener.
    std::error_code notify(event_id id) noexcept;

private:
    std::error_code refresh() noexcept;
    static void set_at(listener_peer& peer, event_id id) noexcept;
    std::unique_ptr<listener_peer> make_peer(segment::foreign_segment memory, std::uint32_t slot);

    std::shared_ptr<service::service_directory> service_;
    port_id id_;
    std::uint32_t fork_generation_;
    event_id default_id_;
    std::uint32_t id_count_;
    std::mutex mutex_;  // guards the waker: notifiers are for any thread
    waker<listener_peer> waker_;
    std::uint32_t slot_ = 0;
    segment::own_segment segment_;
};

}  // namespace elkodon::port
