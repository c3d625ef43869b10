// A notifier: sets an id in every listener's event set and wakes who sleeps.
// It writes the listeners' event sets and doorbells, with read-modify-writes only.
// After a kill -9 between the two, the listener's notice of it makes the listener look.
#pragma once

#include <elkodon/base/event_id.hpp>
#include <elkodon/lockfree/event_set.hpp>
#include <elkodon/port/event_deadline.hpp>
#include <elkodon/port/waker.hpp>

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace elkodon::port {

/// A listener, as a notifier knows it.
struct listener_peer : sleeper {
    segment::foreign_segment event_set;
    lockfree::event_set ids;
    bool newcomer = true;  ///< nothing has been rung there yet
    const layout::wake_address& wake_address() const noexcept {
        return memory.as<layout::listener_segment>().wake_at;
    }
};

/// What a notifier is made with.
struct notifier_settings {
    event_id default_id;
    bool skips_own_node = false;  ///< rings no listener that its node made
    std::string name;             ///< for people
};

/// Any thread.
class notifier_port {
public:
    notifier_port(std::shared_ptr<service::service_directory> service,
                  const notifier_settings& settings);
    ~notifier_port();
    notifier_port(const notifier_port&) = delete;
    notifier_port& operator=(const notifier_port&) = delete;

    port_id id() const noexcept { return id_; }
    std::string name() const { return segment_.name(); }
    event_id default_id() const noexcept { return settings_.default_id; }
    std::chrono::nanoseconds deadline() const noexcept { return deadline_.length(); }

    /// Rings `id` at every listener: event_id_out_of_range, forked, our own failure to map a listener, or
    /// deadline_missed: rung, but late.
    std::error_code notify(event_id id) noexcept;

    /// Rings `id` at one listener: the same, or listener_not_found.
    std::error_code notify_one(port_id listener, event_id id) noexcept;

    /// The listeners that there are. Throws forked, or our own failure to map one.
    std::vector<port_id> listeners();

private:
    void ring_if_set(std::string_view key) noexcept;
    static bool there(const listener_peer& peer) noexcept;
    listener_peer* find(port_id listener) noexcept;
    bool concerns(const listener_peer& peer) const noexcept;
    std::error_code refresh() noexcept;
    void set_at(listener_peer& peer, event_id id) noexcept;
    std::unique_ptr<listener_peer> make_peer(segment::foreign_segment memory, std::uint32_t slot);

    std::shared_ptr<service::service_directory> service_;
    port_id id_;
    std::uint32_t fork_generation_;
    notifier_settings settings_;
    std::uint32_t id_count_;
    std::mutex mutex_;  // guards deadline and waker: notifiers are for any thread
    event_deadline deadline_;
    waker<listener_peer> waker_;
    std::uint32_t slot_ = 0;
    segment::own_segment segment_;
};

}  // namespace elkodon::port
