// What an operation takes from its port, once the port has news: the part that no loop does differently.
// A take belongs to its operation. It runs on the operation's executor, when it is certain that nobody has cancelled it.
// Nothing is taken before that, so an operation that is cancelled or destroyed loses nothing.
#pragma once

#include <concepts>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>

namespace elkodon {

/// The result of a take that has none to give: its operation completes with an error code alone.
using nothing_taken = std::monostate;

/// One of the takes from `Port`. `take.from(port, taken, ec)` never waits; it says false when there was nothing after
/// all: its operation waits again. True with a code in `ec` when it has failed. One at a time, with its port.
template <class Take, class Port>
concept takes_from =
    std::move_constructible<Take> &&
    std::is_nothrow_default_constructible_v<typename Take::result> &&
    std::is_nothrow_move_constructible_v<typename Take::result> &&
    requires(Take& take, Port& port, typename Take::result& taken, std::error_code& ec) {
        { take.from(port, taken, ec) } -> std::same_as<bool>;
    };

/// What the user of an operation gets beside an error that comes from elsewhere (cancelled, closed, refused): what was
/// to be sent, else nothing.
template <class Take>
typename Take::result left_by(Take& take) noexcept {
    if constexpr (requires { take.left(); }) return take.left();
    else return {};
}

/// To be called when the operation begins, before its port is asked for news: whoever begins owns the port then. A publisher
/// has different news for different takes.
template <class Take, class Port>
void begin_take([[maybe_unused]] Take& take, [[maybe_unused]] Port& port) noexcept {
    if constexpr (requires { take.begin(port); }) take.begin(port);
}

}  // namespace elkodon
