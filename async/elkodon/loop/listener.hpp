// A listener whose wait is awaited in a loop of ours.
// The port belongs to its user, and to its loop while an operation waits.
// An id that a notifier had set before its death is still taken.
#pragma once

#include <elkodon/listener.hpp>
#include <elkodon/loop/port_object.hpp>
#include <elkodon/take/listener.hpp>

namespace elkodon::loops {

template <>
inline constexpr const char* doing<take::all_ids> = "await an event";
template <>
inline constexpr const char* doing<take::one_id> = "await an event";

/// An I/O object over a listener: `uring::listener`, `manual::listener`. Rules: as basic_subscriber. Also
/// deadline_missed. The ids are a view into the port, valid until its next wait or end.
///
///     auto ids = co_await bell.async_wait();
template <event_loop Loop>
class basic_listener : public port_object<Loop, elkodon::listener> {
    using base = port_object<Loop, elkodon::listener>;
    using all = take::all_ids;
    using one = take::one_id;

public:
    using base::base;

    /// Waits until ids were rung and takes them all. Ids coalesce: a set, not a count.
    auto async_wait() { return this->await(all()); }
    auto async_wait(std::error_code& ec) { return this->await(all(), &ec); }

    /// The same, with one id at a time, the lowest first.
    auto async_wait_one() { return this->await(one()); }
    auto async_wait_one(std::error_code& ec) { return this->await(one(), &ec); }

    /// The next set of ids; empty when the object was closed, throws on anything else.
    auto next() { return this->template await<all, ends::until_closed>(all()); }

    /// A task that calls `f` with each set of ids, until the object is closed.
    template <class F>
    elkodon::task<> async_for_each(F f) {
        return base::template call_each<all>(this->state_, std::move(f));
    }
};

}  // namespace elkodon::loops
