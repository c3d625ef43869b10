// What one loop has to do, in order, and how many operations it waits for.
// Its loop alone writes it. Nothing here is shared.
#pragma once

#include <elkodon/loop/completion.hpp>
#include <elkodon/task/trampoline.hpp>

#include <cstddef>

namespace elkodon::loops {

/// One at a time. Allocates nothing.
class agenda {
public:
    agenda() noexcept = default;
    agenda(const agenda&) = delete;
    agenda& operator=(const agenda&) = delete;
    ~agenda() { abandon(); }

    void add(completion& what) noexcept { queue_.push(what); }
    bool empty() const noexcept { return queue_.empty(); }

    /// Completes what is queued now, each with all that follows from it before the next one begins: so whoever loses to it
    /// has been told before it would take anything. What is queued meanwhile waits for the next call. `stop()` is
    /// asked after each. What one of them throws leaves here; the others stay queued.
    template <class Stop>
    void run(Stop&& stop) {
        linked_list<completion> now;
        now.push_front(queue_);
        const struct put_back {
            agenda& self;
            linked_list<completion>& rest;
            ~put_back() { self.queue_.push_front(rest); }
        } afterwards{*this, now};
        while (auto* const next = now.pop()) {
            at_once_ = most_at_once;
            step hop(*next);
            trampoline::run(hop);
            if (stop()) return;
        }
    }

    /// Whether an operation that needn't wait may go on here and now. Not for ever: others wait for their turn.
    bool may_go_on() noexcept { return at_once_ > 0 && at_once_-- > 0; }

    /// Nothing that is queued will be completed.
    void abandon() noexcept {
        while (auto* const each = queue_.pop()) each->abandon();
    }

    /// Operations that somebody waits for, what is queued among them.
    std::size_t outstanding = 0;

private:
    static constexpr int most_at_once = 128;

    struct step : hop {
        explicit step(completion& of) noexcept
            : hop([](hop& self) { static_cast<step&>(self).what.complete(); }), what(of) {}
        completion& what;
    };

    linked_list<completion> queue_;
    int at_once_ = most_at_once;
};

}  // namespace elkodon::loops
