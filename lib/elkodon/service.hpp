// Services and how they are set up: a name, a pattern, a type, a quality of service.
// The creator writes the static configuration; ports write the control page.
// After a kill -9 memberships and ports of the dead stay until somebody cleans up.
#pragma once

#include <elkodon/event_service.hpp>
#include <elkodon/publisher.hpp>
#include <elkodon/service/joinable.hpp>
#include <elkodon/service/port_builder.hpp>
#include <elkodon/service/properties.hpp>
#include <elkodon/subscriber.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace elkodon {

/// Makes a publisher. One at a time.
template <class T, class Header = void>
class publisher_builder : public port_builder<publisher_builder<T, Header>, publisher<T, Header>> {
    using base = port_builder<publisher_builder, publisher<T, Header>>;

public:
    explicit publisher_builder(std::shared_ptr<service::service_directory> directory)
        : base(std::move(directory)) {
        if (const auto* defaults = base::defaults()) {
            settings_.when_full = defaults->publish_subscribe.backpressure;
            settings_.initial_max_slice_len = defaults->publish_subscribe.initial_max_slice_len;
            settings_.allocation = defaults->publish_subscribe.allocation_strategy;
        }
    }

    /// What to do when a lossless subscriber is full: as the node is configured, `backpressure::block`, unless set.
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

    /// How many elements each chunk has room for in the beginning: as the node is configured, 1, unless set. Creating throws invalid_value when
    /// that many cannot be.
    publisher_builder& initial_max_slice_len(std::uint64_t elements) noexcept
        requires(!payload<T>::value)
    {
        settings_.initial_max_slice_len = elements;
        return *this;
    }
    /// What becomes of a longer slice: as the node is configured, allocation_strategy::fixed, unless set.
    publisher_builder& allocation_strategy(elkodon::allocation_strategy what) noexcept
        requires(!payload<T>::value)
    {
        settings_.allocation = what;
        return *this;
    }

    /// What to do while a subscriber can't be mapped, for a failure of our own such as no more descriptors: `fail` unless
    /// the handler says otherwise. Ignored, loans go on until one would need a chunk that this
    /// subscriber may hold; then they fail all the same, as every send of a lossless service does.
    publisher_builder& degradation_handler(elkodon::degradation_handler asks) {
        settings_.on_degradation = std::move(asks);
        return *this;
    }

    /// Whether all pages of its memory are mapped at once, so that no message meets a page fault; as the configuration
    /// says unless set.
    publisher_builder& prefault(bool all) noexcept {
        settings_.prefault = all;
        return *this;
    }
    /// Whether to ask for pages of 2 MiB; as the configuration says unless set. A wish: the kernel may leave it out.
    publisher_builder& huge_pages(bool wanted) noexcept {
        settings_.huge_pages = wanted;
        return *this;
    }

    /// What it does before it sleeps while a lossless subscriber is full; as the process' default says unless set.
    publisher_builder& wait_strategy(elkodon::wait_strategy strategy) noexcept {
        settings_.strategy = strategy;
        return *this;
    }

    /// What its memory_size() will be in the beginning, in bytes. Throws what creating it would: closed, invalid_value.
    std::uint64_t memory_size() const {
        if (!base::directory()) throw error(errc::closed, "size a publisher of an empty service");
        return port::memory_size_of(*base::directory(), settings_);
    }

private:
    friend base;
    publisher<T, Header> make(const std::shared_ptr<service::service_directory>& directory) const {
        auto settings = settings_;
        settings.name = base::port_name();
        return publisher<T, Header>(
            std::make_unique<port::publisher_port>(directory, std::move(settings)));
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

    /// How far behind each publisher it may be: 1 to subscriber_max_buffer_size; else creating throws invalid_value.
    /// Lossless: a publisher waits for it as soon as it is that far behind, which publishers know at most
    /// subscriber_max_buffer_size messages after it was created; that size unless set.
    /// With overflow, and for an observer: every look lets go of all but the newest `samples` of each publisher, and
    /// lost() counts what went; with 1 it sees the latest only. Unless set it may take whatever the rings still have,
    /// which is subscriber_max_buffer_size at least.
    subscriber_builder& buffer_size(std::uint64_t samples) noexcept {
        settings_.buffer_size = samples;
        return *this;
    }
    /// How many samples from before its time it receives of each publisher: 0 to history_size, which it is unless set, and
    /// at most buffer_size where that is set; else creating throws invalid_value.
    subscriber_builder& initial_history(std::uint64_t samples) noexcept {
        settings_.initial_history = samples;
        return *this;
    }
    /// It never holds a publisher back, and may lose where others don't.
    subscriber_builder& observer() noexcept {
        settings_.observer = true;
        return *this;
    }

    /// What to do while a publisher can't be mapped, for a failure of our own such as no more descriptors: `fail` unless
    /// the handler says otherwise. Ignored, what that one sends is not received, nor lost, until it can
    /// be mapped. A further pool of longer slices is not asked about: receive() says why.
    subscriber_builder& degradation_handler(elkodon::degradation_handler asks) {
        settings_.on_degradation = std::move(asks);
        return *this;
    }

    /// Whether all pages of its memory are mapped at once, so that no message meets a page fault; as the configuration
    /// says unless set.
    subscriber_builder& prefault(bool all) noexcept {
        settings_.prefault = all;
        return *this;
    }
    /// Whether to ask for pages of 2 MiB; as the configuration says unless set. A wish: the kernel may leave it out.
    subscriber_builder& huge_pages(bool wanted) noexcept {
        settings_.huge_pages = wanted;
        return *this;
    }

    /// What it does before it sleeps in blocking_receive() and timed_receive(); as the process' default says unless set.
    subscriber_builder& wait_strategy(elkodon::wait_strategy strategy) noexcept {
        settings_.strategy = strategy;
        return *this;
    }

private:
    friend base;
    subscriber<T, Header> make(const std::shared_ptr<service::service_directory>& directory) const {
        auto settings = settings_;
        settings.name = base::port_name();
        return subscriber<T, Header>(std::make_unique<port::subscriber_port>(directory, settings));
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

private:
    std::shared_ptr<service::service_directory> directory_;
};

/// Sets up a publish-subscribe service. Values are numbers of samples or ports. One at a time.
template <class T, class Header = void>
class publish_subscribe_builder
    : public joinable<publish_subscribe_builder<T, Header>, publish_subscribe_service<T, Header>> {
    using base = joinable<publish_subscribe_builder, publish_subscribe_service<T, Header>>;
    static_assert(check_payload<T>::passed && check_header<Header>::passed);

public:
    publish_subscribe_builder(const std::shared_ptr<service::membership>& member, std::string name)
        : base(member,
               {std::move(name), service::pattern::publish_subscribe, details_of<T, Header>(),
                service::publish_subscribe_properties(member.get()), payload<T>::bytes}) {}
    publish_subscribe_builder(const std::shared_ptr<service::membership>& member,
                              std::string name,
                              type_details type)
        requires payload<T>::bytes
        : base(member,
               {std::move(name), service::pattern::publish_subscribe, std::move(type),
                service::publish_subscribe_properties(member.get())}) {}

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

    /// Whether every message says when it was sent: sample::sent_at(). False unless set: reading the clock costs more
    /// than sending. Whoever asks when opening has to ask for the same.
    auto& timestamps(bool with) noexcept { return this->with(service::key::timestamps, with); }

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

/// A name that still needs a pattern. Any thread.
class service_name {
public:
    service_name(std::shared_ptr<service::membership> member, std::string name)
        : member_(std::move(member)), name_(std::move(name)) {}

    /// Messages of type T, from many to many; each with a Header where one is named. T[]: slices of any length.
    /// untyped: whatever the service carries, which can be opened, not created.
    template <class T, class Header = void>
    publish_subscribe_builder<T, Header> publish_subscribe() const {
        return {member_, name_};
    }

    /// Messages of a type that is known at run time only. Making the service throws invalid_value, with the allowed
    /// range, when its size or alignment cannot be.
    template <std::same_as<untyped> T>
    publish_subscribe_builder<T> publish_subscribe(type_details type) const {
        return {member_, name_, std::move(type)};
    }

    /// Notifications, from many to many.
    event_builder event() const { return {member_, name_}; }

private:
    std::shared_ptr<service::membership> member_;
    std::string name_;
};

}  // namespace elkodon
