// Formatting with fmt, for those who use it: include this after choosing fmt, not otherwise.
// Values only; nothing here is shared.
#pragma once

#include <elkodon/base/ids.hpp>
#include <elkodon/event_id.hpp>
#include <elkodon/optional.hpp>
#include <elkodon/static_map.hpp>
#include <elkodon/static_string.hpp>
#include <elkodon/static_vector.hpp>
#include <elkodon/variant.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>  // formats static_vector: `[1, 2]`

#include <string_view>
#include <type_traits>
#include <variant>

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

namespace elkodon::formatting {

/// Formats a value inside another one: there fmt quotes strings, as it does in its own ranges.
template <class T, class Context>
void write_inside(const T& value, Context& context) {
    fmt::formatter<T> formatter;
    fmt::format_parse_context no_options("");
    static_cast<void>(formatter.parse(no_options));
    if constexpr (requires { formatter.set_debug_format(); }) formatter.set_debug_format();
    context.advance_to(formatter.format(value, context));
}

template <class Context>
void write_text(std::string_view text, Context& context) {
    context.advance_to(fmt::format_to(context.out(), "{}", text));
}

}  // namespace elkodon::formatting

// Strings and maps are not formatted as fmt's ranges: those know neither a string that isn't one of std's, nor entries that are
// no tuples of std's. fmt 11 asks for the const types, too.
template <std::size_t N>
struct fmt::range_format_kind<elkodon::static_string<N>, char>
    : std::integral_constant<fmt::range_format, fmt::range_format::disabled> {};
template <std::size_t N>
struct fmt::range_format_kind<const elkodon::static_string<N>, char>
    : std::integral_constant<fmt::range_format, fmt::range_format::disabled> {};
template <class K, class V, std::size_t N>
struct fmt::range_format_kind<elkodon::static_map<K, V, N>, char>
    : std::integral_constant<fmt::range_format, fmt::range_format::disabled> {};
template <class K, class V, std::size_t N>
struct fmt::range_format_kind<const elkodon::static_map<K, V, N>, char>
    : std::integral_constant<fmt::range_format, fmt::range_format::disabled> {};

/// A string, with all of a string's format options.
template <std::size_t N>
struct fmt::formatter<elkodon::static_string<N>> : fmt::formatter<fmt::string_view> {
    template <class Context>
    auto format(const elkodon::static_string<N>& text, Context& context) const {
        const auto view = text.view();
        return fmt::formatter<fmt::string_view>::format({view.data(), view.size()}, context);
    }
};

/// `{"a": 1, "b": 2}`
template <class K, class V, std::size_t N>
struct fmt::formatter<elkodon::static_map<K, V, N>> {
    constexpr auto parse(fmt::format_parse_context& options) { return options.begin(); }

    template <class Context>
    auto format(const elkodon::static_map<K, V, N>& map, Context& context) const {
        std::string_view before = "{";
        for (const auto& [key, value] : map.view()) {
            elkodon::formatting::write_text(before, context);
            elkodon::formatting::write_inside(key, context);
            elkodon::formatting::write_text(": ", context);
            elkodon::formatting::write_inside(value, context);
            before = ", ";
        }
        elkodon::formatting::write_text(before == "{" ? "{}" : "}", context);
        return context.out();
    }
};

/// `optional(3)` or `none`; format options are the value's.
template <class T>
struct fmt::formatter<elkodon::optional<T>> {
    constexpr auto parse(fmt::format_parse_context& options) {
        const auto begin = options.begin();
        const auto end = value_.parse(options);
        if (begin == end) set_debug_format();
        return end;
    }
    // fmt's ranges call this for each element without options, and no parse().
    constexpr void set_debug_format() {
        if constexpr (requires { value_.set_debug_format(); }) value_.set_debug_format();
    }

    template <class Context>
    auto format(const elkodon::optional<T>& of, Context& context) const {
        if (!of.has_value()) {
            elkodon::formatting::write_text("none", context);
            return context.out();
        }
        elkodon::formatting::write_text("optional(", context);
        context.advance_to(value_.format(*of, context));
        elkodon::formatting::write_text(")", context);
        return context.out();
    }

private:
    fmt::formatter<T> value_;
};

/// As the value that is there; `monostate` and `valueless` otherwise.
template <class... Ts>
struct fmt::formatter<elkodon::variant<Ts...>> {
    constexpr auto parse(fmt::format_parse_context& options) { return options.begin(); }
    constexpr void set_debug_format() { inside_ = true; }

    template <class Context>
    auto format(const elkodon::variant<Ts...>& of, Context& context) const {
        const auto index = of.index();
        if (index == std::variant_npos) elkodon::formatting::write_text("valueless", context);
        else of.with(index, [&]<std::size_t I>() { write(of.template unchecked<I>(), context); });
        return context.out();
    }

private:
    template <class T, class Context>
    void write(const T& value, Context& context) const {
        if constexpr (std::is_same_v<T, std::monostate>)
            elkodon::formatting::write_text("monostate", context);
        else if (inside_) elkodon::formatting::write_inside(value, context);
        else context.advance_to(fmt::format_to(context.out(), "{}", value));
    }

    bool inside_ = false;
};
