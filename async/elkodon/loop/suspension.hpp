// A coroutine that waits for its loop: how it is stopped, goes on, and is forgotten.
// Lies in the coroutine's frame; the loop links it. Nothing here is shared.
#pragma once

#include <elkodon/error.hpp>
#include <elkodon/loop/agenda.hpp>
#include <elkodon/task/stop.hpp>

#include <coroutine>
#include <system_error>

namespace elkodon::loops {

/// A promise that wants to hear of a stop, instead of having its coroutine go on with an error.
template <class Promise>
concept hears_of_stop = requires(Promise& promise) { promise.unhandled_stopped(); };

/// The base of every awaiter of a loop. Any promise type may await it; with `stop_token()` it can be stopped. One at
/// a time, with its loop.
class suspension : public completion, stop_listener {
protected:
    suspension() noexcept = default;
    ~suspension() { leave(); }

    /// Whether the coroutine was asked to stop before it began to wait; then `suspends` says whether it stays suspended.
    template <class Promise>
    bool stopped_already(std::coroutine_handle<Promise> who, bool& suspends) {
        if (!stop_token_of(who).stop_requested()) return false;
        error_ = stopped_error();
        if constexpr (hears_of_stop<Promise>) who.promise().unhandled_stopped();
        suspends = hears_of_stop<Promise>;
        return true;
    }

    /// From here on the loop waits for it, until go_on() or leave().
    template <class Promise>
    void suspend(agenda& loop, std::coroutine_handle<Promise> who) noexcept {
        who_ = who;
        loop_ = &loop;
        ++loop.outstanding;
        if constexpr (hears_of_stop<Promise>)
            tell_stopped_ = [](std::coroutine_handle<> whom) {
                std::coroutine_handle<Promise>::from_address(whom.address())
                    .promise()
                    .unhandled_stopped();
            };
        listen_to(stop_token_of(who));
    }

    /// The coroutine goes on. This may be gone when it returns.
    void go_on() {
        leave();
        const auto who = who_;
        if (stopped_ && tell_stopped_) return tell_stopped_(who);
        who.resume();
    }

    /// The loop waits for it no more.
    void leave() noexcept {
        if (!loop_) return;
        --loop_->outstanding;
        loop_ = nullptr;
        stop_listener::unlink();
        completion::unlink();
    }
    /// The same where the loop has ended: it never goes on.
    void abandon() noexcept override { leave(); }

    /// Goes on in its turn, with `why`. Nothing has been taken.
    void end_with(std::error_code why) noexcept {
        error_ = why;
        stop_listener::unlink();
        loop_->add(*this);
    }

    agenda* loop() const noexcept { return loop_; }
    bool stopped() const noexcept { return stopped_; }

    std::error_code error_;

private:
    /// Was asked to stop: ends with stopped_error(), now or later, or with what has happened already.
    virtual void stop() noexcept = 0;

    void on_stop() noexcept final {
        stopped_ = true;
        stop();
    }

    std::coroutine_handle<> who_;
    agenda* loop_ = nullptr;
    void (*tell_stopped_)(std::coroutine_handle<>) = nullptr;
    bool stopped_ = false;
};

/// Throws `why`, or hands it to whoever asked for it by std::error_code&.
inline void tell(std::error_code why, std::error_code* into, const char* doing) {
    if (into) *into = why;
    else if (why) throw error(why, doing);
}

}  // namespace elkodon::loops
