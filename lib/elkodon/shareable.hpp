// What may be a payload, and what it is called. Compile time only.
// Nothing is written; a kill -9 changes nothing.
#pragma once

#include <elkodon/layout/publisher_segment.hpp>
#include <elkodon/service/type_details.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
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

// Trivially copyable, and yet an address of this process.
template <class C, class Traits>
struct is_shareable<std::basic_string_view<C, Traits>> : std::false_type {};
template <class T, std::size_t Extent>
struct is_shareable<std::span<T, Extent>> : std::false_type {};
template <class T>
struct is_shareable<std::reference_wrapper<T>> : std::false_type {};
template <>
struct is_shareable<std::nullptr_t> : std::false_type {};
template <class T, std::size_t N>
struct is_shareable<std::array<T, N>>
    : std::bool_constant<!std::is_pointer_v<T> && !std::is_member_pointer_v<T> &&
                         is_shareable<T>::value> {};

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
    static_assert(!one || std::is_polymorphic_v<T> || is_shareable<T>::value,
                  "elkodon: a payload must be trivially copyable and refer to nothing, since other "
                  "processes see "
                  "its bytes only: give it members that do so (no std::string, no std::vector, no "
                  "std::span), "
                  "or opt in by specialising elkodon::is_shareable");
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

// "… [with T = point]" from gcc, "… [T = point]" from clang. No named type in the signature: gcc would explain that, too.
template <class T>
constexpr auto spelled() noexcept {
    constexpr std::string_view whole = __PRETTY_FUNCTION__;
    constexpr auto begin = whole.find("T = ") + 4;
    return whole.substr(begin, whole.size() - 1 - begin);
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

/// What compilers spell differently, spelled in one way: "long unsigned int" and "unsigned long" are u64, brackets close
/// without a space, and one name does for what has none.
template <class T>
class normalised {
    static constexpr std::string_view given = spelled<T>();

    struct text {
        std::array<char, given.size()> characters{};
        std::size_t size = 0;
        constexpr void put(std::string_view more) {
            for (const char each : more) characters[size++] = each;
        }
    };

    static constexpr bool in_word(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
    }
    static constexpr std::string_view word_at(std::size_t at) {
        auto end = at;
        while (end < given.size() && in_word(given[end])) ++end;
        return given.substr(at, end - at);
    }

    /// The words of one built-in type, in whatever order.
    struct built_in {
        bool is_unsigned = false, is_signed = false, is_char = false, is_float = false,
             is_double = false, is_int = false, is_short = false;
        int longs = 0;

        constexpr bool take(std::string_view word) {
            if (word == "unsigned") return is_unsigned = true;
            if (word == "signed") return is_signed = true;
            if (word == "char") return is_char = true;
            if (word == "float") return is_float = true;
            if (word == "double") return is_double = true;
            if (word == "int") return is_int = true;
            if (word == "short") return is_short = true;
            return word == "long" && ++longs > 0;
        }
        constexpr std::string_view name() const {
            if (is_char) return is_unsigned ? "u8" : is_signed ? "i8" : "char";
            if (is_float) return "f32";
            if (is_double) return longs > 0 ? "f80" : "f64";
            if (is_short) return is_unsigned ? "u16" : "i16";
            const bool wide = longs > 1 || (longs == 1 && sizeof(long) == 8);
            return wide ? (is_unsigned ? "u64" : "i64") : (is_unsigned ? "u32" : "i32");
        }
    };

    static constexpr text made = [] {
        text out;
        for (std::size_t at = 0; at < given.size();) {
            for (const std::string_view unnamed : {"(anonymous namespace)", "{anonymous}"})
                if (given.substr(at).starts_with(unnamed)) {
                    out.put("{anonymous}");
                    at += unnamed.size();
                }
            if (at == given.size()) break;
            if (!in_word(given[at])) {
                const bool closes =
                    given[at] == ' ' && at + 1 < given.size() &&
                    std::string_view(">[*&").find(given[at + 1]) != std::string_view::npos;
                if (!closes) out.put(given.substr(at, 1));
                ++at;
                continue;
            }
            auto word = word_at(at);
            if (built_in type; type.take(word)) {
                for (at += word.size(); at + 1 < given.size() && given[at] == ' ';) {
                    word = word_at(at + 1);
                    if (!type.take(word)) break;
                    at += 1 + word.size();
                }
                out.put(type.name());
                continue;
            }
            out.put(word);
            at += word.size();
        }
        return out;
    }();

public:
    static constexpr std::string_view value{made.characters.data(), made.size};
};

}  // namespace naming

/// The name by which services know T: `u64`, `f32`, a class' own name, the same from each compiler. Specialise it to give a
/// type a name of your own: for one whose C++ name differs between two programs, and for what compilers name differently,
/// which is a type inside of a function, and one with an enumerator among its template arguments.
template <class T>
struct type_name {
    static constexpr std::string_view value = std::is_arithmetic_v<T> || std::same_as<T, std::byte>
                                                  ? naming::number_name<T>()
                                                  : naming::normalised<T>::value;
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
