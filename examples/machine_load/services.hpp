// The two services that the programs of this demo meet on: their names and settings, in one place.
#pragma once

#include "reading.hpp"

#include <elkodon/elkodon.hpp>

#include <cstdint>

namespace machine_load {

inline constexpr std::uint64_t max_event_id = 4095;

inline auto open_readings(const elkodon::node& node) {
    return node.service("machine/load")
        .publish_subscribe<reading>()
        .max_publishers(2)
        .max_subscribers(8)
        .history_size(50)  // five seconds: a late server starts with full plots
        .subscriber_max_buffer_size(64)
        .open_or_create();
}

// An id is the number of runnable tasks.
inline auto open_runnable(const elkodon::node& node) {
    return node.service("machine/runnable").event().event_id_max_value(max_event_id).open_or_create();
}

}  // namespace machine_load
