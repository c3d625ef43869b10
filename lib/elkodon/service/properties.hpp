// The properties of each pattern: keys, defaults and bounds, in one place.
// Nobody writes them at run time; what a service has of them is written once, by its creator, into its static configuration.
// After a kill -9 nothing of this has changed.
#pragma once

#include <elkodon/layout/publisher_segment.hpp>
#include <elkodon/service/bounds.hpp>
#include <elkodon/service/membership.hpp>
#include <elkodon/service/static_configuration.hpp>

namespace elkodon::service {

namespace key {
inline constexpr std::string_view max_publishers = "max_publishers";
inline constexpr std::string_view max_subscribers = "max_subscribers";
inline constexpr std::string_view buffer_size = "subscriber_max_buffer_size";
inline constexpr std::string_view history_size = "history_size";
inline constexpr std::string_view max_borrowed = "subscriber_max_borrowed_samples";
inline constexpr std::string_view max_loaned = "publisher_max_loaned_samples";
inline constexpr std::string_view safe_overflow = "enable_safe_overflow";
inline constexpr std::string_view stall_timeout = "stall_timeout_ms";
inline constexpr std::string_view timestamps = "timestamps";
inline constexpr std::string_view max_notifiers = "max_notifiers";
inline constexpr std::string_view max_listeners = "max_listeners";
inline constexpr std::string_view event_id_max = "event_id_max_value";
inline constexpr std::string_view max_nodes = "max_nodes";
inline constexpr std::string_view deadline = "deadline_ns";
inline constexpr std::string_view notifier_created = "notifier_created_event";
inline constexpr std::string_view notifier_dropped = "notifier_dropped_event";
inline constexpr std::string_view notifier_dead = "notifier_dead_event";
}  // namespace key

inline property number(std::string_view key, std::uint64_t value, bounds<std::uint64_t> allowed) {
    return {key, value, allowed.least, allowed.most};
}

/// With the defaults that the node is configured with; the built-in ones without a node.
inline std::vector<property> publish_subscribe_properties(const membership* node = nullptr) {
    const auto defaults =
        node ? node->settings().publish_subscribe : configuration::publish_subscribe_settings{};
    return {number(key::max_publishers, defaults.max_publishers, bounds_of_ports),
            number(key::max_subscribers, defaults.max_subscribers, bounds_of_ports),
            number(key::buffer_size, defaults.subscriber_max_buffer_size, bounds_of_samples),
            number(key::history_size, defaults.history_size, bounds_of_history),
            number(key::max_borrowed, defaults.subscriber_max_borrowed_samples, bounds_of_samples),
            number(key::max_loaned, defaults.publisher_max_loaned_samples, bounds_of_samples),
            {key::safe_overflow, defaults.enable_safe_overflow, 0, 1, match::flag},
            {key::stall_timeout, static_cast<std::uint64_t>(defaults.stall_timeout.count()), 0,
             static_cast<std::uint64_t>(bounds_of_timeouts.most.count()), match::exactly},
            {key::timestamps, defaults.timestamps, 0, 1, match::flag}};
}

/// What the layout of a chunk needs to know of a user header.
inline layout::user_header layout_of(const header_details& header) noexcept {
    return {header.name.empty() ? 0 : header.size, header.name.empty() ? 1 : header.alignment};
}

/// What lies before the chunk headers of this service.
inline layout::user_header prefix_of(const static_configuration& configuration) noexcept {
    auto made = layout_of(configuration.type.header);
    made.timed = configuration[key::timestamps] != 0;
    return made;
}

/// Whether subscribers hold their publishers back.
inline bool lossless(const static_configuration& configuration) noexcept {
    return configuration[key::safe_overflow] == 0;
}

/// How many cursors a subscriber's segment has.
inline std::uint64_t cursor_count(const static_configuration& configuration) noexcept {
    return lossless(configuration) ? configuration[key::max_publishers] : 0;
}

/// As publish_subscribe_properties().
inline std::vector<property> event_properties(const membership* node = nullptr) {
    const auto defaults = node ? node->settings().event : configuration::event_settings{};
    constexpr std::uint64_t hundred_years_in_ns = 100ULL * 365 * 24 * 3600 * 1'000'000'000;
    const auto event = [](std::string_view key) {
        return property{key, no_value, bounds_of_event_ids.least, bounds_of_event_ids.most,
                        match::exactly_or_none};
    };
    return {number(key::max_notifiers, defaults.max_notifiers, bounds_of_ports),
            number(key::max_listeners, defaults.max_listeners, bounds_of_ports),
            number(key::max_nodes, defaults.max_nodes, bounds_of_ports),
            number(key::event_id_max, defaults.event_id_max_value, bounds_of_event_ids),
            {key::deadline,
             static_cast<std::uint64_t>(std::chrono::nanoseconds(defaults.deadline).count()), 0,
             hundred_years_in_ns, match::exactly},
            event(key::notifier_created),
            event(key::notifier_dropped),
            event(key::notifier_dead)};
}

}  // namespace elkodon::service
