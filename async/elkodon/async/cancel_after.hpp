// A completion token with a time limit, for an Asio that has none of its own: the operation is cancelled when it is over.
// The timer and the operation run on the handler's executor: one at a time, so on a strand where several threads run.
// Pop late makes it safe: an operation of ours that loses against the timer has taken nothing.
#pragma once

#include <asio/associated_allocator.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/recycling_allocator.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace elkodon::async {

/// What cancel_after() returns: `token`, with a limit.
template <class Token>
struct cancel_after_t {
    std::chrono::steady_clock::duration limit;
    Token token;
};

/// Cancels the operation `limit` after its beginning (terminal): it completes with operation_aborted then, as if by its own
/// signal, which works all the same. For operations that support cancellation.
template <class Rep, class Period, class Token>
cancel_after_t<std::decay_t<Token>> cancel_after(std::chrono::duration<Rep, Period> limit,
                                                 Token&& token) {
    return {std::chrono::ceil<std::chrono::steady_clock::duration>(limit),
            std::forward<Token>(token)};
}

namespace timed {

/// What the operation and its timer share. The timer's wait may end after the operation; it does nothing then.
struct limit {
    template <class Executor>
    explicit limit(const Executor& executor) : timer(executor) {}
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>,
                               asio::any_io_executor>
        timer;
    asio::cancellation_signal signal;
    bool over = false;  // the operation has completed
};

/// The operation's handler: stops the timer, then calls the user's.
template <class Handler, class Executor>
class handler {
public:
    using executor_type = asio::associated_executor_t<Handler, Executor>;
    using allocator_type = asio::associated_allocator_t<Handler, asio::recycling_allocator<void>>;
    using cancellation_slot_type = asio::cancellation_slot;

    handler(std::shared_ptr<limit> shared, const Executor& io, Handler called)
        : shared_(std::move(shared)), io_(io), called_(std::move(called)) {}

    executor_type get_executor() const noexcept {
        return asio::get_associated_executor(called_, io_);
    }
    allocator_type get_allocator() const noexcept {
        return asio::get_associated_allocator(called_, asio::recycling_allocator<void>());
    }
    cancellation_slot_type get_cancellation_slot() const noexcept { return shared_->signal.slot(); }

    template <class... Results>
    void operator()(Results&&... results) {
        shared_->over = true;
        shared_->timer.cancel();
        auto slot = asio::get_associated_cancellation_slot(called_);
        if (slot.is_connected()) slot.clear();
        auto called = std::move(called_);
        shared_.reset();
        std::move(called)(std::forward<Results>(results)...);
    }

private:
    std::shared_ptr<limit> shared_;
    Executor io_;
    Handler called_;
};

/// Begins the operation, and its time.
template <class Initiation>
class initiation {
public:
    using executor_type = asio::associated_executor_t<Initiation, asio::any_io_executor>;

    initiation(Initiation begun, std::chrono::steady_clock::duration limit)
        : begun_(std::move(begun)), limit_(limit) {}
    executor_type get_executor() const noexcept {
        return asio::get_associated_executor(begun_, asio::any_io_executor());
    }

    template <class Handler, class... Args>
    void operator()(Handler&& called, Args&&... args) {
        const auto io = get_executor();
        const auto executor = asio::get_associated_executor(called, io);
        auto slot = asio::get_associated_cancellation_slot(called);
        const auto shared = std::allocate_shared<limit>(
            asio::get_associated_allocator(called, asio::recycling_allocator<void>()), io);
        if (slot.is_connected())
            slot.assign([weak = std::weak_ptr<limit>(shared)](asio::cancellation_type type) {
                if (const auto alive = weak.lock()) alive->signal.emit(type);
            });
        shared->timer.expires_after(limit_);
        shared->timer.async_wait(asio::bind_executor(executor, [shared](std::error_code error) {
            if (!error && !shared->over) shared->signal.emit(asio::cancellation_type::terminal);
        }));
        using made = handler<std::decay_t<Handler>, executor_type>;
        std::move(begun_)(made(shared, io, std::forward<Handler>(called)),
                          std::forward<Args>(args)...);
    }

private:
    Initiation begun_;
    std::chrono::steady_clock::duration limit_;
};

}  // namespace timed

}  // namespace elkodon::async

template <class Token, class Signature>
class asio::async_result<elkodon::async::cancel_after_t<Token>, Signature> {
public:
    template <class Initiation, class Limited, class... Args>
    static auto initiate(Initiation&& begun, Limited&& limited, Args&&... args) {
        auto token = std::forward<Limited>(limited).token;
        return asio::async_initiate<Token, Signature>(
            elkodon::async::timed::initiation<std::decay_t<Initiation>>(
                std::forward<Initiation>(begun), limited.limit),
            token, std::forward<Args>(args)...);
    }
};
