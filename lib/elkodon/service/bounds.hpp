// What the numbers of configuration and properties may be, in one place.
// Constants; nobody writes them.
#pragma once

#include <elkodon/layout/constants.hpp>
#include <elkodon/layout/event_segments.hpp>

#include <chrono>
#include <cstdint>

namespace elkodon::service {

/// Both ends belong to it.
template <class Number>
struct bounds {
    Number least, most;
};

inline constexpr std::chrono::milliseconds hundred_years = std::chrono::hours(24) * 365 * 100;

inline constexpr bounds<std::uint64_t> bounds_of_ports{1, layout::max_ports};
inline constexpr bounds<std::uint64_t> bounds_of_samples{1, 1U << 20};
inline constexpr bounds<std::uint64_t> bounds_of_history{0, 1U << 20};
inline constexpr bounds<std::uint64_t> bounds_of_event_ids{0, layout::max_event_ids - 1};
inline constexpr bounds<std::uint64_t> bounds_of_elements{1, ~std::uint32_t{0}};
inline constexpr bounds<std::chrono::milliseconds> bounds_of_waits{std::chrono::milliseconds(1),
                                                                   hundred_years};
inline constexpr bounds<std::chrono::milliseconds> bounds_of_timeouts{std::chrono::milliseconds(0),
                                                                      hundred_years};

}  // namespace elkodon::service
