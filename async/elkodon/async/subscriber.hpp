// A subscriber whose receive is awaited.
// The port belongs to its user, and to its station while an operation waits.
// After a publisher's death the awaited receive goes on with what it had published.
#pragma once

#include <elkodon/async/io_object.hpp>
#include <elkodon/subscriber.hpp>

namespace elkodon::async {

/// An I/O object over a subscriber.
///
///     elkodon::async::subscriber<frame> frames{io, service.subscriber().create()};
///     auto sample = co_await frames.async_receive(asio::use_awaitable);
template <class T, class Executor = asio::any_io_executor, class Header = void>
class basic_subscriber : public io_object<elkodon::subscriber<T, Header>, Executor> {
    using base = io_object<elkodon::subscriber<T, Header>, Executor>;

    struct take_one {
        using result = sample<T, Header>;
        static bool from(elkodon::subscriber<T, Header>& port, result& taken, std::error_code& ec) {
            taken = port.receive();
            ec = taken.error();
            if (ec == errc::overtaken) ec.clear();  // look again
            return taken || ec;
        }
    };

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
        return this->template initiate<take_one, void(std::error_code, sample<T, Header>)>(
            std::forward<Token>(token));
    }
};

/// With any executor: what `async::subscriber<T>{io, port}` makes.
template <class T, class Header = void>
using subscriber = basic_subscriber<T, asio::any_io_executor, Header>;

}  // namespace elkodon::async
