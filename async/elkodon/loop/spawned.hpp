// A task that runs in a loop, and what it has left.
// The loop runs it; whoever spawned it holds its result, on any thread.
// Nothing here is shared with other processes.
#pragma once

#include <elkodon/base/atomic.hpp>
#include <elkodon/loop/completion.hpp>
#include <elkodon/loop/inbox.hpp>
#include <elkodon/task/task.hpp>

#include <cstdint>
#include <utility>

namespace elkodon::loops {

/// Owned by its loop until it has ended, and by its handle.
class running_base : public posted, public link {
public:
    void keep() noexcept {
        // relaxed: who keeps it has it already.
        users_.fetch_add(1, std::memory_order_relaxed);
    }
    void let_go() noexcept {
        // sync[loop.task] release: what this user did with it; acquire for the last one.
        if (users_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }
    bool ended() const noexcept {
        // sync[loop.ended] acquire: its result.
        return ended_.load(std::memory_order_acquire);
    }
    /// The loop's thread: asks it to stop; before it began: it is asked when it begins.
    void request_stop() noexcept { stop_.request_stop(); }

    running_base* as_task() noexcept final { return this; }
    /// The loop ends first: the frame goes, and nothing is left for whoever holds the handle.
    virtual void abandon() noexcept = 0;

protected:
    running_base() noexcept = default;

    bool nobody_asks() const noexcept {
        // sync[loop.task] acquire: a handle that was dropped on another thread.
        return users_.load(std::memory_order_acquire) == 1;
    }
    void end() noexcept {
        link::unlink();
        // sync[loop.ended] release: the result, for whoever asks on another thread.
        ended_.store(true, std::memory_order_release);
    }
    stop_source stop_;

private:
    atomic<std::uint32_t> users_{1};
    atomic<bool> ended_{false};
};

struct let_go {
    void operator()(running_base* what) const noexcept { what->let_go(); }
};

template <class T>
class running final : public running_base, public with_frame_memory {
public:
    explicit running(task<T> what) noexcept : end_(*this), task_(std::move(what)) {}

    void run() override { task_.start(end_, stop_.token()); }
    void abandon() noexcept override { task_ = {}; }
    T take() { return result_.take(); }

private:
    struct at_end : hop {
        explicit at_end(running& of) noexcept
            : hop([](hop& self) { static_cast<at_end&>(self).what.finish(); }), what(of) {}
        running& what;
    };

    // What it throws, and nobody can ask for, leaves the loop's run().
    void finish() {
        const std::unique_ptr<running_base, elkodon::loops::let_go> last(this);
        result_ = std::move(task_.result());
        task_ = {};
        auto why = result_.failure();
        const bool alone = nobody_asks();
        end();
        if (alone && why) std::rethrow_exception(std::move(why));
    }

    at_end end_;
    task<T> task_;
    outcome<T> result_;
};

/// What `loop.spawn(task)` gives. May be dropped: then what the task throws leaves the loop's run(). Move-only. Any
/// thread; cancel() the loop's.
template <class T>
class spawned {
public:
    spawned() noexcept = default;
    explicit spawned(running<T>& what) noexcept : what_(&what) { what.keep(); }
    spawned(spawned&& other) noexcept = default;
    spawned& operator=(spawned&& other) noexcept = default;

    explicit operator bool() const noexcept { return what_ != nullptr; }

    /// Whether it has ended; false for ever when its loop ends first.
    bool done() const noexcept { return what_ && what_->ended(); }

    /// What it returned, once, or what it threw. Never waits: throws resource_unavailable_try_again when it has not ended.
    T get() {
        if (!done())
            throw error(std::make_error_code(std::errc::resource_unavailable_try_again),
                        "take the result of a task that has not ended");
        return static_cast<running<T>*>(what_.get())->take();
    }

    /// Asks it to stop: what it waits for ends with operation_canceled.
    void cancel() noexcept {
        if (what_) what_->request_stop();
    }

private:
    std::unique_ptr<running_base, let_go> what_;
};

}  // namespace elkodon::loops
