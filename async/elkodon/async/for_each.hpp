// An operation that is made of many: it receives one message after the other, and hands each to a function.
// It keeps the port's state alive, not the object: that may be moved or destroyed meanwhile.
// Nothing is taken before the function is about to be called.
#pragma once

#include <elkodon/async/port_operation.hpp>

#include <asio/cancellation_state.hpp>
#include <elkodon/take/subscriber.hpp>

namespace elkodon::async {

/// Receives once: the initiation of an operation that may begin when its object has moved away.
template <class State, class Executor>
class receive_initiation;

template <class T, class Header, class Executor>
class receive_initiation<port_state<subscriber<T, Header>>, Executor> {
    using state = port_state<subscriber<T, Header>>;

public:
    using executor_type = Executor;
    receive_initiation(std::shared_ptr<state> of, const Executor& io)
        : state_(std::move(of)), io_(io) {}
    executor_type get_executor() const noexcept { return io_; }

    template <class Handler>
    void operator()(Handler&& handler) const {
        begin_operation(state_, io_, take::one_sample<T, Header>{}, std::forward<Handler>(handler));
    }

private:
    std::shared_ptr<state> state_;
    Executor io_;
};

/// What each receive completes with: it calls the function, and receives again. Its handler's associates are its own, but for
/// the slot: a signal that comes while the function runs is remembered.
template <class T, class Header, class Executor, class F, class Handler>
class each_step {
    using state = port_state<subscriber<T, Header>>;

public:
    using executor_type = asio::associated_executor_t<Handler, Executor>;
    using allocator_type = asio::associated_allocator_t<Handler, asio::recycling_allocator<void>>;
    using cancellation_slot_type = asio::cancellation_slot;

    each_step(std::shared_ptr<state> of, const Executor& io, F f, Handler handler)
        : state_(std::move(of)),
          io_(io),
          f_(std::move(f)),
          handler_(std::move(handler)),
          signals_(asio::get_associated_cancellation_slot(handler_),
                   asio::enable_total_cancellation(),
                   asio::enable_total_cancellation()) {}

    executor_type get_executor() const noexcept {
        return asio::get_associated_executor(handler_, io_);
    }
    allocator_type get_allocator() const noexcept {
        return asio::get_associated_allocator(handler_, asio::recycling_allocator<void>());
    }
    cancellation_slot_type get_cancellation_slot() const noexcept { return signals_.slot(); }

    void receive() {
        const auto of = state_;
        const auto io = io_;
        begin_operation(of, io, take::one_sample<T, Header>{}, std::move(*this));
    }

    void operator()(std::error_code error, sample<T, Header> taken) {
        if (error) return complete(error);
        f_(std::move(taken));
        if (signals_.cancelled() != asio::cancellation_type::none)
            return complete(asio::error::operation_aborted);
        receive();
    }

private:
    void complete(std::error_code error) {
        const bool closed =
            error == errc::closed || (state_->place && state_->place->closed(state_->who));
        auto slot = asio::get_associated_cancellation_slot(handler_);
        if (slot.is_connected()) slot.clear();
        auto handler = std::move(handler_);
        std::move(handler)(closed ? std::error_code() : error);
    }

    std::shared_ptr<state> state_;
    Executor io_;
    F f_;
    Handler handler_;
    asio::cancellation_state signals_;
};

/// Begins with the first receive.
template <class State, class Executor>
class each_initiation;

template <class T, class Header, class Executor>
class each_initiation<port_state<subscriber<T, Header>>, Executor> {
    using state = port_state<subscriber<T, Header>>;

public:
    using executor_type = Executor;
    each_initiation(std::shared_ptr<state> of, const Executor& io)
        : state_(std::move(of)), io_(io) {}
    executor_type get_executor() const noexcept { return io_; }

    template <class Handler, class F>
    void operator()(Handler&& handler, F&& f) const {
        using step = each_step<T, Header, Executor, std::decay_t<F>, std::decay_t<Handler>>;
        step(state_, io_, std::forward<F>(f), std::forward<Handler>(handler)).receive();
    }

private:
    std::shared_ptr<state> state_;
    Executor io_;
};

}  // namespace elkodon::async
