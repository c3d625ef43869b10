// A subscriber whose receive is awaited.
// The port belongs to its user, and to its station while an operation waits.
// After a publisher's death the awaited receive goes on with what it had published.
#pragma once

#include <elkodon/async/for_each.hpp>
#include <elkodon/async/io_object.hpp>
#include <elkodon/async/tokens.hpp>
#include <elkodon/take/subscriber.hpp>

#include <asio/awaitable.hpp>
#include <asio/use_awaitable.hpp>

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

    /// Calls `f` with one message after the other, on the handler's executor, until close().
    ///
    /// Handler signature: `void(std::error_code)`: no error once the object was closed or destroyed.
    /// Executor, thread safety: as async_receive(); between two messages the loop's other handlers may run.
    /// Per-operation cancellation: terminal, partial and total, between two messages.
    /// Errors: operation_aborted (cancelled), already_running, too_many_borrowed, evicted, forked. What `f` throws leaves the
    /// context's run(), and ends this without calling the handler.
    /// Lifetimes: `f` is the operation's; the object may be destroyed in it.
    template <class F, class Token = typename asio::default_completion_token<Executor>::type>
    auto async_for_each(F f, Token&& token = {}) {
        return asio::async_initiate<Token, void(std::error_code)>(
            each_initiation<state, Executor>(this->shared_state(), this->get_executor()), token,
            std::move(f));
    }

    /// A coroutine that goes by this object: what a body that all loops share returns.
    template <class Result>
    using task = asio::awaitable<Result>;

    /// The next message, in a coroutine: `while (auto sample = co_await numbers.next())`. Tests false once the object was
    /// closed; throws std::system_error on anything else, cancellation too. All else: as async_receive().
    task<sample<T, Header>> next() { return next_of(this->shared_state(), this->get_executor()); }

private:
    using state = port_state<elkodon::subscriber<T, Header>>;

    static task<sample<T, Header>> next_of(std::shared_ptr<state> of, Executor io) {
        auto token = async::as_tuple(asio::use_awaitable);
        auto received =
            asio::async_initiate<decltype(token), void(std::error_code, sample<T, Header>)>(
                receive_initiation<state, Executor>(of, io), token);
        auto result = co_await std::move(received);
        auto& [error, taken] = result;
        if (!error) co_return std::move(taken);
        if (error == errc::closed || (of->place && of->place->closed(of->who)))
            co_return sample<T, Header>();
        throw std::system_error(error, "receive");
    }
};

/// With any executor: what `async::subscriber<T>{io, port}` makes.
template <class T, class Header = void>
using subscriber = basic_subscriber<T, asio::any_io_executor, Header>;

}  // namespace elkodon::async
