// A listener whose wait is awaited.
// The port belongs to its user, and to its station while an operation waits.
// An id that a notifier had set before its death is still taken.
#pragma once

#include <elkodon/async/io_object.hpp>
#include <elkodon/take/listener.hpp>

namespace elkodon::async {

/// An I/O object over a listener.
///
///     elkodon::async::listener bell{io, event.listener().create()};
///     auto ids = co_await bell.async_wait(asio::use_awaitable);
template <class Executor = asio::any_io_executor>
class basic_listener : public io_object<elkodon::listener, Executor> {
    using base = io_object<elkodon::listener, Executor>;

public:
    /// The same object with another executor, as Asio's adapters ask for it.
    template <class Other>
    struct rebind_executor {
        using other = basic_listener<Other>;
    };

    using base::base;
    template <class OtherExecutor>
        requires std::is_convertible_v<OtherExecutor, Executor>
    basic_listener(basic_listener<OtherExecutor>&& other) : base(std::move(other)) {}

    /// Waits until ids were rung and takes them all. Ids coalesce: a set, not a count.
    ///
    /// Handler signature: `void(std::error_code, elkodon::event_ids)`; on error the set is empty.
    /// Executor: the handler's associated one, else this object's; never inline in this call.
    /// Per-operation cancellation: terminal, partial and total, all without effect on the port.
    /// Errors: operation_aborted (cancelled, closed or destroyed), already_running, closed, forked, deadline_missed.
    /// Thread safety: distinct objects any thread; a shared object one at a time.
    /// Lifetimes: the ids are a view into the port, valid until its next wait or end; the object may be
    /// destroyed while this is outstanding.
    template <class Token = typename asio::default_completion_token<Executor>::type>
    auto async_wait(Token&& token = {}) {
        return this->initiate(std::forward<Token>(token), take::all_ids{});
    }

    /// As async_wait(), but takes one id, the lowest. The others are left to the next wait of either kind, and come
    /// before what is rung meanwhile.
    template <class Token = typename asio::default_completion_token<Executor>::type>
    auto async_wait_one(Token&& token = {}) {
        return this->initiate(std::forward<Token>(token), take::one_id{});
    }
};

/// With any executor: what `async::listener{io, port}` makes.
using listener = basic_listener<>;

}  // namespace elkodon::async
