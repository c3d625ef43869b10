// A value or none, in the object itself: std::optional with a defined layout, made for shared memory.
// Its owner writes it, before it is sent; a received one is read while its publisher may still write.
// After a kill -9, or from a hostile peer, it holds any bytes: a flag that isn't 1 means none.
//
// | offset     | field | type |                          |
// |------------|-------|------|--------------------------|
// | 0          | flag  | u8   | 1: a value; else none    |
// | alignof(T) | value | T    | undefined where none     |
#pragma once

#include <elkodon/base/untrusted.hpp>
#include <elkodon/shareable.hpp>

#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace elkodon {

template <class T>
class optional;

namespace naming {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<optional<T>> = true;

}  // namespace naming

/// As std::optional, with std's `nullopt`, `in_place` and `bad_optional_access`. `*` and `->` don't ask
/// the flag and always find the storage. What the value means, and that a received bool is one, is the
/// publisher's word. Thread rule: one at a time; a received one may be read by any thread.
template <class T>
class optional {
    static_assert(shareable<T>,
                  "optional<T>: T must be shareable: trivially copyable, without a "
                  "destructor or virtual functions, no pointer, reference or "
                  "built-in array");

    // What becomes a value. An optional converts to bool, but isn't meant to.
    template <class From, class Bare = std::remove_cvref_t<From>>
    static constexpr bool value_like =
        !std::same_as<Bare, optional> && !std::same_as<Bare, std::in_place_t> &&
        !(std::same_as<T, bool> && naming::is_optional<Bare>);

public:
    using value_type = T;

    // Not defaulted: value-initialisation would clear the storage first, however large.
    optional() noexcept { leave_bytes(value_); }
    optional(std::nullopt_t) noexcept { leave_bytes(value_); }

    template <class From = T>
        requires(value_like<From> && std::constructible_from<T, From>)
    explicit(!std::convertible_to<From, T>) optional(From&& value) {
        emplace(std::forward<From>(value));
    }
    template <class... Args>
    explicit optional(std::in_place_t, Args&&... args) {
        emplace(std::forward<Args>(args)...);
    }

    optional& operator=(std::nullopt_t) noexcept {
        reset();
        return *this;
    }
    // As std's, not for what braces would be: `= {}` empties.
    template <class From = T>
        requires(value_like<From> && std::constructible_from<T, From> &&
                 !(std::is_scalar_v<T> && std::same_as<T, std::decay_t<From>>))
    optional& operator=(From&& value) {
        const T made(std::forward<From>(value));
        emplace(made);
        return *this;
    }

    /// Constructs the value in place; returns it. Empty when the constructor throws.
    template <class... Args>
    T& emplace(Args&&... args) {
        static_assert(as_documented());
        reset();
        T& made = *std::construct_at(std::addressof(value_), std::forward<Args>(args)...);
        flag_ = engaged;
        return made;
    }

    void reset() noexcept { flag_ = 0; }

    bool has_value() const noexcept { return read_once(flag_) == engaged; }
    explicit operator bool() const noexcept { return has_value(); }

    T& operator*() noexcept { return value_; }
    const T& operator*() const noexcept { return value_; }
    T* operator->() noexcept { return std::addressof(value_); }
    const T* operator->() const noexcept { return std::addressof(value_); }

    /// Throw std::bad_optional_access when there is none.
    T& value() { return has_value() ? value_ : throw std::bad_optional_access(); }
    const T& value() const { return has_value() ? value_ : throw std::bad_optional_access(); }

    /// A copy of the value, or of the other one.
    template <class Other>
    T value_or(Other&& other) const {
        return has_value() ? value_ : static_cast<T>(std::forward<Other>(other));
    }

    /// None is equal to none, and less than any value.
    friend bool operator==(const optional& a, const optional& b)
        requires std::equality_comparable<T>
    {
        const bool has = a.has_value();
        return has == b.has_value() && (!has || a.value_ == b.value_);
    }
    friend auto operator<=>(const optional& a, const optional& b)
        requires std::three_way_comparable<T>
    {
        using order = std::compare_three_way_result_t<T>;
        const bool x = a.has_value(), y = b.has_value();
        return x && y ? a.value_ <=> b.value_ : static_cast<order>(x <=> y);
    }
    friend bool operator==(const optional& a, std::nullopt_t) noexcept { return !a.has_value(); }
    friend std::strong_ordering operator<=>(const optional& a, std::nullopt_t) noexcept {
        return a.has_value() <=> false;
    }

private:
    static constexpr std::uint8_t engaged = 1;

    static consteval bool as_documented() {
        // Of other classes offsetof says nothing that the standard vouches for; their sizes say it.
        if constexpr (std::is_standard_layout_v<T>)
            if (offsetof(optional, flag_) != 0 || offsetof(optional, value_) != alignof(T))
                return false;
        return alignof(optional) == alignof(T) && sizeof(optional) == alignof(T) + sizeof(T);
    }

    std::uint8_t flag_ = 0;
    union {
        T value_;
    };
};

template <class T>
optional(T) -> optional<T>;

/// `optional<u32>`
template <class T>
struct type_name<optional<T>> {
private:
    static constexpr std::string_view opened = "optional<";

public:
    static constexpr std::string_view value =
        naming::joined<opened, naming::of<T>, naming::closed>::value;
};

}  // namespace elkodon
