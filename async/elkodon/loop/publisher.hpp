// A publisher whose waits are awaited in a loop of ours: for a chunk, for the slowest subscriber, for subscribers to come.
// The port belongs to its user, and to its loop while an operation waits.
// After a subscriber's kill -9 it holds nobody back any more, once its death was noticed.
#pragma once

#include <elkodon/loop/port_object.hpp>
#include <elkodon/take/publisher.hpp>

#include <cstddef>

namespace elkodon::loops {

template <class T, class Header>
inline constexpr const char* doing<take::one_loan<T, Header>> = "await a chunk";
template <class T, class Header>
inline constexpr const char* doing<take::sent_loan<T, Header>> = "send a loan";
template <class T, class Header>
inline constexpr const char* doing<take::enough_subscribers<T, Header>> = "await subscribers";

/// An I/O object over a publisher: `uring::publisher<T>`, `manual::publisher<T>`. What needs no waiting goes by `port()`,
/// while no operation is outstanding. Rules: as basic_subscriber.
///
///     auto loan = co_await frames.async_loan();
///     capture(*loan);
///     co_await frames.async_send(std::move(loan));
template <event_loop Loop, class T, class Header = void>
class basic_publisher : public port_object<Loop, elkodon::publisher<T, Header>> {
    using base = port_object<Loop, elkodon::publisher<T, Header>>;
    using loan_type = loan<T, Header>;
    using chunk = take::one_loan<T, Header>;
    using sent = take::sent_loan<T, Header>;
    using enough = take::enough_subscribers<T, Header>;

public:
    using base::base;

    /// Waits for a chunk: as publisher::loan() gives it, where that would find none free or too many on loan.
    auto async_loan()
        requires payload<T>::value
    {
        return this->await(chunk());
    }
    auto async_loan(std::error_code& ec)
        requires payload<T>::value
    {
        return this->await(chunk(), &ec);
    }
    /// The same for a slice of `n` elements; untyped: of `n` times the service's type, with whatever lay there.
    auto async_loan(std::size_t n)
        requires(!payload<T>::value)
    {
        return this->await(chunk(n));
    }
    auto async_loan(std::size_t n, std::error_code& ec)
        requires(!payload<T>::value)
    {
        return this->await(chunk(n), &ec);
    }

    /// Sends a loan; in a lossless service it waits for the slowest subscriber, where publisher::send() would block the
    /// thread. Gives back an empty loan; beside an error the loan itself, unsent. Thrown, an error drops it. Also
    /// buffer_full, empty_loan, foreign_loan.
    auto async_send(loan_type&& message) { return this->await(sent(std::move(message))); }
    auto async_send(loan_type&& message, std::error_code& ec) {
        return this->await(sent(std::move(message)), &ec);
    }

    /// Waits until there are `n` subscribers or more. One that was killed counts until its death was noticed.
    auto async_wait_subscribers(std::size_t n) { return this->await(enough(n)); }
    auto async_wait_subscribers(std::size_t n, std::error_code& ec) {
        return this->await(enough(n), &ec);
    }
};

}  // namespace elkodon::loops
