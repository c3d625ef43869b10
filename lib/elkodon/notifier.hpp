// The ringing end of an event service.
// It writes its listeners' event sets. After a kill -9 the ids that it had set are still seen.
#pragma once

#include <elkodon/event_id.hpp>
#include <elkodon/port/notifier_port.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace elkodon {

/// Move-only; tests false when default-constructed, moved from, or returned beside an error. Keeps its
/// service and node alive. Thread rule: any thread.
class notifier {
public:
    notifier() noexcept = default;
    explicit notifier(std::unique_ptr<port::notifier_port> port) noexcept
        : port_(std::move(port)) {}

    explicit operator bool() const noexcept { return port_ != nullptr; }
    port_id id() const noexcept { return port_ ? port_->id() : port_id{}; }
    /// What notifier_builder::name() gave it.
    std::string name() const { return port_ ? port_->name() : std::string(); }

    /// Rings the default id at every listener. Errors as below.
    std::error_code notify() noexcept {
        return port_ ? port_->notify(port_->default_id()) : errc::closed;
    }

    /// Rings `id` at every listener. Ids coalesce: one that is set already stays set, and a listener that was away for
    /// five notifications sees it once. Who needs every single one sends messages, or asks a listener that counts.
    ///
    /// closed, forked, event_id_out_of_range, or our own failure to map a listener. deadline_missed: the listeners were
    /// rung, but since the last notification of anybody more time had passed than the service's deadline allows.
    /// Makes no system call while all listeners are awake.
    std::error_code notify(event_id id) noexcept {
        return port_ ? port_->notify(id) : errc::closed;
    }

    /// The same at one listener alone, by its `listener::id()`. listener_not_found when it has ended.
    std::error_code notify_one(port_id listener) noexcept {
        return port_ ? port_->notify_one(listener, port_->default_id()) : errc::closed;
    }
    std::error_code notify_one(port_id listener, event_id id) noexcept {
        return port_ ? port_->notify_one(listener, id) : errc::closed;
    }

    /// The listeners that the service has, for notify_one(). Throws `error`: closed, forked, or our own failure to map
    /// one.
    std::vector<port_id> listeners() const {
        if (!port_) throw error(errc::closed, "ask an empty notifier for its listeners");
        return port_->listeners();
    }
    std::vector<port_id> listeners(std::error_code& ec) const noexcept {
        return without_throwing(ec, [&] { return listeners(); });
    }

    /// The service's deadline; zero where it has none.
    std::chrono::nanoseconds deadline() const noexcept {
        return port_ ? port_->deadline() : std::chrono::nanoseconds(0);
    }

private:
    std::unique_ptr<port::notifier_port> port_;
};

}  // namespace elkodon
