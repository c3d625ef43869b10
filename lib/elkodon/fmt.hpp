// Formatting with fmt, for those who use it: include this after choosing fmt, not otherwise.
// Values only; nothing here is shared.
#pragma once

#include <elkodon/base/ids.hpp>
#include <elkodon/event_id.hpp>

#include <fmt/format.h>

/// An event id as its number, with all of a number's format options.
template <>
struct fmt::formatter<elkodon::event_id> : fmt::formatter<std::uint64_t> {
    template <class Context>
    auto format(elkodon::event_id id, Context& context) const {
        return fmt::formatter<std::uint64_t>::format(id.value(), context);
    }
};

/// The id of a port or process as sixteen hexadecimal digits.
template <class Tag>
struct fmt::formatter<elkodon::strong_id<Tag>> : fmt::formatter<fmt::string_view> {
    template <class Context>
    auto format(elkodon::strong_id<Tag> id, Context& context) const {
        return fmt::formatter<fmt::string_view>::format(id.to_string(), context);
    }
};
