// One of several types, in the object itself: std::variant with a defined layout, made for shared memory.
// Its owner writes it, before it is sent; a received one is read while its publisher may still write.
// After a kill -9, or from a hostile peer, it holds any bytes: an index that no type has means valueless.
//
// | offset              | field | type      |                                             |
// |---------------------|-------|-----------|---------------------------------------------|
// | 0                   | index | u8        | sizeof...(Ts) and above: valueless          |
// | largest alignof(Ts) | value | Ts[index] | then, up to the largest of Ts: undefined    |
#pragma once

#include <elkodon/base/untrusted.hpp>
#include <elkodon/layout/constants.hpp>
#include <elkodon/shareable.hpp>

#include <algorithm>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace elkodon {

template <class... Ts>
class variant;

namespace naming {

template <class T>
inline constexpr bool is_variant = false;
template <class... Ts>
inline constexpr bool is_variant<variant<Ts...>> = true;

/// Where T is among Ts; their number where it isn't.
template <class T, class... Ts>
consteval std::size_t index_among() {
    std::size_t index = 0;
    static_cast<void>(((std::same_as<T, Ts> ? false : (++index, true)) && ...));
    return index;
}

template <class T>
struct braced {
    T only[1];
};

// std::variant's choice of a converting constructor: the overload that takes From, of those that don't
// narrow.
template <std::size_t I, class T, class From>
struct choice {
    std::integral_constant<std::size_t, I> operator()(T) const
        requires requires(From&& from) { braced<T>{{std::forward<From>(from)}}; };
};
template <class From, class Indices, class... Ts>
struct choices;
template <class From, std::size_t... I, class... Ts>
struct choices<From, std::index_sequence<I...>, Ts...> : choice<I, Ts, From>... {
    using choice<I, Ts, From>::operator()...;
};

template <class From, class... Ts>
using chosen = std::invoke_result_t<choices<From, std::index_sequence_for<Ts...>, Ts...>, From>;

}  // namespace naming

/// As std::variant, with std's `monostate`, `in_place_index`, `in_place_type` and `bad_variant_access`,
/// and with `get`, `get_if`, `holds_alternative` and `visit` in this namespace. A received one may be
/// valueless, and another one at each look: visit it, or copy it first. What the value means, and that
/// a received bool is one, is the publisher's word. Thread rule: one at a time; a received one may be
/// read by any thread.
template <class... Ts>
class variant {
    static_assert(sizeof...(Ts) > 0 && sizeof...(Ts) < 255,
                  "variant<Ts...>: between 1 and 254 alternatives");
    static_assert((shareable<Ts> && ...),
                  "variant<Ts...>: each of Ts must be shareable: trivially copyable, without a "
                  "destructor or virtual functions, no pointer, reference or built-in array");

public:
    template <std::size_t I>
    using alternative = std::tuple_element_t<I, std::tuple<Ts...>>;

    /// The first alternative, value-initialised.
    variant() { emplace<0>(); }

    template <class From>
        requires(!std::same_as<std::remove_cvref_t<From>, variant> &&
                 requires { typename naming::chosen<From, Ts...>; })
    variant(From&& value) {
        emplace<naming::chosen<From, Ts...>::value>(std::forward<From>(value));
    }
    template <std::size_t I, class... Args>
    explicit variant(std::in_place_index_t<I>, Args&&... args) {
        emplace<I>(std::forward<Args>(args)...);
    }
    template <class T, class... Args>
    explicit variant(std::in_place_type_t<T>, Args&&... args) {
        emplace<T>(std::forward<Args>(args)...);
    }

    template <class From>
        requires(!std::same_as<std::remove_cvref_t<From>, variant> &&
                 requires { typename naming::chosen<From, Ts...>; })
    variant& operator=(From&& value) {
        // Made first, then copied: when its constructor throws, nothing has changed.
        constexpr auto index = naming::chosen<From, Ts...>::value;
        const alternative<index> made(std::forward<From>(value));
        emplace<index>(made);
        return *this;
    }

    /// Constructs the alternative in place; returns it. Valueless when its constructor throws.
    template <std::size_t I, class... Args>
    alternative<I>& emplace(Args&&... args) {
        static_assert(as_documented());
        index_ = valueless;
        leave_bytes(bytes_);
        auto& made = *std::construct_at(reinterpret_cast<alternative<I>*>(bytes_),
                                        std::forward<Args>(args)...);
        index_ = static_cast<std::uint8_t>(I);
        return made;
    }
    template <class T, class... Args>
    T& emplace(Args&&... args) {
        return emplace<index_of<T>>(std::forward<Args>(args)...);
    }

    /// std::variant_npos when valueless.
    std::size_t index() const noexcept {
        const auto index = untrusted(read_once(index_)).below(sizeof...(Ts));
        return index ? *index : std::variant_npos;
    }
    bool valueless_by_exception() const noexcept { return index() == std::variant_npos; }

    /// The storage as if alternative I were there, without asking. What `visit` and `get` are made of.
    template <std::size_t I>
    alternative<I>& unchecked() noexcept {
        return *std::launder(reinterpret_cast<alternative<I>*>(bytes_));
    }
    template <std::size_t I>
    const alternative<I>& unchecked() const noexcept {
        return *std::launder(reinterpret_cast<const alternative<I>*>(bytes_));
    }

    /// Where T is among the alternatives, of which it must be exactly one.
    template <class T>
    static constexpr std::size_t index_of = [] {
        static_assert((std::size_t{std::same_as<T, Ts>} + ...) == 1,
                      "variant: T must be exactly one of the alternatives");
        return naming::index_among<T, Ts...>();
    }();

    /// Valueless is equal to valueless, and less than any value; then by index, then by value.
    friend bool operator==(const variant& a, const variant& b)
        requires(std::equality_comparable<Ts> && ...)
    {
        const auto x = a.index(), y = b.index();
        if (x != y || x == std::variant_npos) return x == y;
        return a.with(x, [&]<std::size_t I>() -> bool {
            return a.template unchecked<I>() == b.template unchecked<I>();
        });
    }
    friend auto operator<=>(const variant& a, const variant& b)
        requires(std::three_way_comparable<Ts> && ...)
    {
        using order = std::common_comparison_category_t<std::compare_three_way_result_t<Ts>...>;
        const auto x = a.index(), y = b.index();
        if (x != y || x == std::variant_npos) return static_cast<order>(x + 1 <=> y + 1);
        return a.with(x, [&]<std::size_t I>() -> order {
            return a.template unchecked<I>() <=> b.template unchecked<I>();
        });
    }

    /// Calls `call.operator()<I>()` for the index, which has been read already and is one.
    template <std::size_t I = 0, class F>
    static decltype(auto) with(std::size_t index, F&& call) {
        if constexpr (I + 1 < sizeof...(Ts))
            if (index != I) return with<I + 1>(index, std::forward<F>(call));
        return call.template operator()<I>();
    }

private:
    static constexpr std::uint8_t valueless = 255;

    static consteval bool as_documented() {
        constexpr auto alignment = std::max({alignof(Ts)...});
        return offsetof(variant, index_) == 0 && offsetof(variant, bytes_) == alignment &&
               alignof(variant) == alignment &&
               sizeof(variant) ==
                   layout::round_up(alignment + std::max({sizeof(Ts)...}), alignment);
    }

    std::uint8_t index_ = valueless;
    alignas(Ts...) std::byte bytes_[std::max({sizeof(Ts)...})];
};

/// Any thread, as the functions below: they look at the index once.
template <class T, class... Ts>
bool holds_alternative(const variant<Ts...>& of) noexcept {
    return of.index() == variant<Ts...>::template index_of<T>;
}

/// The alternative, or null when another one or none is there.
template <std::size_t I, class... Ts>
auto* get_if(variant<Ts...>* of) noexcept {
    return of && of->index() == I ? std::addressof(of->template unchecked<I>()) : nullptr;
}
template <std::size_t I, class... Ts>
const auto* get_if(const variant<Ts...>* of) noexcept {
    return of && of->index() == I ? std::addressof(of->template unchecked<I>()) : nullptr;
}
template <class T, class... Ts>
T* get_if(variant<Ts...>* of) noexcept {
    return get_if<variant<Ts...>::template index_of<T>>(of);
}
template <class T, class... Ts>
const T* get_if(const variant<Ts...>* of) noexcept {
    return get_if<variant<Ts...>::template index_of<T>>(of);
}

/// The alternative. Throw std::bad_variant_access when another one or none is there.
template <std::size_t I, class... Ts>
auto& get(variant<Ts...>& of) {
    if (auto* const value = get_if<I>(&of)) return *value;
    throw std::bad_variant_access();
}
template <std::size_t I, class... Ts>
const auto& get(const variant<Ts...>& of) {
    if (const auto* const value = get_if<I>(&of)) return *value;
    throw std::bad_variant_access();
}
template <class T, class... Ts>
T& get(variant<Ts...>& of) {
    return get<variant<Ts...>::template index_of<T>>(of);
}
template <class T, class... Ts>
const T& get(const variant<Ts...>& of) {
    return get<variant<Ts...>::template index_of<T>>(of);
}

/// Calls the visitor with the value that is there, or of several variants with the values of all: it
/// returns the same type for each alternative. Throws std::bad_variant_access when one is valueless.
template <class Visitor, class Variant>
    requires naming::is_variant<std::remove_cvref_t<Variant>>
decltype(auto) visit(Visitor&& visitor, Variant&& of) {
    const auto index = of.index();
    if (index == std::variant_npos) throw std::bad_variant_access();
    return of.with(index, [&]<std::size_t I>() -> decltype(auto) {
        return std::invoke(std::forward<Visitor>(visitor), of.template unchecked<I>());
    });
}
template <class Visitor, class First, class Second, class... Others>
    requires naming::is_variant<std::remove_cvref_t<First>>
decltype(auto) visit(Visitor&& visitor, First&& first, Second&& second, Others&&... others) {
    return visit(
        [&](auto& value) -> decltype(auto) {
            return visit(
                [&](auto&... values) -> decltype(auto) {
                    return std::invoke(std::forward<Visitor>(visitor), value, values...);
                },
                std::forward<Second>(second), std::forward<Others>(others)...);
        },
        std::forward<First>(first));
}

/// `variant<u32, f32>`
template <class First, class... Others>
struct type_name<variant<First, Others...>> {
private:
    static constexpr std::string_view opened = "variant<";
    template <class T>
    using another = naming::joined<naming::comma, naming::of<T>>;

public:
    static constexpr std::string_view value =
        naming::joined<opened, naming::of<First>, another<Others>::value..., naming::closed>::value;
};
template <>
struct type_name<std::monostate> {
    static constexpr std::string_view value = "monostate";
};

}  // namespace elkodon
