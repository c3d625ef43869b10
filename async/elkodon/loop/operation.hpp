// An awaited operation of a port, and the asynchronous side of that port.
// Pop late: nothing is taken before the very moment at which the coroutine goes on, and only when it was not cancelled.
// So whoever races it against something else loses nothing. Nothing here is shared.
#pragma once

#include <elkodon/loop/suspension.hpp>

namespace elkodon::loops {

class operation;

/// One port in a loop, as its operations see it. Lies with the port. One at a time, with its loop.
class waiter {
public:
    waiter(const waiter&) = delete;
    waiter& operator=(const waiter&) = delete;

    /// The loop's; null when the port was closed, or the loop has ended.
    agenda* loop() const noexcept { return loop_; }

    /// The one operation that has begun and not completed.
    operation* outstanding = nullptr;

    /// Queues the outstanding operation once there may be news; forget() before that: never.
    virtual void wait() = 0;
    virtual void forget() noexcept = 0;

    /// There may be news.
    void ready() noexcept;
    /// What is outstanding completes with `why`.
    void cancel(std::error_code why) noexcept;
    /// The loop has ended: what is outstanding never completes, and nothing can begin.
    void end() noexcept;

protected:
    waiter() noexcept = default;
    ~waiter() = default;
    agenda* loop_ = nullptr;
};

/// The awaiter without its types.
class operation : public suspension {
protected:
    /// Null: there is no port, and no loop.
    explicit operation(waiter* of) noexcept : waiter_(of) {}
    ~operation() { detach(); }

    /// Takes at once, or waits. Whether the coroutine stays suspended.
    template <class Promise>
    bool begin(std::coroutine_handle<Promise> who) {
        auto* const loop = waiter_ ? waiter_->loop() : nullptr;
        if (!loop) return refuse(errc::closed);
        if (waiter_->outstanding) return refuse(errc::already_running);
        if (bool suspends; stopped_already(who, suspends)) return suspends;
        const bool may_take = loop->may_go_on();
        if (may_take && take(error_)) return false;
        waiter_->outstanding = this;
        suspend(*loop, who);
        if (may_take) waiter_->wait();
        else loop->add(*this);
        return true;
    }

private:
    friend waiter;

    /// Takes what there is: true also for an error. False: nothing was there after all.
    virtual bool take(std::error_code& ec) = 0;

    bool refuse(errc why) noexcept {
        error_ = why;
        return false;
    }
    void complete() override {
        if (waiter_ && waiter_->outstanding == this && !take(error_)) return waiter_->wait();
        detach();
        go_on();
    }
    void stop() noexcept override { end(stopped_error()); }
    void end(std::error_code why) noexcept {
        detach();
        end_with(why);
    }
    void abandon() noexcept override {
        detach();
        suspension::abandon();
    }
    void detach() noexcept {
        if (!waiter_ || waiter_->outstanding != this) return;
        waiter_->forget();
        waiter_->outstanding = nullptr;
        waiter_ = nullptr;
    }

    waiter* waiter_;
};

inline void waiter::ready() noexcept {
    if (outstanding) loop_->add(*outstanding);
}
inline void waiter::cancel(std::error_code why) noexcept {
    if (outstanding) outstanding->end(why);
}
inline void waiter::end() noexcept {
    if (outstanding) outstanding->abandon();
    loop_ = nullptr;
}

}  // namespace elkodon::loops
