// What the I/O objects have in common: an executor, a finished port, one outstanding operation, and the verbs
// of Asio's sockets. The object belongs to its user; its state is shared with its operations.
// Nothing here is shared with other processes.
#pragma once

#include <elkodon/async/port_operation.hpp>

#include <asio/async_result.hpp>
#include <memory>
#include <type_traits>
#include <utility>

namespace elkodon::async {

/// Made from an executor or context and a finished port. Move-only. Distinct objects: any thread; a shared
/// object: one at a time, as with Asio's sockets: use a strand.
template <class Port, class Executor>
class io_object {
public:
    using executor_type = Executor;
    using port_type = Port;

    /// Throws errc::already_attached when the port waits behind its own descriptor, errc::closed when it is empty.
    io_object(const Executor& executor, Port port) : executor_(executor) { open(std::move(port)); }

    template <class Context>
        requires std::is_convertible_v<Context&, asio::execution_context&> &&
                 std::is_constructible_v<Executor, typename Context::executor_type>
    io_object(Context& context, Port port)
        : io_object(Executor(context.get_executor()), std::move(port)) {}

    io_object(io_object&& other) noexcept
        : executor_(other.executor_), state_(std::move(other.state_)) {}
    io_object& operator=(io_object&& other) noexcept {
        if (this == &other) return *this;
        close();
        executor_ = other.executor_;
        state_ = std::move(other.state_);
        return *this;
    }

    /// From an object with another executor, as Asio's sockets allow.
    template <class OtherExecutor>
        requires std::is_convertible_v<OtherExecutor, Executor>
    io_object(io_object<Port, OtherExecutor>&& other)
        : executor_(other.executor_), state_(std::move(other.state_)) {}

    ~io_object() { close(); }

    /// Where handlers without an executor of their own run.
    executor_type get_executor() const noexcept { return executor_; }

    /// Whether there is a port.
    bool is_open() const noexcept { return state_ && state_->port; }

    /// The port itself, for what needs no waiting. Not while an operation is outstanding.
    Port& port() noexcept { return state_->port; }

    /// What is outstanding completes with operation_aborted, unless it has completed already; nothing
    /// has been taken then.
    void cancel() {
        if (state_) state_->place->cancel(state_->who);
    }

    /// The descriptor that the context polls: of its doorbell, which all its ports share; of a wait set or a watch its
    /// own. Whoever polls it beside the context learns only that something has happened.
    int native_handle() const noexcept {
        return state_ && state_->place ? state_->place->native_handle() : -1;
    }

    /// Cancels, and ends the port.
    void close() noexcept {
        if (auto port = take_port()) Port ends = std::move(port);
    }

    /// Cancels, and gives the port back.
    Port release() noexcept { return take_port(); }

protected:
    template <class Take, class Token>
    auto initiate(Token&& token, Take take) {
        return asio::async_initiate<Token, completion_signature<Take>>(initiation(*this), token,
                                                                       std::move(take));
    }

    // A moved-from object completes operations with errc::closed.
    const std::shared_ptr<port_state<Port>>& shared_state() {
        if (!state_) state_ = std::make_shared<port_state<Port>>(Port());
        return state_;
    }

private:
    template <class, class>
    friend class io_object;

    class initiation {
    public:
        using executor_type = Executor;
        explicit initiation(io_object& object) noexcept : object_(&object) {}
        executor_type get_executor() const noexcept { return object_->executor_; }

        template <class Handler, class Take>
        void operator()(Handler&& handler, Take&& take) const {
            begin_operation(object_->shared_state(), object_->executor_,
                            std::decay_t<Take>(std::forward<Take>(take)),
                            std::forward<Handler>(handler));
        }

    private:
        io_object* object_;
    };

    void open(Port port) {
        if (!port) throw error(errc::closed, "await an empty port");
        auto state = std::make_shared<port_state<Port>>(std::move(port));
        state->place = doorbell_service_of(executor_).enter(state->port, state->who, executor_);
        state_ = std::move(state);
    }

    Port take_port() noexcept {
        if (!state_ || !state_->place || !state_->port) return {};
        state_->place->cancel(state_->who);
        Port port;
        // Under the station's mutex: an operation on another executor may be about to take from it.
        state_->place->detach(state_->port, state_->who, [&] { port = std::move(state_->port); });
        return port;
    }

    Executor executor_;
    std::shared_ptr<port_state<Port>> state_;
};

}  // namespace elkodon::async
