// The waiting end of an event service.
// Notifiers write its event set; it takes. After a kill -9 its files stay until somebody cleans up.
#pragma once

#include <elkodon/event_id.hpp>
#include <elkodon/port/listener_port.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace elkodon {

/// Move-only; tests false when default-constructed, moved from, or returned beside an error. Keeps its
/// service and node alive. Thread rule: one at a time.
///
/// Ids coalesce: what each wait returns is a set. Five notifications of one id between two waits are one id, and a
/// loop that waits five times for them hangs. Whoever needs how many asks a listener that was made `counting()`;
/// whoever needs each of them, messages of a publish-subscribe service.
///
/// Where the service has a deadline, every wait ends when it is over, with errc::deadline_missed and without ids.
class listener {
public:
    listener() noexcept = default;
    explicit listener(std::unique_ptr<port::listener_port> port) noexcept
        : port_(std::move(port)) {}

    explicit operator bool() const noexcept { return port_ != nullptr; }
    port_id id() const noexcept { return port_ ? port_->id() : port_id{}; }
    /// What listener_builder::name() gave it.
    std::string name() const { return port_ ? port_->name() : std::string(); }

    /// The ids that were rung since the last wait; empty when there are none. A set, not a count: wait until it is
    /// empty, never until it has come so-and-so often. Valid until the next wait.
    event_ids try_wait() noexcept { return take(port::how_many::all); }

    /// Waits at most `time` for ids, and takes all that there are. A set, not a count. Empty when the time was over.
    template <class Rep, class Period>
    event_ids timed_wait(std::chrono::duration<Rep, Period> time) noexcept {
        return wait(port::deadline_after(time), port::how_many::all);
    }

    /// Waits until there are ids, and takes all that there are. A set, not a count.
    event_ids blocking_wait() noexcept { return wait({}, port::how_many::all); }

    /// As the three above, but with one id at a time, the lowest first; the others of its set are left to the next
    /// wait of either kind, and come before what was rung in the meantime.
    event_ids try_wait_one() noexcept { return take(port::how_many::one); }
    template <class Rep, class Period>
    event_ids timed_wait_one(std::chrono::duration<Rep, Period> time) noexcept {
        return wait(port::deadline_after(time), port::how_many::one);
    }
    event_ids blocking_wait_one() noexcept { return wait({}, port::how_many::one); }

    /// The service's deadline; zero where it has none.
    std::chrono::nanoseconds deadline() const noexcept {
        return port_ ? port_->deadline_length() : std::chrono::nanoseconds(0);
    }

    /// A descriptor that any loop can poll: readable, level-style, until try_wait() returns nothing, and when the
    /// service's deadline is over. Closed with the port. Throws `error`: closed, already_attached, or what the system says.
    int native_handle() {
        if (!port_) throw error(errc::closed, "ask a listener for its descriptor");
        return port_->native_handle();
    }

    /// The port behind it, for the loops in async/.
    port::listener_port* untyped() const noexcept { return port_.get(); }

private:
    event_ids take(port::how_many many) noexcept {
        return port_ ? port_->take(many) : event_ids({}, errc::closed);
    }
    event_ids wait(port::deadline until, port::how_many many) noexcept {
        if (!port_) return event_ids({}, errc::closed);
        std::error_code failure;
        const auto ids = without_throwing(failure, [&] { return port_->wait(until, many); });
        return failure ? event_ids({}, failure) : ids;
    }

    std::unique_ptr<port::listener_port> port_;
};

}  // namespace elkodon
