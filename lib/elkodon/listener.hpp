// The waiting end of an event service.
// Notifiers write its event set; it takes. After a kill -9 its files stay until somebody cleans up.
#pragma once

#include <elkodon/event_id.hpp>
#include <elkodon/port/listener_port.hpp>

#include <chrono>
#include <memory>

namespace elkodon {

/// Move-only; tests false when default-constructed, moved from, or returned beside an error. Keeps its
/// service and node alive. Thread rule: one at a time.
///
/// Ids coalesce: what each wait returns is a set. Five notifications of one id between two waits are one id.
/// Whoever needs a count counts messages of a publish-subscribe service.
class listener {
public:
    listener() noexcept = default;
    explicit listener(std::unique_ptr<port::listener_port> port) noexcept
        : port_(std::move(port)) {}

    explicit operator bool() const noexcept { return port_ != nullptr; }
    port_id id() const noexcept { return port_ ? port_->id() : port_id{}; }

    /// The ids that were rung since the last wait; empty when there are none. Valid until the next wait.
    event_ids try_wait() noexcept { return port_ ? port_->take() : event_ids({}, errc::closed); }

    /// Waits at most `time` for an id. Empty when the time was over.
    template <class Rep, class Period>
    event_ids timed_wait(std::chrono::duration<Rep, Period> time) noexcept {
        return wait(port::deadline_after(time));
    }

    /// Waits until there is an id.
    event_ids blocking_wait() noexcept { return wait({}); }

    /// A descriptor that any loop can poll: readable, level-style, until try_wait() returns nothing. Closed with
    /// the port. Throws `error`: closed, already_attached, or what the system says.
    int native_handle() {
        if (!port_) throw error(errc::closed, "ask a listener for its descriptor");
        return port_->native_handle();
    }

    /// The port behind it, for the loops in async/.
    port::listener_port* untyped() const noexcept { return port_.get(); }

private:
    event_ids wait(port::deadline until) noexcept {
        if (!port_) return event_ids({}, errc::closed);
        std::error_code failure;
        const auto ids = without_throwing(failure, [&] { return port_->wait(until); });
        return failure ? event_ids({}, failure) : ids;
    }

    std::unique_ptr<port::listener_port> port_;
};

}  // namespace elkodon
