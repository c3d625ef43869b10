// Intervals and deadlines of one place that waits: which is due, and when the next one may be.
// Its owner alone writes it. Nothing is shared with other processes.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

namespace elkodon::port {

/// Due `period` after it was added, and again and again. restart() puts a deadline off: O(1), since the queue looks at
/// it only when the old time has come.
struct timer {
    using clock = std::chrono::steady_clock;

    clock::duration period{0};
    clock::time_point due{};
    bool in_step =
        true;  // an interval keeps to multiples of its period; a deadline begins anew when it was missed

    void restart(clock::time_point now) noexcept { due = later(now); }

    /// `now` + period, or the end of time.
    clock::time_point later(clock::time_point now) const noexcept {
        return period < clock::time_point::max() - now ? now + period : clock::time_point::max();
    }
};

/// Timers lie elsewhere, and stay there until they are removed. One at a time. Allocates in add() alone.
class timer_queue {
public:
    using clock = timer::clock;

    bool empty() const noexcept { return heap_.empty(); }

    void add(timer& what, clock::time_point now) {
        what.restart(now);
        heap_.push_back({what.due, &what});
        std::push_heap(heap_.begin(), heap_.end(), later);
    }

    void remove(const timer& what) noexcept {
        std::erase_if(heap_, [&](const entry& each) { return each.what == &what; });
        std::make_heap(heap_.begin(), heap_.end(), later);
    }

    /// No timer is due before this. Nothing when there is none.
    std::optional<clock::time_point> next() const noexcept {
        if (heap_.empty() || heap_.front().look_at == clock::time_point::max()) return std::nullopt;
        return heap_.front().look_at;
    }

    /// Calls `due(timer)` once for each that is due, however often its period has passed.
    template <class Due>
    void take_due(clock::time_point now, Due&& due) {
        while (!heap_.empty() && heap_.front().look_at <= now) {
            std::pop_heap(heap_.begin(), heap_.end(), later);
            auto& last = heap_.back();
            auto& what = *last.what;
            const bool is_due = what.due <= now;
            if (is_due) go_on(what, now);
            last.look_at = what.due;
            std::push_heap(heap_.begin(), heap_.end(), later);
            if (is_due) due(what);
        }
    }

private:
    struct entry {
        clock::time_point look_at;  // at or before `due`
        timer* what;
    };

    static bool later(const entry& one, const entry& other) noexcept {
        return one.look_at > other.look_at;
    }

    static void go_on(timer& what, clock::time_point now) noexcept {
        if (!what.in_step) return what.restart(now);
        const auto missed = (now - what.due) / what.period;
        what.due = what.later(what.due + missed * what.period);
    }

    std::vector<entry> heap_;
};

}  // namespace elkodon::port
