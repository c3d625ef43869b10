// What may be a payload, and what it is called. Compile time only.
// Nothing is written; a kill -9 changes nothing.
#pragma once

#include <elkodon/layout/publisher_segment.hpp>
#include <elkodon/service/type_details.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace elkodon {

/// Whether T's bytes alone are its value. Specialise it for a type of yours that is not trivially copyable and yet
/// lives in shared memory: it holds no address, and nobody runs its destructor.
///
///     template <>
///     struct elkodon::is_shareable<fixed_text> : std::true_type {};
template <class T>
struct is_shareable
    : std::bool_constant<std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>> {};

/// A type that means the same in every process that maps it: trivially copyable (or opted in by is_shareable), and
/// neither a pointer nor a reference, which mean something in one process only. (What its members are, only its
/// author knows.) A mapping begins at a page, so no payload can be aligned to more. An array goes by std::array.
template <class T>
concept shareable =
    std::is_object_v<T> && !std::is_pointer_v<T> && !std::is_member_pointer_v<T> &&
    !std::is_const_v<T> && !std::is_volatile_v<T> && !std::is_array_v<T> &&
    !std::is_polymorphic_v<T> && is_shareable<T>::value && alignof(T) <= layout::page;

/// The user header of services that have none.
template <class Header>
concept no_header = std::is_void_v<Header>;

/// alignof, and 1 for what has none.
template <class T>
consteval std::size_t alignment_of() noexcept {
    if constexpr (std::is_object_v<T>) return alignof(T);
    else return 1;
}

/// In place of a payload's type: whatever the service carries, as bytes. For tools, bindings and bridges.
struct untyped {};

/// What the T of a service says about its messages: one value, a slice (T[]), or bytes (untyped).
template <class T>
struct payload {
    using element = T;
    static constexpr bool value = true, slice = false, bytes = false;
};
template <class T>
struct payload<T[]> {
    using element = T;
    static constexpr bool value = false, slice = true, bytes = false;
};
template <>
struct payload<untyped> {
    using element = std::byte;
    static constexpr bool value = false, slice = false, bytes = true;
};

/// The length of a value, which needs no memory to be known.
struct length_of_one {
    constexpr length_of_one(std::uint32_t) noexcept {}
    constexpr operator std::uint32_t() const noexcept { return 1; }
};

/// Says in a sentence why T is no payload. `passed` when it is one.
template <class T>
struct check_payload {
    static constexpr bool object = std::is_object_v<T>;
    static constexpr bool bare = object && !std::is_pointer_v<T> && !std::is_member_pointer_v<T>;
    static constexpr bool element = bare && !std::is_const_v<T> && !std::is_volatile_v<T>;
    static constexpr bool one = element && !std::is_array_v<T>;

    static_assert(
        !std::is_reference_v<T>,
        "elkodon: a reference can't be a payload, since it means something in one process only: "
        "name the type that it refers to");
    static_assert(object || std::is_reference_v<T>,
                  "elkodon: a payload is an object: neither void nor a function");
    static_assert(
        bare || !object,
        "elkodon: a pointer can't be a payload, since it means something in one process only: "
        "send what it points to, or an index");
    static_assert(
        element || !bare,
        "elkodon: a payload can't be const or volatile: its publisher writes it, and a sample is "
        "read-only anyway");
    static_assert(
        one || !element,
        "elkodon: an array of a fixed length can't be a payload: use std::array, or T[] for slices "
        "of any length");
    static_assert(
        !one || !std::is_polymorphic_v<T>,
        "elkodon: a type with virtual functions can't be a payload, since its hidden pointer means "
        "something in one process only");
    static_assert(
        !one || std::is_polymorphic_v<T> || is_shareable<T>::value,
        "elkodon: a payload must be trivially copyable, since other processes see its bytes only: "
        "give it members that are (no std::string, no std::vector), or opt in by specialising "
        "elkodon::is_shareable");
    static_assert(!one || alignment_of<T>() <= layout::page,
                  "elkodon: a payload can't be aligned to more than a page (4096 bytes), where a "
                  "mapping begins");
    static constexpr bool passed = shareable<T>;
};

template <class T>
struct check_payload<T[]> : check_payload<T> {};

/// The same of a user header.
template <class Header>
struct check_header : check_payload<Header> {};
template <no_header Header>
struct check_header<Header> {
    static constexpr bool passed = true;
};

namespace naming {

// "… [with T = point]" from gcc, "… [T = point]" from clang.
template <class T>
constexpr std::string_view spelled() noexcept {
    constexpr std::string_view whole = __PRETTY_FUNCTION__;
    constexpr auto begin = whole.find("T = ") + 4;
    constexpr auto end = whole.find_first_of(";]", begin);
    return whole.substr(begin, end - begin);
}

template <class T>
constexpr std::string_view number_name() noexcept {
    if constexpr (std::same_as<T, bool>) return "bool";
    if constexpr (std::same_as<T, char>) return "char";
    if constexpr (std::same_as<T, std::byte>) return "byte";
    if constexpr (std::floating_point<T>)
        return sizeof(T) == 4 ? "f32" : sizeof(T) == 8 ? "f64" : "f80";
    if constexpr (std::signed_integral<T>)
        return sizeof(T) == 1 ? "i8" : sizeof(T) == 2 ? "i16" : sizeof(T) == 4 ? "i32" : "i64";
    return sizeof(T) == 1 ? "u8" : sizeof(T) == 2 ? "u16" : sizeof(T) == 4 ? "u32" : "u64";
}

}  // namespace naming

/// The name by which services know T: `u64`, `f32`, a class' own name. Specialise it to give a type a name
/// of your own, as for a type whose C++ name differs between two programs.
template <class T>
struct type_name {
    static constexpr std::string_view value = std::is_arithmetic_v<T> || std::same_as<T, std::byte>
                                                  ? naming::number_name<T>()
                                                  : naming::spelled<T>();
};

namespace naming {

/// The parts of a name as one, in static storage.
template <const std::string_view&... Parts>
class joined {
    static constexpr auto characters = [] {
        std::array<char, (Parts.size() + ...)> all{};
        std::size_t at = 0;
        const auto append = [&](std::string_view part) {
            for (const char each : part) all[at++] = each;
        };
        (append(Parts), ...);
        return all;
    }();

public:
    static constexpr std::string_view value{characters.data(), characters.size()};
};

template <std::size_t N>
class decimal {
    static constexpr std::size_t length = [] {
        std::size_t digits = 1;
        for (auto rest = N; rest >= 10; rest /= 10) ++digits;
        return digits;
    }();
    static constexpr auto characters = [] {
        std::array<char, length> all{};
        auto rest = N;
        for (auto at = length; at-- > 0; rest /= 10) all[at] = static_cast<char>('0' + rest % 10);
        return all;
    }();

public:
    static constexpr std::string_view value{characters.data(), characters.size()};
};

// A specialised type_name may hold its value as any kind of text.
template <class T>
inline constexpr std::string_view of = type_name<T>::value;

inline constexpr std::string_view comma = ", ";
inline constexpr std::string_view closed = ">";

}  // namespace naming

/// How far before its payload a Header begins, in bytes.
template <class Header>
inline constexpr std::size_t header_distance =
    layout::user_header_distance({sizeof(Header), alignof(Header)});

/// What a service of T and Header stores of them. Any thread.
template <class T, class Header = void>
type_details details_of() {
    using element = typename payload<T>::element;
    type_details made{.name = std::string(type_name<element>::value),
                      .size = sizeof(element),
                      .alignment = alignof(element),
                      .slice = payload<T>::slice};
    if constexpr (!no_header<Header>)
        made.header = {std::string(type_name<Header>::value), sizeof(Header), alignof(Header)};
    return made;
}

}  // namespace elkodon
