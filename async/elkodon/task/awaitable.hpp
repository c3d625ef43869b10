// What can be awaited, and what comes of it.
// Types only.
#pragma once

#include <coroutine>
#include <type_traits>
#include <utility>
#include <variant>

namespace elkodon {

/// The awaiter that `co_await` makes of `what`, member operator first.
template <class A>
decltype(auto) awaiter_of(A&& what) {
    if constexpr (requires { std::forward<A>(what).operator co_await(); })
        return std::forward<A>(what).operator co_await();
    else if constexpr (requires { operator co_await(std::forward<A>(what)); })
        return operator co_await(std::forward<A>(what));
    else return std::forward<A>(what);
}

/// What `co_await` of an A gives.
template <class A>
using await_result_t = decltype(awaiter_of(std::declval<A>()).await_resume());

template <class A>
concept awaitable = requires(A&& what) {
    { awaiter_of(std::forward<A>(what)).await_ready() } -> std::convertible_to<bool>;
    awaiter_of(std::forward<A>(what)).await_resume();
};

/// A result as a member of a tuple or variant: nothing is a std::monostate there.
template <class T>
using storable_t = std::conditional_t<std::is_void_v<T>, std::monostate, std::remove_cvref_t<T>>;

}  // namespace elkodon
