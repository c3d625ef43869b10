// What tests of coroutines await: an event that somebody sets, and a promise type that isn't ours.
#pragma once

#include <elkodon/task.hpp>

#include <coroutine>
#include <exception>
#include <utility>

namespace test {

/// One waiter; set by the test. Can be stopped, as an operation of a loop can.
class by_hand {
public:
    bool waited_for() const noexcept { return waiter_ != nullptr; }
    int stops() const noexcept { return stops_; }
    void set(int value) {
        auto* const waiter = std::exchange(waiter_, nullptr);
        waiter->value_ = value;
        waiter->go_on();
    }

    class awaiter final : elkodon::stop_listener {
    public:
        explicit awaiter(by_hand& event) noexcept : event_(&event) {}
        awaiter(awaiter&& other) noexcept : event_(other.event_) {}
        ~awaiter() {
            if (event_->waiter_ == this) event_->waiter_ = nullptr;
        }

        bool await_ready() const noexcept { return false; }
        template <class Promise>
        bool await_suspend(std::coroutine_handle<Promise> who) {
            who_ = who;
            const auto token = elkodon::stop_token_of(who);
            if (token.stop_requested()) {
                stopped_ = true;
                ++event_->stops_;
                return false;
            }
            listen_to(token);
            event_->waiter_ = this;
            return true;
        }
        int await_resume() {
            unlink();
            if (stopped_) throw elkodon::error(elkodon::stopped_error(), "await an event");
            return value_;
        }

    private:
        friend by_hand;
        void go_on() {
            elkodon::resume_hop hop(who_);
            elkodon::trampoline::run(hop);
        }
        void on_stop() noexcept override {
            ++event_->stops_;
            stopped_ = true;
            event_->waiter_ = nullptr;
            go_on();
        }
        by_hand* event_;
        std::coroutine_handle<> who_;
        int value_ = 0;
        bool stopped_ = false;
    };

    awaiter operator co_await() noexcept { return awaiter(*this); }
    awaiter wait() noexcept { return awaiter(*this); }

private:
    awaiter* waiter_ = nullptr;
    int stops_ = 0;
};

/// A coroutine type that a user wrote by hand: begins at once, tells nobody, cleans up after itself.
struct foreign {
    struct promise_type {
        foreign get_return_object() noexcept { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() { throw; }
    };
};

/// Counts those of its objects that live.
struct counted {
    static inline int alive = 0;
    counted() noexcept { ++alive; }
    counted(const counted&) noexcept { ++alive; }
    counted& operator=(const counted&) noexcept = default;
    ~counted() { --alive; }
};

}  // namespace test
