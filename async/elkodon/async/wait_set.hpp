// A wait set whose wait is awaited: many ports, descriptors and intervals in one coroutine.
// It waits behind its own descriptor, which the context polls.
// After a kill -9 of a peer its ports are ready, as in any wait.
#pragma once

#include <elkodon/async/io_object.hpp>
#include <elkodon/take/wait_set.hpp>

namespace elkodon::async {

/// An I/O object over a wait set. Attach to `port()`, before or between the waits, or from any thread.
///
///     elkodon::async::wait_set waits{io, node.wait_set().create()};
///     auto numbers = waits.port().attach(subscriber);
///     auto ready   = co_await waits.async_wait(asio::use_awaitable);
///     if (ready.contains(numbers)) while (auto sample = subscriber.receive()) use(*sample);
template <class Executor = asio::any_io_executor>
class basic_wait_set : public io_object<elkodon::wait_set, Executor> {
    using base = io_object<elkodon::wait_set, Executor>;

public:
    /// The same object with another executor, as Asio's adapters ask for it.
    template <class Other>
    struct rebind_executor {
        using other = basic_wait_set<Other>;
    };

    using base::base;
    template <class OtherExecutor>
        requires std::is_convertible_v<OtherExecutor, Executor>
    basic_wait_set(basic_wait_set<OtherExecutor>&& other) : base(std::move(other)) {}

    /// Waits until something is ready. Level-style: what was not taken is ready again at the next wait.
    ///
    /// Handler signature: `void(std::error_code, elkodon::wait_result)`; on error the result tests false.
    /// Executor: the handler's associated one, else this object's; never inline in this call.
    /// Per-operation cancellation: terminal, partial and total, all without effect on what is attached.
    /// Errors: operation_aborted (cancelled, closed or destroyed), already_running, closed, forked.
    /// Thread safety: distinct objects any thread; a shared object one at a time; attaching any thread.
    /// Lifetimes: the result is a view into the wait set, valid until its next wait or end; the object may be destroyed
    /// while this is outstanding.
    template <class Token = typename asio::default_completion_token<Executor>::type>
    auto async_wait(Token&& token = {}) {
        return this->initiate(std::forward<Token>(token), take::ready_attachments{});
    }
};

/// With any executor: what `async::wait_set{io, port}` makes.
using wait_set = basic_wait_set<>;

}  // namespace elkodon::async
