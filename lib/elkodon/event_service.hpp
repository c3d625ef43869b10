// Event services and how they are set up, with their notifiers and listeners.
// The creator writes the static configuration; ports write the control page.
// After a kill -9 memberships and ports of the dead stay until somebody cleans up.
#pragma once

#include <elkodon/listener.hpp>
#include <elkodon/notifier.hpp>
#include <elkodon/service/joinable.hpp>
#include <elkodon/service/port_builder.hpp>
#include <elkodon/service/properties.hpp>

#include <memory>
#include <string>
#include <vector>

namespace elkodon {

/// Makes a notifier. One at a time.
class notifier_builder : public port_builder<notifier_builder, notifier> {
public:
    explicit notifier_builder(std::shared_ptr<service::service_directory> directory) noexcept
        : port_builder(std::move(directory)) {}

    /// What `notify()` without an id rings. Creating throws event_id_out_of_range when it can't be.
    notifier_builder& default_event_id(event_id id) noexcept {
        default_id_ = id;
        return *this;
    }

private:
    friend port_builder;
    notifier make(const std::shared_ptr<service::service_directory>& directory) const {
        return notifier(std::make_unique<port::notifier_port>(directory, default_id_));
    }

    event_id default_id_;
};

/// Makes a listener. One at a time.
class listener_builder : public port_builder<listener_builder, listener> {
public:
    explicit listener_builder(std::shared_ptr<service::service_directory> directory) noexcept
        : port_builder(std::move(directory)) {}

private:
    friend port_builder;
    static listener make(const std::shared_ptr<service::service_directory>& directory) {
        return listener(std::make_unique<port::listener_port>(directory));
    }
};

/// An event service that this process has open. As publish_subscribe_service.
class event_service {
public:
    event_service() noexcept = default;
    explicit event_service(std::shared_ptr<service::service_directory> directory) noexcept
        : directory_(std::move(directory)) {}

    explicit operator bool() const noexcept { return directory_ != nullptr; }

    /// What makes a notifier: `event.notifier().create()`.
    notifier_builder notifier() const { return notifier_builder(directory_); }
    /// What makes a listener: `event.listener().create()`.
    listener_builder listener() const { return listener_builder(directory_); }

    /// What the creator said about it, in his order.
    std::vector<attribute> attributes() const {
        return directory_ ? directory_->configuration().attributes : std::vector<attribute>();
    }
    /// As it was asked for; empty without a service.
    std::string name() const {
        return directory_ ? directory_->configuration().name : std::string();
    }

private:
    std::shared_ptr<service::service_directory> directory_;
};

/// Sets up an event service. One at a time.
class event_builder : public joinable<event_builder, event_service> {
public:
    event_builder(const std::shared_ptr<service::membership>& member, std::string name)
        : joinable(member,
                   {std::move(name), service::pattern::event, type_details{},
                    service::event_properties(member.get())}) {}

    /// How many notifiers, and how many listeners, there may be at once.
    auto& max_notifiers(std::uint64_t ports) noexcept {
        return with(service::key::max_notifiers, ports);
    }
    auto& max_listeners(std::uint64_t ports) noexcept {
        return with(service::key::max_listeners, ports);
    }

    /// The largest id that may be rung.
    auto& event_id_max_value(std::uint64_t id) noexcept {
        return with(service::key::event_id_max, id);
    }

private:
    event_builder& with(std::string_view key, std::uint64_t value) noexcept {
        ask(key, value);
        return *this;
    }
};

}  // namespace elkodon
