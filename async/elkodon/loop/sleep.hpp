// A coroutine that waits for a time.
// Lies in its frame; linked into its loop's timers. Nothing here is shared.
#pragma once

#include <elkodon/loop/suspension.hpp>
#include <elkodon/loop/timers.hpp>

#include <coroutine>

namespace elkodon::loops {

class engine;

/// What `async_sleep_for` and `async_sleep_until` return.
class [[nodiscard]] sleep {
public:
    sleep(engine& loop, steady_time due, std::error_code* ec) noexcept
        : loop_(&loop), due_(due), ec_(ec) {}

    class awaiter;
    awaiter operator co_await() const noexcept;

private:
    engine* loop_;
    steady_time due_;
    std::error_code* ec_;
};

class sleep::awaiter final : public suspension, sleeper {
public:
    awaiter(engine& loop, steady_time until, std::error_code* ec) noexcept
        : engine_(loop), ec_(ec) {
        due = until;
    }
    ~awaiter() { withdraw(); }

    bool await_ready() const noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> who);
    void await_resume() { tell(error_, ec_, "sleep"); }

private:
    friend engine;
    void withdraw() noexcept;
    void stop() noexcept override {
        withdraw();
        end_with(stopped_error());
    }
    void complete() override { go_on(); }

    engine& engine_;
    std::error_code* ec_;
};

}  // namespace elkodon::loops
