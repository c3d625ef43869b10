// An asynchronous wait with its handler: the one place that knows Asio's rules about handlers.
// Pop late: nothing is taken from a port before this runs on the handler's executor and finds itself not
// cancelled. So racing it against a timer loses nothing.
#pragma once

#include <elkodon/async/doorbell_service.hpp>
#include <elkodon/error.hpp>
#include <elkodon/take/take.hpp>

#include <asio/associated_allocator.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/dispatch.hpp>
#include <asio/error.hpp>
#include <asio/execution/outstanding_work.hpp>
#include <asio/post.hpp>
#include <asio/prefer.hpp>
#include <asio/recycling_allocator.hpp>
#include <memory>
#include <optional>
#include <utility>

namespace elkodon::async {

/// The port of an I/O object and its place; shared with its operations, which may outlive the object.
template <class Port>
struct port_state {
    explicit port_state(Port handed) : port(std::move(handed)) {}
    ~port_state() { leave(); }
    port_state(const port_state&) = delete;
    port_state& operator=(const port_state&) = delete;

    /// Gives up the place. What is outstanding was cancelled before.
    void leave() noexcept {
        if (place && port) place->detach(port, who, [] {});
    }

    Port port;
    std::shared_ptr<place_of<Port>> place;
    waiter who;
};

/// How a take's operation completes: `void(std::error_code)`, or with its result.
template <class Take, class Result = typename Take::result>
struct completion_of {
    using signature = void(std::error_code, Result);
};
template <class Take>
struct completion_of<Take, nothing_taken> {
    using signature = void(std::error_code);
};
template <class Take>
using completion_signature = typename completion_of<Take>::signature;

/// `Take` says what is taken: see take.hpp.
template <class Port, class Take, class Handler, class IoExecutor>
    requires takes_from<Take, Port>
class port_operation final : public operation {
    using result = typename Take::result;
    using state = port_state<Port>;
    using executor = asio::associated_executor_t<Handler, IoExecutor>;
    using allocator = asio::associated_allocator_t<Handler, asio::recycling_allocator<void>>;

    template <class Executor>
    using tracked = std::decay_t<decltype(asio::prefer(std::declval<const Executor&>(),
                                                       asio::execution::outstanding_work.tracked))>;

public:
    static owner make(Handler handler, Take take, std::shared_ptr<state> of, const IoExecutor& io) {
        auto memory = memory_of(handler);
        auto* const place = std::allocator_traits<decltype(memory)>::allocate(memory, 1);
        try {
            return owner(::new (static_cast<void*>(place)) port_operation(
                std::move(handler), std::move(take), std::move(of), io));
        } catch (...) {
            std::allocator_traits<decltype(memory)>::deallocate(memory, place, 1);
            throw;
        }
    }

    /// Begins: completes with already_running or closed, or at once, or waits. Nothing of it happens inline.
    static void start(owner self) {
        auto& op = static_cast<port_operation&>(*self);
        if (!op.state_->port) return op.refuse(std::move(self), errc::closed);
        if (!op.state_->place->begin(op.state_->who, op))
            return op.refuse(std::move(self), errc::already_running);
        begin_take(op.take_, op.state_->port);
        op.connect_cancellation();
        op.look_or_wait(std::move(self));
    }

    void dispatch(owner self) override {
        const auto where = executor_;
        asio::dispatch(where, step(std::move(self)));
    }
    // Through the queue of the object's context, as Asio's own operations go: the handler's executor may belong to
    // another context, or to none.
    void post(owner self) override {
        const auto where = io_work_;
        asio::post(where, hop(std::move(self)));
    }

private:
    using memory_allocator =
        typename std::allocator_traits<allocator>::template rebind_alloc<port_operation>;

    // Where the handler has no allocator of its own: Asio's recycled memory, so that nothing is allocated in
    // steady state.
    static allocator allocator_of(const Handler& handler) noexcept {
        return asio::get_associated_allocator(handler, asio::recycling_allocator<void>());
    }
    static memory_allocator memory_of(const Handler& handler) noexcept {
        return memory_allocator(allocator_of(handler));
    }

    /// What travels through executors: owns the operation, and destroys it when it is never called.
    class traveller {
    public:
        using allocator_type = port_operation::allocator;
        explicit traveller(owner op) noexcept : op_(std::move(op)) {}
        allocator_type get_allocator() const noexcept { return allocator_of(self().handler_); }

    protected:
        port_operation& self() const noexcept { return static_cast<port_operation&>(*op_); }
        owner op_;
    };

    struct hop : traveller {
        using traveller::traveller;
        void operator()() { this->self().dispatch(std::move(this->op_)); }
    };

    struct step : traveller {
        using traveller::traveller;
        void operator()() { this->self().run(std::move(this->op_)); }
    };

    port_operation(Handler handler, Take take, std::shared_ptr<state> of, const IoExecutor& io)
        : handler_(std::move(handler)),
          take_(std::move(take)),
          state_(std::move(of)),
          executor_(asio::prefer(asio::get_associated_executor(handler_, io),
                                 asio::execution::outstanding_work.tracked)),
          io_work_(asio::prefer(io, asio::execution::outstanding_work.tracked)) {}

    void refuse(owner self, errc why) {
        refused_ = why;
        post(std::move(self));
    }

    // On the initiating side the port is the caller's; once it waits it is the station's.
    void look_or_wait(owner self) {
        // The operation may complete on another thread before wait() returns.
        const auto held = state_;
        held->place->wait(held->who, std::move(self));
    }

    void connect_cancellation() {
        auto slot = asio::get_associated_cancellation_slot(handler_);
        if (!slot.is_connected()) return;
        // Every kind of cancellation is total here: nothing has been taken yet.
        slot.assign([weak = std::weak_ptr<state>(state_),
                     which = static_cast<const operation*>(this)](asio::cancellation_type type) {
            if (type == asio::cancellation_type::none) return;
            if (const auto alive = weak.lock()) alive->place->cancel(alive->who, which);
        });
    }

    // On the handler's executor. The port is taken from under the station's mutex: the object's own executor may
    // be closing it.
    void run(owner self) {
        if (refused_) return complete(std::move(self), *refused_, left_by(take_));
        if (state_->place->forked()) return complete(std::move(self), errc::forked, left_by(take_));
        result taken{};
        std::error_code ec;
        bool nothing = false;
        const auto take = [&] { nothing = !take_.from(state_->port, taken, ec); };
        const bool ours = state_->place->unless_aborted(state_->who, *this, take);
        if (!ours) return complete(std::move(self), asio::error::operation_aborted, left_by(take_));
        if (nothing) return look_or_wait(std::move(self));
        complete(std::move(self), ec, std::move(taken));
    }

    // The handler's memory is free before it is called, so that its next operation may use it. The allocator
    // is asked for before the handler moves: a moved-from one may have none. The object's context is let go
    // before the call: who waits in another thread may destroy it then.
    void complete(owner self, std::error_code ec, result taken) {
        if (!refused_) {
            auto slot = asio::get_associated_cancellation_slot(handler_);
            if (slot.is_connected()) slot.clear();
        }
        auto memory = memory_of(handler_);
        auto handler = std::move(handler_);
        [[maybe_unused]] const auto work = std::move(executor_);
        static_cast<port_operation*>(self.release())->free(memory);
        if constexpr (std::is_same_v<result, nothing_taken>) std::move(handler)(ec);
        else std::move(handler)(ec, std::move(taken));
    }

    void destroy() noexcept override {
        auto memory = memory_of(handler_);
        free(memory);
    }

    void free(memory_allocator& memory) noexcept {
        if (!refused_ && state_->place) state_->place->end(state_->who, *this);
        this->~port_operation();
        std::allocator_traits<memory_allocator>::deallocate(memory, this, 1);
    }

    Handler handler_;
    Take take_;
    std::shared_ptr<state> state_;
    tracked<executor> executor_;
    tracked<IoExecutor> io_work_;
    std::optional<errc> refused_;
};

/// Begins an operation on a port: what an I/O object's initiation does, and an operation that is made of several.
template <class Take, class Port, class Handler, class IoExecutor>
void begin_operation(const std::shared_ptr<port_state<Port>>& state,
                     const IoExecutor& io,
                     Take take,
                     Handler&& handler) {
    using made = port_operation<Port, Take, std::decay_t<Handler>, IoExecutor>;
    made::start(made::make(std::forward<Handler>(handler), std::move(take), state, io));
}

}  // namespace elkodon::async
