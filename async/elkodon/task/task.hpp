// A coroutine that runs when it is awaited, and whose awaiter goes on when it has ended.
// The task owns its frame. It runs where it is resumed; nothing here is shared.
#pragma once

#include <elkodon/error.hpp>
#include <elkodon/task/awaitable.hpp>
#include <elkodon/task/frame_memory.hpp>
#include <elkodon/task/outcome.hpp>
#include <elkodon/task/stop.hpp>
#include <elkodon/task/trampoline.hpp>

#include <coroutine>
#include <utility>

namespace elkodon {

template <class T = void>
class task;

/// What follows the end of a coroutine.
class finishing {
public:
    finishing() noexcept {}
    bool await_ready() const noexcept { return false; }
    // Void, and nothing after next(): what goes on then may destroy this frame.
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> who) const noexcept {
        trampoline::next(*who.promise().then());
    }
    void await_resume() const noexcept {}
};

/// A task's promise: who goes on when it ends, and what it listens to.
template <class T>
class task_promise : public returns_outcome<T>, public with_frame_memory {
public:
    task<T> get_return_object() noexcept;
    std::suspend_always initial_suspend() const noexcept { return {}; }
    finishing final_suspend() const noexcept { return {}; }

    elkodon::stop_token stop_token() const noexcept { return stop_; }

    /// Begins; `then` happens when it has ended. `self` is this promise's own.
    void start(std::coroutine_handle<> self, hop& then, elkodon::stop_token stop) {
        then_ = &then;
        stop_ = stop;
        self_.who = self;
        trampoline::next(self_);
    }
    hop* then() const noexcept { return then_; }
    outcome<T>& result() noexcept { return this->outcome_; }

private:
    resume_hop self_;
    hop* then_ = nullptr;
    elkodon::stop_token stop_;
};

/// Lazy: it begins when it is awaited, spawned in a loop, or waited for. Move-only; awaited once. Destroyed before it has
/// ended, what it waits for is cancelled. Its frame's memory comes from the allocator behind a std::allocator_arg that is
/// its first parameter; otherwise from a cache of the thread. Thread rule: one at a time, with its loop.
///
///     elkodon::task<int> answer() { co_return 42; }
template <class T>
class [[nodiscard]] task {
public:
    using promise_type = task_promise<T>;
    using value_type = T;

    task() noexcept = default;
    task(task&& other) noexcept : frame_(std::exchange(other.frame_, {})) {}
    task& operator=(task&& other) noexcept {
        if (this == &other) return *this;
        if (frame_) frame_.destroy();
        frame_ = std::exchange(other.frame_, {});
        return *this;
    }
    ~task() {
        if (frame_) frame_.destroy();
    }

    explicit operator bool() const noexcept { return static_cast<bool>(frame_); }

    /// Runs it, and gives what it returns or throws. Throws errc::closed for a task that was moved from.
    auto operator co_await() && {
        if (!frame_) throw error(errc::closed, "await a task that was moved from");
        return awaiter(std::move(*this));
    }

    /// For combinators and loops: begins, and does `then` when it has ended.
    void start(hop& then, stop_token stop) { frame_.promise().start(frame_, then, stop); }
    outcome<T>& result() noexcept { return frame_.promise().result(); }

private:
    friend promise_type;
    explicit task(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}

    class awaiter {
    public:
        explicit awaiter(task&& what) noexcept : what_(std::move(what)) {}
        awaiter(awaiter&& other) noexcept : what_(std::move(other.what_)) {}

        bool await_ready() const noexcept { return false; }
        // Void, and nothing after start(): the parent may be gone by then.
        template <class Promise>
        void await_suspend(std::coroutine_handle<Promise> parent) {
            parent_.who = parent;
            what_.start(parent_, stop_token_of(parent));
        }
        T await_resume() { return what_.result().take(); }

    private:
        task what_;
        resume_hop parent_;
    };

    std::coroutine_handle<promise_type> frame_;
};

template <class T>
task<T> task_promise<T>::get_return_object() noexcept {
    return task<T>(std::coroutine_handle<task_promise>::from_promise(*this));
}

/// The coroutine type of a port's loop: `asio::awaitable<T>` or `elkodon::task<T>`. So a body is written once.
template <class Port, class T = void>
using task_for = typename Port::template task<T>;

}  // namespace elkodon
