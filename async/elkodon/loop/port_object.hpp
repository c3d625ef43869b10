// What the I/O objects of our loops have in common: a loop, a finished port, one outstanding operation.
// The object belongs to its user; its state is shared with its operations. Nothing here is shared with other processes.
#pragma once

#include <elkodon/loop/port_operation.hpp>
#include <elkodon/task/task.hpp>

#include <concepts>
#include <system_error>
#include <utility>

namespace elkodon::loops {

/// A loop of ours, or one that is made of the same parts.
template <class L>
concept event_loop = std::derived_from<L, engine>;

/// Made from a loop and a finished port. Move-only. One at a time, on the loop's thread. It may outlive its loop: then its
/// operations end with errc::closed, and release() still gives the port back.
template <event_loop Loop, class Port>
class port_object {
public:
    using loop_type = Loop;
    using port_type = Port;
    /// The coroutine type of the loop, for elkodon::task_for.
    template <class T = void>
    using task = elkodon::task<T>;

    /// Throws errc::already_attached when the port waits elsewhere, errc::closed when it is empty.
    port_object(Loop& loop, Port port) : state_(new port_state<Port>(loop, std::move(port))) {}
    port_object(port_object&&) noexcept = default;
    port_object& operator=(port_object&& other) noexcept {
        if (this == &other) return *this;
        close();
        state_ = std::move(other.state_);
        return *this;
    }
    ~port_object() { close(); }

    /// Whether there is a port.
    bool is_open() const noexcept { return state_ && state_->port; }

    /// The port itself, for what needs no waiting.
    Port& port() noexcept { return state_->port; }

    /// What is outstanding ends with operation_canceled; nothing has been taken then.
    void cancel() noexcept {
        if (state_) state_->who.cancel(stopped_error());
    }

    /// Cancels, and ends the port; next() ends.
    void close() noexcept {
        if (is_open()) Port ends = state_->take();
    }

    /// Cancels, and gives the port back.
    Port release() noexcept { return is_open() ? state_->take() : Port(); }

protected:
    template <class Take, ends End = ends::with_error>
    port_await<Port, Take, End> await(Take take, std::error_code* ec = nullptr) const noexcept {
        return {state_, std::move(take), ec};
    }

    /// Calls `f` with each result, until the port is closed.
    template <class Take, class F>
    static elkodon::task<> call_each(state_ref<Port> state, F f) {
        for (;;) {
            auto next = port_await<Port, Take, ends::until_closed>(state, Take(), nullptr);
            auto taken = co_await std::move(next);
            if (!taken) co_return;
            f(std::move(taken));
        }
    }

    state_ref<Port> state_;
};

}  // namespace elkodon::loops
