// The properties of each pattern: keys, defaults and bounds, in one place.
// Nobody writes them at run time.
#pragma once

#include <elkodon/layout/constants.hpp>
#include <elkodon/layout/event_segments.hpp>
#include <elkodon/layout/publisher_segment.hpp>
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
inline constexpr std::string_view max_notifiers = "max_notifiers";
inline constexpr std::string_view max_listeners = "max_listeners";
inline constexpr std::string_view event_id_max = "event_id_max_value";
}  // namespace key

inline std::vector<property> publish_subscribe_properties() {
    constexpr std::uint64_t hundred_years_in_ms = 100ULL * 365 * 24 * 3600 * 1000;
    constexpr std::uint64_t ports = layout::max_ports;
    constexpr std::uint64_t samples = 1U << 20;
    return {{key::max_publishers, 8, 1, ports},
            {key::max_subscribers, 8, 1, ports},
            {key::buffer_size, 8, 1, samples},
            {key::history_size, 0, 0, samples},
            {key::max_borrowed, 2, 1, samples},
            {key::max_loaned, 2, 1, samples},
            {key::safe_overflow, 1, 0, 1, match::flag},
            {key::stall_timeout, 0, 0, hundred_years_in_ms, match::exactly}};
}

/// What the layout of a chunk needs to know of a user header.
inline layout::user_header layout_of(const header_details& header) noexcept {
    return {header.name.empty() ? 0 : header.size, header.name.empty() ? 1 : header.alignment};
}

/// Whether subscribers hold their publishers back.
inline bool lossless(const static_configuration& configuration) noexcept {
    return configuration[key::safe_overflow] == 0;
}

/// How many cursors a subscriber's segment has.
inline std::uint64_t cursor_count(const static_configuration& configuration) noexcept {
    return lossless(configuration) ? configuration[key::max_publishers] : 0;
}

inline std::vector<property> event_properties() {
    constexpr std::uint64_t ports = layout::max_ports;
    return {{key::max_notifiers, 16, 1, ports},
            {key::max_listeners, 16, 1, ports},
            {key::event_id_max, 255, 0, layout::max_event_ids - 1}};
}

}  // namespace elkodon::service
