// What a foreign publisher's segment says of its own shape, believed only where all of it fits together.
// The publisher writes it before the segment has a name; each number is read once here.
#pragma once

#include <elkodon/layout/publisher_segment.hpp>
#include <elkodon/segment/foreign_segment.hpp>
#include <elkodon/service/type_details.hpp>

#include <optional>

namespace elkodon::port {

/// Nothing when it can't be a publisher of this type, with this before each payload. Any thread.
std::optional<layout::publisher_geometry> checked_geometry(
    const segment::foreign_segment& memory,
    const type_details& type,
    const layout::user_header& prefix) noexcept;

}  // namespace elkodon::port
