// The ringing end of an event service.
// It writes its listeners' event sets. After a kill -9 the ids that it had set are still seen.
#pragma once

#include <elkodon/event_id.hpp>
#include <elkodon/port/notifier_port.hpp>

#include <memory>

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

    /// Rings the default id at every listener. Errors as below.
    std::error_code notify() noexcept {
        return port_ ? port_->notify(port_->default_id()) : errc::closed;
    }

    /// Rings `id` at every listener. An id that is set already stays set: a notification is not a count.
    /// closed, forked, event_id_out_of_range, or our own failure to map a listener. Makes no system call
    /// while all listeners are awake.
    std::error_code notify(event_id id) noexcept {
        return port_ ? port_->notify(id) : errc::closed;
    }

private:
    std::unique_ptr<port::notifier_port> port_;
};

}  // namespace elkodon
