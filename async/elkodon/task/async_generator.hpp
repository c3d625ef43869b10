// A coroutine that yields one value after the other, and may await in between.
// The generator owns its frame; it runs while its consumer awaits the next value. Nothing here is shared.
#pragma once

#include <elkodon/task/task.hpp>

#include <optional>

namespace elkodon {

/// Lazy: runs up to its next `co_yield` each time that next() is awaited. Move-only. Thread rule: one at a time.
///
///     elkodon::async_generator<int> squares() { for (int i = 0;; ++i) co_yield i * i; }
///     while (auto n = co_await numbers.next()) use(*n);
template <class T>
class [[nodiscard]] async_generator {
public:
    class promise_type : public with_frame_memory {
    public:
        async_generator get_return_object() noexcept {
            return async_generator(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_always initial_suspend() const noexcept { return {}; }
        finishing final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() noexcept { thrown_ = std::current_exception(); }

        template <class U>
            requires std::is_convertible_v<U&&, T>
        finishing yield_value(U&& value) {
            value_.emplace(std::forward<U>(value));
            return {};
        }

        elkodon::stop_token stop_token() const noexcept { return stop_; }
        hop* then() const noexcept { return then_; }

    private:
        friend async_generator;
        std::optional<T> value_;
        std::exception_ptr thrown_;
        hop* then_ = nullptr;
        elkodon::stop_token stop_;
        resume_hop self_;
    };

    async_generator() noexcept = default;
    async_generator(async_generator&& other) noexcept : frame_(std::exchange(other.frame_, {})) {}
    async_generator& operator=(async_generator&& other) noexcept {
        std::swap(frame_, other.frame_);
        return *this;
    }
    ~async_generator() {
        if (frame_) frame_.destroy();
    }

    /// Awaits the next value: std::optional<T>, empty at the end. Throws what the generator throws, once.
    auto next() noexcept { return awaiter(frame_); }

private:
    class awaiter {
    public:
        explicit awaiter(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}
        awaiter(awaiter&& other) noexcept : frame_(other.frame_) {}

        bool await_ready() const noexcept { return !frame_ || frame_.done(); }
        template <class Promise>
        void await_suspend(std::coroutine_handle<Promise> parent) {
            auto& promise = frame_.promise();
            parent_.who = parent;
            promise.then_ = &parent_;
            promise.stop_ = stop_token_of(parent);
            promise.self_.who = frame_;
            trampoline::next(promise.self_);
        }
        std::optional<T> await_resume() {
            if (!frame_) return std::nullopt;
            if (auto& thrown = frame_.promise().thrown_; thrown)
                std::rethrow_exception(std::exchange(thrown, nullptr));
            return std::exchange(frame_.promise().value_, std::nullopt);
        }

    private:
        std::coroutine_handle<promise_type> frame_;
        resume_hop parent_;
    };

    explicit async_generator(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}
    std::coroutine_handle<promise_type> frame_;
};

}  // namespace elkodon
