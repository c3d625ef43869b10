// A wait set that is awaited in a loop of ours: many ports, descriptors and intervals at once.
// It waits behind its own descriptor.
#pragma once

#include <elkodon/loop/port_object.hpp>
#include <elkodon/take/wait_set.hpp>
#include <elkodon/wait_set.hpp>

namespace elkodon::loops {

template <>
inline constexpr const char* doing<take::ready_attachments> = "await a wait set";

/// An I/O object over a wait set: `uring::wait_set`, `manual::wait_set`. Rules: as basic_subscriber. The result is a view
/// into the wait set, valid until its next wait.
///
///     auto ready = co_await waits.async_wait();
template <event_loop Loop>
class basic_wait_set : public port_object<Loop, elkodon::wait_set> {
    using base = port_object<Loop, elkodon::wait_set>;
    using any = take::ready_attachments;

public:
    using base::base;

    /// Waits until something that is attached is ready.
    auto async_wait() { return this->await(any()); }
    auto async_wait(std::error_code& ec) { return this->await(any(), &ec); }

    /// What is ready next; empty when the object was closed, throws on anything else.
    auto next() { return this->template await<any, ends::until_closed>(any()); }
};

}  // namespace elkodon::loops
