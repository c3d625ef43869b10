// A subscriber whose receive is awaited in a loop of ours.
// The port belongs to its user, and to its loop while an operation waits.
// After a publisher's death the awaited receive goes on with what it had published.
#pragma once

#include <elkodon/loop/port_object.hpp>
#include <elkodon/subscriber.hpp>
#include <elkodon/take/subscriber.hpp>

#include <cstddef>
#include <span>

namespace elkodon::loops {

template <class T, class Header>
inline constexpr const char* doing<take::one_sample<T, Header>> = "await a message";
template <class T, class Header>
inline constexpr const char* doing<take::many_samples<T, Header>> = "await messages";
template <class T, class Header>
inline constexpr const char* doing<take::no_sample<T, Header>> = "wait for a message";

/// An I/O object over a subscriber: `uring::subscriber<T>`, `manual::subscriber<T>`.
///
///     while (auto sample = co_await numbers.next()) use(*sample);
///
/// Every operation: awaited in a coroutine of the loop; a stop of that coroutine, cancel() and close() end it with
/// operation_canceled, and nothing has been taken then: a message is taken only as the coroutine goes on. So
/// `when_any(numbers.async_receive(), loop.async_sleep_for(1s))` loses nothing. A second one while one is outstanding:
/// already_running. Errors are thrown, or handed to the std::error_code&. Also closed, forked.
template <event_loop Loop, class T, class Header = void>
class basic_subscriber : public port_object<Loop, elkodon::subscriber<T, Header>> {
    using base = port_object<Loop, elkodon::subscriber<T, Header>>;
    using one = take::one_sample<T, Header>;
    using many = take::many_samples<T, Header>;
    using none = take::no_sample<T, Header>;

public:
    using base::base;

    /// Waits for a message and takes it: sample<T, Header>. Errors: too_many_borrowed, evicted too.
    auto async_receive() { return this->await(one()); }
    /// The same; on error the sample is empty.
    auto async_receive(std::error_code& ec) { return this->await(one(), &ec); }

    /// Waits for a message and takes what is there, as many as `into` has room for: how many. `into` outlives the operation.
    auto async_receive_many(std::span<sample<T, Header>> into) { return this->await(many{into}); }
    auto async_receive_many(std::span<sample<T, Header>> into, std::error_code& ec) {
        return this->await(many{into}, &ec);
    }

    /// Waits until there is a message, or an error to tell, and takes nothing.
    auto async_wait() { return this->await(none()); }
    auto async_wait(std::error_code& ec) { return this->await(none(), &ec); }

    /// The next message; tests false when the object was closed, throws on anything else. The spelling that all loops share.
    auto next() { return this->template await<one, ends::until_closed>(one()); }

    /// A task that calls `f` with each message, until the object is closed.
    template <class F>
    elkodon::task<> async_for_each(F f) {
        return base::template call_each<one>(this->state_, std::move(f));
    }
};

}  // namespace elkodon::loops
