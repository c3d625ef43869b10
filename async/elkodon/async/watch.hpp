// A watch whose changes are awaited: what appears, goes and dies.
// It waits behind its own descriptor, which the context polls.
// A killed process is one of the changes.
#pragma once

#include <elkodon/async/io_object.hpp>
#include <elkodon/take/watch.hpp>

namespace elkodon::async {

/// An I/O object over a watch.
///
///     elkodon::async::watch watch{io, node.watch().create()};
///     auto change = co_await watch.async_receive(asio::use_awaitable);
template <class Executor = asio::any_io_executor>
class basic_watch : public io_object<elkodon::watch, Executor> {
    using base = io_object<elkodon::watch, Executor>;

public:
    /// The same object with another executor, as Asio's adapters ask for it.
    template <class Other>
    struct rebind_executor {
        using other = basic_watch<Other>;
    };

    using base::base;
    template <class OtherExecutor>
        requires std::is_convertible_v<OtherExecutor, Executor>
    basic_watch(basic_watch<OtherExecutor>&& other) : base(std::move(other)) {}

    /// Waits for a change and takes it: first everything that is there, as appeared.
    ///
    /// Handler signature: `void(std::error_code, elkodon::change)`; on error the change tests false.
    /// Executor: the handler's associated one, else this object's; never inline in this call.
    /// Per-operation cancellation: terminal, partial and total, all without effect on the watch.
    /// Errors: operation_aborted (cancelled, closed or destroyed), already_running, closed, forked, and the system's.
    /// Thread safety: distinct objects any thread; a shared object one at a time.
    /// Lifetimes: the object may be destroyed while this is outstanding.
    template <class Token = typename asio::default_completion_token<Executor>::type>
    auto async_receive(Token&& token = {}) {
        return this->initiate(std::forward<Token>(token), take::one_change{});
    }
};

/// With any executor: what `async::watch{io, port}` makes.
using watch = basic_watch<>;

}  // namespace elkodon::async
