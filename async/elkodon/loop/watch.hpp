// A watch whose changes are awaited in a loop of ours.
// It waits behind its own descriptor. What died is told when the kernel says so.
#pragma once

#include <elkodon/discovery.hpp>
#include <elkodon/loop/port_object.hpp>
#include <elkodon/take/watch.hpp>

namespace elkodon::loops {

template <>
inline constexpr const char* doing<take::one_change> = "await a change";

/// An I/O object over a watch: `uring::watch`, `manual::watch`. Rules: as basic_subscriber.
///
///     while (auto change = co_await watch.next()) fmt::print("{}\n", change.name);
template <event_loop Loop>
class basic_watch : public port_object<Loop, elkodon::watch> {
    using base = port_object<Loop, elkodon::watch>;
    using one = take::one_change;

public:
    using base::base;

    /// Waits for a change and takes it.
    auto async_receive() { return this->await(one()); }
    auto async_receive(std::error_code& ec) { return this->await(one(), &ec); }

    /// The next change; empty when the object was closed, throws on anything else.
    auto next() { return this->template await<one, ends::until_closed>(one()); }

    /// A task that calls `f` with each change, until the object is closed.
    template <class F>
    elkodon::task<> async_for_each(F f) {
        return base::template call_each<one>(this->state_, std::move(f));
    }
};

}  // namespace elkodon::loops
