// What other threads ask a loop to do.
// Any thread pushes; the loop's takes. Nothing here is shared with other processes.
#pragma once

#include <elkodon/base/atomic.hpp>
#include <elkodon/task/frame_memory.hpp>

#include <memory>
#include <utility>

namespace elkodon::loops {

class running_base;

/// Something to do once, on the loop's thread.
class posted {
public:
    posted(const posted&) = delete;
    posted& operator=(const posted&) = delete;
    virtual ~posted() = default;
    virtual void run() = 0;

    /// A task that begins, and from then on belongs to its loop.
    virtual running_base* as_task() noexcept { return nullptr; }

protected:
    posted() noexcept = default;

private:
    friend class inbox;
    posted* next_ = nullptr;
};

template <class F>
class posted_function final : public posted, public with_frame_memory {
public:
    explicit posted_function(F f) : f_(std::move(f)) {}
    void run() override { f_(); }

private:
    F f_;
};

/// First come, first gone. What was not taken is destroyed with it.
class inbox {
public:
    inbox() noexcept = default;
    inbox(const inbox&) = delete;
    inbox& operator=(const inbox&) = delete;
    ~inbox() {
        while (pop()) {}
    }

    /// Any thread.
    void push(std::unique_ptr<posted> what) noexcept {
        auto* const raw = what.release();
        // relaxed: the exchange below says whether it still holds.
        raw->next_ = newest_.load(std::memory_order_relaxed);
        // sync[loop.inbox] release: what was posted, for the loop's thread; seq_cst: then the poster asks whether the loop
        // sleeps, while the loop says so and then looks here: one of the two sees the other.
        while (!newest_.compare_exchange_weak(raw->next_, raw, std::memory_order_seq_cst,
                                              std::memory_order_relaxed)) {}
    }

    /// The loop's thread, as the next one.
    bool empty() const noexcept {
        // sync[loop.inbox] seq_cst: after "the loop sleeps" was said.
        return !oldest_ && newest_.load(std::memory_order_seq_cst) == nullptr;
    }
    std::unique_ptr<posted> pop() noexcept {
        if (!oldest_) turn_around();
        auto* const what = oldest_;
        if (what) oldest_ = what->next_;
        return std::unique_ptr<posted>(what);
    }

private:
    void turn_around() noexcept {
        // relaxed: a first look; what comes later is taken later.
        if (!newest_.load(std::memory_order_relaxed)) return;
        // sync[loop.inbox] acquire: what was posted.
        auto* from = newest_.exchange(nullptr, std::memory_order_acquire);
        while (from) {
            auto* const next = std::exchange(from->next_, oldest_);
            oldest_ = std::exchange(from, next);
        }
    }

    atomic<posted*> newest_{nullptr};
    posted* oldest_ = nullptr;
};

}  // namespace elkodon::loops
