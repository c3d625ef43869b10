// Services and how they are set up: a name, a pattern, a type, a quality of service.
// The creator writes the static configuration; ports write the control page.
// After a kill -9 memberships and ports of the dead stay until somebody cleans up.
#pragma once

#include <elkodon/listener.hpp>
#include <elkodon/notifier.hpp>
#include <elkodon/publisher.hpp>
#include <elkodon/service/properties.hpp>
#include <elkodon/service/service_directory.hpp>
#include <elkodon/subscriber.hpp>

#include <bit>
#include <chrono>
#include <memory>
#include <string>

namespace elkodon {

/// How a port is made: `create()` throws `error`, `create(ec)` doesn't.
template <class Builder, class Port>
class port_builder {
public:
    /// Throws: port_limit_reached, out_of_space, invalid_value, closed, forked, and what the system says. Any thread.
    Port create() const {
        if (!directory_) throw error(errc::closed, "create a port of an empty service");
        return static_cast<const Builder*>(this)->make(directory_);
    }
    Port create(std::error_code& ec) const noexcept {
        return without_throwing(ec, [&] { return create(); });
    }

protected:
    explicit port_builder(std::shared_ptr<service::service_directory> directory) noexcept
        : directory_(std::move(directory)) {}

private:
    std::shared_ptr<service::service_directory> directory_;
};

/// Makes a publisher. One at a time.
template <class T, class Header = void>
class publisher_builder : public port_builder<publisher_builder<T, Header>, publisher<T, Header>> {
    using base = port_builder<publisher_builder, publisher<T, Header>>;

public:
    explicit publisher_builder(std::shared_ptr<service::service_directory> directory) noexcept
        : base(std::move(directory)) {}

    /// What to do when a lossless subscriber is full: `backpressure::block` unless set.
    publisher_builder& backpressure(elkodon::backpressure what) {
        settings_.when_full = what;
        settings_.asks = nullptr;
        return *this;
    }
    /// The same, asked each time; see backpressure_handler. It must not throw.
    publisher_builder& backpressure(backpressure_handler asks) {
        settings_.asks = std::move(asks);
        return *this;
    }

    /// How many elements each chunk has room for in the beginning: 1 unless set. Creating throws invalid_value when
    /// that many cannot be.
    publisher_builder& initial_max_slice_len(std::uint64_t elements) noexcept
        requires(!payload<T>::value)
    {
        settings_.initial_max_slice_len = elements;
        return *this;
    }
    /// What becomes of a longer slice: allocation_strategy::fixed unless set.
    publisher_builder& allocation_strategy(elkodon::allocation_strategy what) noexcept
        requires(!payload<T>::value)
    {
        settings_.allocation = what;
        return *this;
    }

private:
    friend base;
    publisher<T, Header> make(const std::shared_ptr<service::service_directory>& directory) const {
        return publisher<T, Header>(std::make_unique<port::publisher_port>(directory, settings_));
    }

    port::publisher_settings settings_;
};

/// Makes a subscriber. One at a time.
template <class T, class Header = void>
class subscriber_builder
    : public port_builder<subscriber_builder<T, Header>, subscriber<T, Header>> {
    using base = port_builder<subscriber_builder, subscriber<T, Header>>;

public:
    explicit subscriber_builder(std::shared_ptr<service::service_directory> directory) noexcept
        : base(std::move(directory)) {}

    /// How far behind it may be: 1 to subscriber_max_buffer_size, which it is unless set.
    subscriber_builder& buffer_size(std::uint64_t samples) noexcept {
        settings_.buffer_size = samples;
        return *this;
    }
    /// It never holds a publisher back, and may lose where others don't.
    subscriber_builder& observer() noexcept {
        settings_.observer = true;
        return *this;
    }

private:
    friend base;
    subscriber<T, Header> make(const std::shared_ptr<service::service_directory>& directory) const {
        return subscriber<T, Header>(std::make_unique<port::subscriber_port>(directory, settings_));
    }

    port::subscriber_settings settings_;
};

/// A publish-subscribe service that this process has open. Copyable; tests false when default-constructed
/// or returned beside an error. Any thread.
template <class T, class Header = void>
class publish_subscribe_service {
public:
    publish_subscribe_service() noexcept = default;
    explicit publish_subscribe_service(std::shared_ptr<service::service_directory> directory) noexcept
        : directory_(std::move(directory)) {}

    explicit operator bool() const noexcept { return directory_ != nullptr; }

    /// What makes a publisher: `service.publisher().create()`.
    publisher_builder<T, Header> publisher() const {
        return publisher_builder<T, Header>(directory_);
    }
    /// What makes a subscriber: `service.subscriber().create()`.
    subscriber_builder<T, Header> subscriber() const {
        return subscriber_builder<T, Header>(directory_);
    }

    /// What the service carries, as its creator stored it.
    type_details type() const {
        return directory_ ? directory_->configuration().type : type_details{};
    }

private:
    std::shared_ptr<service::service_directory> directory_;
};

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

private:
    std::shared_ptr<service::service_directory> directory_;
};

/// The three ways to have a service, each with its non-throwing overload. One at a time.
template <class Service>
class joinable {
public:
    /// Makes the service; service_exists when somebody has it open.
    Service create() const { return join(service::joining::create); }
    Service create(std::error_code& ec) const noexcept {
        return without_throwing(ec, [&] { return create(); });
    }

    /// Opens what is there; service_not_found, incompatible_type or incompatible_property otherwise. Only
    /// properties that were set are compared: the service must offer at least as much.
    Service open() const { return join(service::joining::open); }
    Service open(std::error_code& ec) const noexcept {
        return without_throwing(ec, [&] { return open(); });
    }

    /// Opens, or makes when nobody has it open.
    Service open_or_create() const { return join(service::joining::open_or_create); }
    Service open_or_create(std::error_code& ec) const noexcept {
        return without_throwing(ec, [&] { return open_or_create(); });
    }

protected:
    joinable(std::shared_ptr<service::presence> process, service::static_configuration wanted)
        : process_(std::move(process)), wanted_(std::move(wanted)) {}

    void ask(std::string_view key, std::uint64_t value) noexcept { wanted_.ask(key, value); }

    // A wrong one is left to be found when the service is made: no less than the type's own, and no right one.
    void align(std::uint64_t bytes) noexcept {
        auto& now = wanted_.type.alignment;
        if (bytes > now || !std::has_single_bit(bytes)) now = bytes;
    }

private:
    Service join(service::joining how) const {
        if (!process_) throw error(errc::closed, "join a service through an empty node");
        return Service(service::service_directory::join(process_, wanted_, how));
    }

    std::shared_ptr<service::presence> process_;
    service::static_configuration wanted_;
};

/// Sets up a publish-subscribe service. Values are numbers of samples or ports. One at a time.
template <class T, class Header = void>
class publish_subscribe_builder : public joinable<publish_subscribe_service<T, Header>> {
    using base = joinable<publish_subscribe_service<T, Header>>;
    static_assert(check_payload<T>::passed && check_header<Header>::passed);

public:
    publish_subscribe_builder(std::shared_ptr<service::presence> process, std::string name)
        : base(std::move(process),
               {std::move(name), service::pattern::publish_subscribe, details_of<T, Header>(),
                service::publish_subscribe_properties(), payload<T>::bytes}) {}
    publish_subscribe_builder(std::shared_ptr<service::presence> process,
                              std::string name,
                              type_details type)
        requires payload<T>::bytes
        : base(std::move(process),
               {std::move(name), service::pattern::publish_subscribe, std::move(type),
                service::publish_subscribe_properties()}) {}

    /// How many publishers, and how many subscribers, there may be at once.
    auto& max_publishers(std::uint64_t ports) noexcept {
        return with(service::key::max_publishers, ports);
    }
    auto& max_subscribers(std::uint64_t ports) noexcept {
        return with(service::key::max_subscribers, ports);
    }

    /// How many of the newest samples a subscriber that falls behind is sure to keep.
    auto& subscriber_max_buffer_size(std::uint64_t samples) noexcept {
        return with(service::key::buffer_size, samples);
    }

    /// How many samples from before its time a late joiner receives.
    auto& history_size(std::uint64_t samples) noexcept {
        return with(service::key::history_size, samples);
    }

    /// How many samples a subscriber may hold at once.
    auto& subscriber_max_borrowed_samples(std::uint64_t samples) noexcept {
        return with(service::key::max_borrowed, samples);
    }

    /// True, as it is unless set: the publisher never waits, and who falls behind loses its oldest. False: lossless,
    /// every subscriber but observers holds the publishers back; see publisher_builder::backpressure().
    auto& enable_safe_overflow(bool overflow) noexcept {
        return with(service::key::safe_overflow, overflow);
    }

    /// Lossless: a subscriber that is full and takes nothing for that long holds nobody back any more, loses, and is told
    /// so by errc::evicted. Zero, as it is unless set: never. Rounded up to milliseconds.
    template <class Rep, class Period>
    auto& stall_timeout(std::chrono::duration<Rep, Period> time) noexcept {
        const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(time).count();
        return with(service::key::stall_timeout, static_cast<std::uint64_t>(milliseconds));
    }

    /// How many loans a publisher may have out at once.
    auto& publisher_max_loaned_samples(std::uint64_t samples) noexcept {
        return with(service::key::max_loaned, samples);
    }

    /// Each payload begins at a multiple of `bytes`, where that is more than its type's own alignment. A power of two
    /// up to a page. Part of the type: whoever opens the service asks for the same.
    auto& payload_alignment(std::uint64_t bytes) noexcept {
        base::align(bytes);
        return *this;
    }

private:
    publish_subscribe_builder& with(std::string_view key, std::uint64_t value) noexcept {
        base::ask(key, value);
        return *this;
    }
};

/// Sets up an event service. One at a time.
class event_builder : public joinable<event_service> {
public:
    event_builder(std::shared_ptr<service::presence> process, std::string name)
        : joinable(std::move(process),
                   {std::move(name), service::pattern::event, type_details{},
                    service::event_properties()}) {}

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

/// A name that still needs a pattern. Any thread.
class service_name {
public:
    service_name(std::shared_ptr<service::presence> process, std::string name)
        : process_(std::move(process)), name_(std::move(name)) {}

    /// Messages of type T, from many to many; each with a Header where one is named. T[]: slices of any length.
    /// untyped: whatever the service carries, which can be opened, not created.
    template <class T, class Header = void>
    publish_subscribe_builder<T, Header> publish_subscribe() const {
        return {process_, name_};
    }

    /// Messages of a type that is known at run time only. Making the service throws invalid_value, with the allowed
    /// range, when its size or alignment cannot be.
    template <std::same_as<untyped> T>
    publish_subscribe_builder<T> publish_subscribe(type_details type) const {
        return {process_, name_, std::move(type)};
    }

    /// Notifications, from many to many.
    event_builder event() const { return {process_, name_}; }

private:
    std::shared_ptr<service::presence> process_;
    std::string name_;
};

}  // namespace elkodon
