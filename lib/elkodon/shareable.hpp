// What may be a payload, and what it is called. Compile time only.
// Nothing is written; a kill -9 changes nothing.
#pragma once

#include <elkodon/layout/constants.hpp>
#include <elkodon/service/type_details.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <string_view>
#include <type_traits>

namespace elkodon {

/// A type that means the same in every process that maps it: trivially copyable, and neither a pointer nor
/// a reference, which mean something in one process only. (What its members are, only its author knows.)
/// A mapping begins at a page, so no payload can be aligned to more. An array goes by std::array.
template <class T>
concept shareable = std::is_object_v<T> && std::is_trivially_copyable_v<T> &&
                    std::is_trivially_destructible_v<T> && !std::is_pointer_v<T> &&
                    !std::is_member_pointer_v<T> && !std::is_const_v<T> && !std::is_volatile_v<T> &&
                    !std::is_polymorphic_v<T> && !std::is_array_v<T> && alignof(T) <= layout::page;

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

/// Any thread.
template <shareable T>
type_details details_of() {
    return {std::string(type_name<T>::value), sizeof(T), alignof(T)};
}

}  // namespace elkodon
