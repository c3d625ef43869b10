// Several awaitables that one coroutine awaits at once: each in a small coroutine of its own.
// All of it lies in the frame of who awaits, and on its loop. Nothing here is shared.
#pragma once

#include <elkodon/base/atomic.hpp>
#include <elkodon/task/task.hpp>

#include <cstddef>

namespace elkodon {

template <class T>
class branch;

template <class T>
class branch_promise final : public task_promise<T> {
public:
    branch<T> get_return_object() noexcept;

    /// For operations: what was asked to stop need not throw here, for nobody will look at it. The branch ends
    /// without a result.
    void unhandled_stopped() noexcept { trampoline::next(*this->then()); }
};

/// Awaits one thing; like a task, but when what it awaits is stopped it just ends.
template <class T>
class branch {
public:
    using promise_type = branch_promise<T>;

    branch() noexcept = default;
    branch(branch&& other) noexcept : frame_(std::exchange(other.frame_, {})) {}
    branch& operator=(branch&& other) noexcept {
        std::swap(frame_, other.frame_);
        return *this;
    }
    ~branch() {
        if (frame_) frame_.destroy();
    }

    void start(hop& then, stop_token stop) { frame_.promise().start(frame_, then, stop); }
    outcome<T>& result() noexcept { return frame_.promise().result(); }

private:
    friend promise_type;
    explicit branch(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}
    std::coroutine_handle<promise_type> frame_;
};

template <class T>
branch<T> branch_promise<T>::get_return_object() noexcept {
    return branch<T>(std::coroutine_handle<branch_promise>::from_promise(*this));
}

template <class A>
branch<await_result_t<A>> make_branch(A what) {
    co_return co_await std::forward<A>(what);
}

/// Counts branches until all have ended; the first that ends with a result, or with an exception, decides.
class gathering {
public:
    static constexpr std::size_t nobody = static_cast<std::size_t>(-1);

    explicit gathering(stop_source::late_results late) noexcept : stop_({}, late) {}
    gathering(const gathering&) = delete;
    gathering& operator=(const gathering&) = delete;

    /// Before the first branch: who goes on when all have ended. The starter counts as one of them.
    void begin(std::coroutine_handle<> parent, stop_token stop) noexcept {
        parent_.who = parent;
        stop_.follow(stop);
    }

    /// What happens at the end of a branch.
    struct arrival : hop {
        arrival() noexcept : hop([](hop& self) { static_cast<arrival&>(self).arrive(); }) {}
        gathering* stage = nullptr;
        std::size_t index = 0;
        bool (*decides)(arrival&) = nullptr;

        void arrive() {
            if (stage->decider_ == nobody && decides(*this)) {
                stage->decider_ = index;
                stage->stop_.request_stop();
            }
            if (stage->leave()) trampoline::next(stage->parent_);
        }
    };

    /// Runs a branch until it has to wait. False when nobody else need begin.
    template <class T>
    bool start(branch<T>& what, arrival& end) {
        // relaxed: the thread that starts is the one that counts up.
        outstanding_.fetch_add(1, std::memory_order_relaxed);
        end.stage = this;
        struct first : hop {
            first(branch<T>& b, arrival& e, stop_token s) noexcept
                : hop([](hop& self) {
                      auto& me = static_cast<first&>(self);
                      me.what.start(me.end, me.stop);
                  }),
                  what(b),
                  end(e),
                  stop(s) {}
            branch<T>& what;
            arrival& end;
            stop_token stop;
        } now(what, end, stop_.token());
        trampoline::run(now);
        return decider_ == nobody;
    }

    /// The starter's end: whether it has to suspend.
    bool leave_or_wait() noexcept {
        // sync[gathering] acquire: what branches that ended on other threads have left; a release for the last of them.
        return outstanding_.fetch_sub(1, std::memory_order_acq_rel) != 1;
    }

    /// Which branch decided; nobody: all were stopped.
    std::size_t decider() const noexcept { return decider_; }

private:
    bool leave() noexcept {
        // sync[gathering] release: its result, for who goes on; an acquire for the last one, which makes him.
        return outstanding_.fetch_sub(1, std::memory_order_acq_rel) == 1;
    }

    stop_source stop_;
    resume_hop parent_;
    atomic<std::size_t> outstanding_{1};
    std::size_t decider_ = nobody;
};

[[noreturn]] inline void throw_stopped(const char* doing) { throw error(stopped_error(), doing); }

}  // namespace elkodon
