// Asking coroutines to end: a source in the frame of whoever may ask, tokens in those that listen.
// All of it belongs to the thread of their loop: no lock, no allocation. Nothing here is shared.
#pragma once

#include <concepts>
#include <coroutine>
#include <system_error>
#include <utility>

namespace elkodon {

class stop_source;

/// What an operation that was asked to end says: ECANCELED, as Asio's operation_aborted.
inline std::error_code stopped_error() noexcept {
    return {static_cast<int>(std::errc::operation_canceled), std::system_category()};
}

/// Whether its source was asked to stop. Copyable; valid as long as its source: that of `when_any` and its like
/// outlives all their branches. One at a time, with its source.
class stop_token {
public:
    stop_token() noexcept = default;

    bool stop_possible() const noexcept { return source_ != nullptr; }
    bool stop_requested() const noexcept;

    /// Whether what completes too late is lost, as in a loser of `when_any`: then an operation had better take
    /// nothing before it knows that it has won.
    bool drops_late_results() const noexcept;

private:
    friend class stop_source;
    friend class stop_listener;
    explicit stop_token(stop_source& source) noexcept : source_(&source) {}
    stop_source* source_ = nullptr;
};

/// Is told when a stop is requested, once. Linked into its source until then, until unlinked, or destroyed.
class stop_listener {
public:
    stop_listener(const stop_listener&) = delete;
    stop_listener& operator=(const stop_listener&) = delete;

    void listen_to(stop_token token) noexcept;
    void unlink() noexcept;

protected:
    stop_listener() noexcept = default;
    ~stop_listener() { unlink(); }

private:
    friend class stop_source;
    virtual void on_stop() noexcept = 0;

    stop_listener* next_ = nullptr;
    stop_listener** before_ = nullptr;  // whoever points at us
};

/// What a `stop_listener` is, with a function.
template <std::invocable F>
class stop_callback final : stop_listener {
public:
    stop_callback(stop_token token, F f) : f_(std::move(f)) {
        if (token.stop_requested()) on_stop();
        else listen_to(token);
    }

private:
    void on_stop() noexcept override { f_(); }
    F f_;
};

/// Who may ask. With a parent's token it also asks when the parent is asked. One at a time.
class stop_source final : stop_listener {
public:
    enum class late_results { kept, dropped };

    stop_source() noexcept = default;
    explicit stop_source(stop_token parent, late_results late = late_results::kept) noexcept {
        follow(parent);
        if (late == late_results::dropped) drops_late_results_ = true;
    }
    ~stop_source() {
        if (gone_) *gone_ = true;
        while (first_) first_->unlink();
    }

    /// Asks when `parent` is asked, from now on.
    void follow(stop_token parent) noexcept {
        drops_late_results_ = drops_late_results_ || parent.drops_late_results();
        unlink();
        if (parent.stop_requested()) request_stop();
        else listen_to(parent);
    }

    stop_token token() noexcept { return stop_token(*this); }
    bool stop_requested() const noexcept { return requested_; }

    /// Tells all who listen, before it returns. Who is told may destroy this source.
    void request_stop() noexcept {
        if (std::exchange(requested_, true)) return;
        bool gone = false;
        gone_ = &gone;
        while (auto* const each = first_) {
            each->unlink();
            each->on_stop();
            if (gone) return;
        }
        gone_ = nullptr;
    }

private:
    friend class stop_token;
    friend class stop_listener;
    void on_stop() noexcept override { request_stop(); }

    stop_listener* first_ = nullptr;
    bool* gone_ = nullptr;  // while request_stop() runs: where to say that this has been destroyed
    bool requested_ = false;
    bool drops_late_results_ = false;
};

inline bool stop_token::stop_requested() const noexcept { return source_ && source_->requested_; }
inline bool stop_token::drops_late_results() const noexcept {
    return source_ && source_->drops_late_results_;
}

inline void stop_listener::listen_to(stop_token token) noexcept {
    if (!token.source_) return;
    auto*& first = token.source_->first_;
    next_ = first;
    if (next_) next_->before_ = &next_;
    before_ = &first;
    first = this;
}
inline void stop_listener::unlink() noexcept {
    if (!before_) return;
    *before_ = next_;
    if (next_) next_->before_ = before_;
    before_ = nullptr;
}

/// What a coroutine listens to: its promise's `stop_token()`, if it has one. A foreign promise type may have it, too.
template <class Promise>
stop_token stop_token_of([[maybe_unused]] std::coroutine_handle<Promise> who) noexcept {
    if constexpr (requires {
                      { who.promise().stop_token() } -> std::convertible_to<stop_token>;
                  })
        return who.promise().stop_token();
    else return {};
}

/// `auto token = co_await elkodon::get_stop_token;`: what the coroutine that asks listens to.
class get_stop_token_t {
    class reader {
    public:
        reader() noexcept {}
        bool await_ready() const noexcept { return false; }
        template <class Promise>
        bool await_suspend(std::coroutine_handle<Promise> who) noexcept {
            token_ = stop_token_of(who);
            return false;
        }
        stop_token await_resume() const noexcept { return token_; }

    private:
        stop_token token_;
    };

public:
    reader operator co_await() const noexcept { return {}; }
};
inline constexpr get_stop_token_t get_stop_token;

}  // namespace elkodon
