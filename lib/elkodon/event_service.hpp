// Event services and how they are set up, with their notifiers and listeners.
// The creator writes the static configuration; ports write the control page.
// After a kill -9 memberships and ports of the dead stay until somebody cleans up.
#pragma once

#include <elkodon/listener.hpp>
#include <elkodon/notifier.hpp>
#include <elkodon/service/joinable.hpp>
#include <elkodon/service/port_builder.hpp>
#include <elkodon/service/properties.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <optional>
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
        settings_.default_id = id;
        return *this;
    }
    /// It rings no listener that its own node has made.
    notifier_builder& skip_own_node() noexcept {
        settings_.skips_own_node = true;
        return *this;
    }

private:
    friend port_builder;
    notifier make(const std::shared_ptr<service::service_directory>& directory) const {
        auto settings = settings_;
        settings.name = port_name();
        return notifier(std::make_unique<port::notifier_port>(directory, settings));
    }

    port::notifier_settings settings_;
};

/// Makes a listener. One at a time.
class listener_builder : public port_builder<listener_builder, listener> {
public:
    explicit listener_builder(std::shared_ptr<service::service_directory> directory) noexcept
        : port_builder(std::move(directory)) {}

    /// It knows how often each id was rung: `event_ids::count()`. Four more bytes for each id up to event_id_max_value.
    listener_builder& counting() noexcept {
        settings_.counting = true;
        return *this;
    }

    /// What it does before it sleeps in blocking_wait() and timed_wait(); as the process' default says unless set.
    listener_builder& wait_strategy(elkodon::wait_strategy strategy) noexcept {
        settings_.strategy = strategy;
        return *this;
    }

private:
    friend port_builder;
    listener make(const std::shared_ptr<service::service_directory>& directory) const {
        auto settings = settings_;
        settings.name = port_name();
        return listener(std::make_unique<port::listener_port>(directory, settings));
    }

    port::listener_settings settings_;
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

    /// What the service promises, by the names that its builder's settings have in service.toml; true is 1.
    std::map<std::string, std::uint64_t> properties() const {
        return directory_ ? directory_->configuration().values()
                          : std::map<std::string, std::uint64_t>();
    }
    /// What the creator said about it, in his order.
    std::vector<attribute> attributes() const {
        return directory_ ? directory_->configuration().attributes : std::vector<attribute>();
    }
    /// As it was asked for; empty without a service.
    std::string name() const {
        return directory_ ? directory_->configuration().name : std::string();
    }

    /// What its creator chose; zero and nothing of an empty one.
    std::uint64_t max_notifiers() const noexcept { return get(service::key::max_notifiers); }
    std::uint64_t max_listeners() const noexcept { return get(service::key::max_listeners); }
    std::uint64_t max_nodes() const noexcept { return get(service::key::max_nodes); }
    std::uint64_t event_id_max_value() const noexcept { return get(service::key::event_id_max); }
    /// Zero: none.
    std::chrono::nanoseconds deadline() const noexcept {
        return std::chrono::nanoseconds(static_cast<std::int64_t>(get(service::key::deadline)));
    }
    std::optional<event_id> notifier_created_event() const noexcept {
        return get_id(service::key::notifier_created);
    }
    std::optional<event_id> notifier_dropped_event() const noexcept {
        return get_id(service::key::notifier_dropped);
    }
    std::optional<event_id> notifier_dead_event() const noexcept {
        return get_id(service::key::notifier_dead);
    }

private:
    std::uint64_t get(std::string_view key) const noexcept {
        return directory_ ? directory_->configuration()[key] : 0;
    }
    std::optional<event_id> get_id(std::string_view key) const noexcept {
        if (!directory_ || get(key) == service::no_value) return std::nullopt;
        return event_id(get(key));
    }

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

    /// How many nodes may have the service open at once; joining throws node_limit_reached then.
    auto& max_nodes(std::uint64_t nodes) noexcept { return with(service::key::max_nodes, nodes); }

    /// The largest id that may be rung.
    auto& event_id_max_value(std::uint64_t id) noexcept {
        return with(service::key::event_id_max, id);
    }

    /// The longest time that may pass without a notification, whoever it is from. Then every listener's wait ends with
    /// errc::deadline_missed, and the next notify() says so too. Zero, as it is unless set: none.
    template <class Rep, class Period>
    auto& deadline(std::chrono::duration<Rep, Period> time) noexcept {
        return with(service::key::deadline, in_nanoseconds(time));
    }

    /// The id that every notifier rings when it was created, and when it ends in an orderly way; and the one that is
    /// rung when a notifier was killed, by whoever cleans up after it, once. None unless set; std::nullopt asks for
    /// none. Making the service throws event_id_out_of_range for one above event_id_max_value.
    auto& notifier_created_event(std::optional<event_id> id) noexcept {
        return with(service::key::notifier_created, value_of(id));
    }
    auto& notifier_dropped_event(std::optional<event_id> id) noexcept {
        return with(service::key::notifier_dropped, value_of(id));
    }
    auto& notifier_dead_event(std::optional<event_id> id) noexcept {
        return with(service::key::notifier_dead, value_of(id));
    }

private:
    static std::uint64_t value_of(std::optional<event_id> id) noexcept {
        // The largest number stands for none; the one before it is out of every range, too.
        return id ? std::min(id->value(), service::no_value - 1) : service::no_value;
    }

    // What can't be, a time below zero among it, is a number that making the service refuses.
    template <class Rep, class Period>
    static std::uint64_t in_nanoseconds(std::chrono::duration<Rep, Period> time) noexcept {
        using exact = std::chrono::duration<long double, std::nano>;
        const auto count = std::ceil(exact(time).count());
        return count >= 0 && count < 0x1p63L ? static_cast<std::uint64_t>(count)
                                             : service::no_value;
    }

    event_builder& with(std::string_view key, std::uint64_t value) noexcept {
        ask(key, value);
        return *this;
    }
};

}  // namespace elkodon
