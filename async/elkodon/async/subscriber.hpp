// A subscriber whose receive is awaited.
// The port belongs to its user, and to its station while an operation waits.
// After a publisher's death the awaited receive goes on with what it had published.
#pragma once

#include <elkodon/async/io_object.hpp>
#include <elkodon/take/subscriber.hpp>

namespace elkodon::async {

/// An I/O object over a subscriber.
///
///     elkodon::async::subscriber<frame> frames{io, service.subscriber().create()};
///     auto sample = co_await frames.async_receive(asio::use_awaitable);
template <class T, class Executor = asio::any_io_executor, class Header = void>
class basic_subscriber : public io_object<elkodon::subscriber<T, Header>, Executor> {
    using base = io_object<elkodon::subscriber<T, Header>, Executor>;

public:
    /// The same object with another executor, as Asio's adapters ask for it.
    template <class Other>
    struct rebind_executor {
        using other = basic_subscriber<T, Other, Header>;
    };

    using base::base;
    template <class OtherExecutor>
        requires std::is_convertible_v<OtherExecutor, Executor>
    basic_subscriber(basic_subscriber<T, OtherExecutor, Header>&& other) : base(std::move(other)) {}

    /// Waits for a message and takes it.
    ///
    /// Handler signature: `void(std::error_code, elkodon::sample<T, Header>)`; on error the sample is empty.
    /// Executor: the handler's associated one, else this object's; never inline in this call.
    /// Per-operation cancellation: terminal, partial and total, all without effect on the port: the message is
    /// taken only when the handler is about to run, so `async_receive(…) || timer.async_wait(…)` loses nothing.
    /// Errors: operation_aborted (cancelled, closed or destroyed), already_running, closed, too_many_borrowed,
    /// evicted, forked.
    /// Thread safety: distinct objects any thread; a shared object one at a time.
    /// Lifetimes: the object may be destroyed while this is outstanding; the sample outlives it.
    template <class Token = typename asio::default_completion_token<Executor>::type>
    auto async_receive(Token&& token = {}) {
        return this->initiate(std::forward<Token>(token), take::one_sample<T, Header>{});
    }

    /// Waits for a message, and takes as many as are there and `into` has room for.
    ///
    /// Handler signature: `void(std::error_code, std::size_t)`: how many are at the beginning of `into`. What it held
    /// before goes first. Beside an error it is zero; with no room at all, this waits for news and takes nothing.
    /// Executor, cancellation, thread safety: as async_receive().
    /// Errors: as async_receive(). An eviction comes alone, before the messages behind it.
    /// Lifetimes: `into` outlives the operation, as a buffer does; the object may be destroyed meanwhile.
    template <class Token = typename asio::default_completion_token<Executor>::type>
    auto async_receive_many(std::span<sample<T, Header>> into, Token&& token = {}) {
        return this->initiate(std::forward<Token>(token), take::many_samples<T, Header>{into});
    }

    /// Waits until there is a message, or an error to tell, and takes nothing.
    ///
    /// Handler signature: `void(std::error_code)`.
    /// Executor, cancellation, thread safety, lifetimes: as async_receive().
    /// Errors: operation_aborted, already_running, closed, forked.
    template <class Token = typename asio::default_completion_token<Executor>::type>
    auto async_wait(Token&& token = {}) {
        return this->initiate(std::forward<Token>(token), take::no_sample<T, Header>{});
    }
};

/// With any executor: what `async::subscriber<T>{io, port}` makes.
template <class T, class Header = void>
using subscriber = basic_subscriber<T, asio::any_io_executor, Header>;

}  // namespace elkodon::async
