// The deadline of an event service: the longest time that may pass without a notification.
// Notifiers write when the last one was, on the control page; listeners compare.
// After a kill -9 between that and the notification a listener hears of the miss one deadline later.
#pragma once

#include <elkodon/service/properties.hpp>
#include <elkodon/service/service_directory.hpp>

#include <algorithm>
#include <chrono>
#include <optional>

namespace elkodon::port {

/// One at a time; of a notifier, under its lock. The time of the last notification is untrusted: one that lies in the
/// future, where no clock of this machine can have been, counts for nothing.
class event_deadline {
    using clock = std::chrono::steady_clock;

public:
    explicit event_deadline(const service::service_directory& service)
        : last_(service.control().last_notified),
          length_(service.configuration()[service::key::deadline]),
          told_(now()) {}

    /// Zero where the service has none.
    std::chrono::nanoseconds length() const noexcept {
        return std::chrono::nanoseconds(static_cast<std::int64_t>(length_));
    }
    explicit operator bool() const noexcept { return length_ != 0; }

    /// Notifier: there is a notification now, before its ids are set. Whether it is late.
    bool renew() noexcept {
        if (!length_) return false;
        const auto time = now();
        // sync[control.last_notified] acquire: another notifier's time.
        auto last = last_.load(std::memory_order_acquire);
        // A notifier that was stopped between clock and exchange must not turn the time back. A few times: who keeps
        // changing it keeps it young as well.
        for (int round = 0; round < 16 && (last < time || last - time > length_); ++round)
            // sync[control.last_notified] release: before the ids; whoever takes one of them sees this time.
            if (last_.compare_exchange_weak(last, time, std::memory_order_release,
                                            std::memory_order_acquire))
                return last < time && time - last > length_;
        return false;
    }

    /// Listener: when the deadline is over, unless somebody notifies until then. Nothing without a deadline.
    std::optional<clock::time_point> due() const noexcept {
        if (!length_) return std::nullopt;
        const auto last = last_notified();
        const auto base = last <= now() ? std::max(told_, last) : told_;
        return clock::time_point(
            std::chrono::nanoseconds(static_cast<std::int64_t>(base + length_)));
    }

    /// Whether it is over.
    bool over() const noexcept { return length_ && clock::now() >= *due(); }

    /// Listener: whether it is over and hasn't been told yet. The next one begins now.
    bool tell() noexcept {
        if (!over()) return false;
        told_ = now();
        return true;
    }

private:
    static std::uint64_t now() noexcept {
        return static_cast<std::uint64_t>(clock::now().time_since_epoch() /
                                          std::chrono::nanoseconds(1));
    }
    // sync[control.last_notified] acquire: the notifier's release.
    std::uint64_t last_notified() const noexcept { return last_.load(std::memory_order_acquire); }

    atomic<std::uint64_t>& last_;
    std::uint64_t length_;
    std::uint64_t told_;
};

}  // namespace elkodon::port
