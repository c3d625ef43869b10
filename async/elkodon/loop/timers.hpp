// The sleepers of one loop, by the time at which they are due.
// Its loop alone writes it. Nothing here is shared.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace elkodon::loops {

using steady_time = std::chrono::steady_clock::time_point;

/// `time` from `now`, or the end of time.
template <class Rep, class Period>
steady_time time_after(steady_time now, std::chrono::duration<Rep, Period> time) noexcept {
    using seconds = std::chrono::duration<long double>;
    if (!(time > time.zero())) return now;
    if (seconds(time) >= seconds(steady_time::max() - now)) return steady_time::max();
    return now + std::chrono::ceil<std::chrono::steady_clock::duration>(time);
}

/// Lies in a frame, and is removed when that ends.
struct sleeper {
    static constexpr std::size_t nowhere = std::numeric_limits<std::size_t>::max();

    steady_time due{};
    std::uint64_t turn = 0;  // of equal ones the first comes first
    std::size_t at = nowhere;

    bool asleep() const noexcept { return at != nowhere; }
};

/// A heap whose entries know where they are: adding and removing are O(log n). One at a time. Allocates in add()
/// alone, as far as it has never had so many.
class timers {
public:
    void add(sleeper& what) {
        heap_.push_back(nullptr);
        what.turn = ++turn_;
        place(what, heap_.size() - 1);
        rise(what);
    }

    void remove(sleeper& what) noexcept {
        const auto hole = std::exchange(what.at, sleeper::nowhere);
        auto& last = *heap_.back();
        heap_.pop_back();
        if (&last == &what) return;
        place(last, hole);
        rise(last);
        sink(last);
    }

    bool empty() const noexcept { return heap_.empty(); }

    /// When the next one is due. Nothing when there is none, or none that ever is.
    std::optional<steady_time> next() const noexcept {
        if (heap_.empty() || heap_.front()->due == steady_time::max()) return std::nullopt;
        return heap_.front()->due;
    }

    /// Removes one that is due.
    sleeper* pop(steady_time now) noexcept {
        if (heap_.empty() || heap_.front()->due > now) return nullptr;
        auto* const first = heap_.front();
        remove(*first);
        return first;
    }

    /// Removes any one.
    sleeper* pop() noexcept { return pop(steady_time::max()); }

private:
    static bool before(const sleeper& one, const sleeper& other) noexcept {
        return one.due != other.due ? one.due < other.due : one.turn < other.turn;
    }
    void place(sleeper& what, std::size_t where) noexcept {
        heap_[where] = &what;
        what.at = where;
    }
    void rise(sleeper& what) noexcept {
        while (what.at > 0) {
            auto& above = *heap_[(what.at - 1) / 2];
            if (!before(what, above)) return;
            swap(what, above);
        }
    }
    void sink(sleeper& what) noexcept {
        for (;;) {
            auto below = 2 * what.at + 1;
            if (below >= heap_.size()) return;
            if (below + 1 < heap_.size() && before(*heap_[below + 1], *heap_[below])) ++below;
            if (!before(*heap_[below], what)) return;
            swap(what, *heap_[below]);
        }
    }
    void swap(sleeper& one, sleeper& other) noexcept {
        const auto where = one.at;
        place(one, other.at);
        place(other, where);
    }

    std::vector<sleeper*> heap_;
    std::uint64_t turn_ = 0;
};

}  // namespace elkodon::loops
