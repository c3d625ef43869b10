// Looking at another user's publish-subscribe service, with the right to read it and no other.
// Nothing of anybody is written: see rights.read in config/README.md.
#pragma once

#include <elkodon/port/spectator_port.hpp>
#include <elkodon/service/properties.hpp>
#include <elkodon/shareable.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>

namespace elkodon {

/// Receives copies of a service's messages without taking part in it: the service doesn't know of it, keeps nothing for
/// it and doesn't end with it; it may lose what comes faster than it looks. It can wake nobody and be woken by nobody,
/// so it waits by looking every millisecond. T: a value, not a slice. Move-only; one at a time.
///
///     auto config = elkodon::configuration::load();
///     config.root = "/dev/shm/elkodon-of-the-robot";
///     auto poses  = elkodon::spectator<pose>::open("pose", config);
///     while (auto seen = poses.timed_receive(1s)) use(*seen);
template <class T, class Header = void>
class spectator {
    static_assert(payload<T>::value,
                  "a spectator copies values: slices and untyped messages need a subscriber");

public:
    spectator() noexcept = default;

    /// Throws service_not_found, permission_denied where we may not read, incompatible_type, incompatible_layout, and
    /// what the system says.
    static spectator open(const std::string& service,
                          const configuration& config = configuration::load()) {
        spectator made;
        made.port_ = std::make_unique<port::spectator_port>(
            config, service::static_configuration{service, messaging_pattern::publish_subscribe,
                                                  details_of<T, Header>(),
                                                  service::publish_subscribe_properties()});
        return made;
    }
    static spectator open(const std::string& service,
                          const configuration& config,
                          std::error_code& ec) noexcept {
        return without_throwing(ec, [&] { return open(service, config); });
    }

    explicit operator bool() const noexcept { return port_ != nullptr; }

    /// A copy of the next message of any publisher; nothing when none is there.
    std::optional<T> receive() noexcept {
        alignas(T) std::byte bytes[sizeof(T)];
        if (!port_ || !port_->receive(bytes)) return std::nullopt;
        return *reinterpret_cast<const T*>(bytes);
    }

    /// The same, looking every millisecond until `time` is over.
    template <class Rep, class Period>
    std::optional<T> timed_receive(std::chrono::duration<Rep, Period> time) noexcept {
        const auto until = std::chrono::steady_clock::now() + time;
        for (;;) {
            if (auto seen = receive()) return seen;
            if (!port_ || std::chrono::steady_clock::now() >= until) return std::nullopt;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }

    /// Messages that were overwritten before they were copied. Only grows.
    std::uint64_t lost() const noexcept { return port_ ? port_->lost() : 0; }

private:
    std::unique_ptr<port::spectator_port> port_;
};

}  // namespace elkodon
