// A publisher whose waits are awaited: for a chunk, for the slowest subscriber, for subscribers to come.
// The port belongs to its user, and to its station while an operation waits.
// After a subscriber's kill -9 it holds nobody back any more, once its death was noticed.
#pragma once

#include <elkodon/async/io_object.hpp>
#include <elkodon/take/publisher.hpp>

namespace elkodon::async {

/// An I/O object over a publisher. What needs no waiting goes by `port()`, while no operation is outstanding.
///
///     elkodon::async::publisher<frame> frames{io, service.publisher().create()};
///     auto loan = co_await frames.async_loan(asio::use_awaitable);
///     capture(*loan);
///     co_await frames.async_send(std::move(loan), asio::use_awaitable);
template <class T, class Executor = asio::any_io_executor, class Header = void>
class basic_publisher : public io_object<elkodon::publisher<T, Header>, Executor> {
    using base = io_object<elkodon::publisher<T, Header>, Executor>;
    using loan_type = loan<T, Header>;

public:
    /// The same object with another executor, as Asio's adapters ask for it.
    template <class Other>
    struct rebind_executor {
        using other = basic_publisher<T, Other, Header>;
    };

    using base::base;
    template <class OtherExecutor>
        requires std::is_convertible_v<OtherExecutor, Executor>
    basic_publisher(basic_publisher<T, OtherExecutor, Header>&& other) : base(std::move(other)) {}

    /// Waits for a chunk: as publisher::loan() gives it, where that would find none free or too many on loan.
    ///
    /// Handler signature: `void(std::error_code, elkodon::loan<T, Header>)`; on error the loan is empty.
    /// Executor: the handler's associated one, else this object's; never inline in this call.
    /// Per-operation cancellation: terminal, partial and total, all without effect on the port.
    /// Errors: operation_aborted (cancelled, closed or destroyed), already_running, closed, forked, slice_too_long,
    /// out_of_space, and our own failure to map a subscriber.
    /// Thread safety: distinct objects any thread; a shared object, with its loans, one at a time.
    /// Lifetimes: the object may be destroyed while this is outstanding; a loan outlives it, only to be dropped.
    template <class Token = typename asio::default_completion_token<Executor>::type>
        requires payload<T>::value
    auto async_loan(Token&& token = {}) {
        return this->initiate(std::forward<Token>(token), take::one_loan<T, Header>());
    }

    /// The same for a slice of `n` elements; untyped: of `n` times the service's type, with whatever lay there.
    template <class Token = typename asio::default_completion_token<Executor>::type>
        requires(!payload<T>::value)
    auto async_loan(std::size_t n, Token&& token = {}) {
        return this->initiate(std::forward<Token>(token), take::one_loan<T, Header>(n));
    }

    /// Sends a loan; in a lossless service it waits for the slowest subscriber, where publisher::send() would block the
    /// thread.
    ///
    /// Handler signature: `void(std::error_code, elkodon::loan<T, Header>)`; beside an error that is the loan, unsent.
    /// Executor, cancellation, thread safety: as async_loan(). Cancelled, it has sent nothing.
    /// Errors: as async_loan(), and buffer_full, empty_loan, foreign_loan.
    /// Lifetimes: the loan is the operation's; destroyed with its context it gives the chunk back.
    template <class Token = typename asio::default_completion_token<Executor>::type>
    auto async_send(loan_type&& message, Token&& token = {}) {
        return this->initiate(std::forward<Token>(token),
                              take::sent_loan<T, Header>(std::move(message)));
    }

    /// Waits until there are `n` subscribers or more. One that was killed counts until its death was noticed.
    ///
    /// Handler signature: `void(std::error_code)`.
    /// Executor, cancellation, thread safety, lifetimes: as async_loan().
    /// Errors: operation_aborted, already_running, closed, forked.
    template <class Token = typename asio::default_completion_token<Executor>::type>
    auto async_wait_subscribers(std::size_t n, Token&& token = {}) {
        return this->initiate(std::forward<Token>(token), take::enough_subscribers<T, Header>(n));
    }
};

/// With any executor: what `async::publisher<T>{io, port}` makes.
template <class T, class Header = void>
using publisher = basic_publisher<T, asio::any_io_executor, Header>;

}  // namespace elkodon::async
