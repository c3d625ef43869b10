// How long a waiter should look before it sleeps, by what its last waits were like. It has no clock: who waits
// tells it how long each wait was. One for each place that waits, in its own memory.
// Nothing here is shared; another process' death changes nothing.
#pragma once

#include <elkodon/base/wait_strategy.hpp>

#include <algorithm>
#include <cstdint>

namespace elkodon {

/// The cores on which a thread may run. On `one` whoever sends can't run while we look. `pinned` is one core of
/// several: the senders may share it, or not.
enum class cores_in_reach { one, pinned, several };

/// One at a time.
///
///     const auto most = estimator.spin_for();            // at the beginning of each wait that finds nothing
///     estimator.waited({time, most > most.zero(), slept, news});   // at its end
///
/// Adaptive: the mean length of the waits says whether looking pays: each counts for an eighth, and a single long
/// pause, counted for four times the limit at most, doesn't end a dense stream. And looking that has failed when the
/// mean said otherwise is left out for 1, 3, 7, … waits, until it helps again: so on a core that is shared with the
/// sender, where it never helps, n waits waste log n spins.
class spin_estimator {
public:
    using duration = std::chrono::nanoseconds;

    /// One wait that has ended.
    struct wait {
        duration time{0};   ///< from finding nothing to the news
        bool spun = false;  ///< spin_for() was not zero
        bool slept = false;
        bool news = true;  ///< false: the time was over, or something else ended it
    };

    constexpr spin_estimator() noexcept = default;
    constexpr spin_estimator(wait_strategy strategy, cores_in_reach cores) noexcept
        : strategy_(strategy), cores_(cores), mean_(longest()) {}

    constexpr wait_strategy strategy() const noexcept { return strategy_; }

    /// For how long the wait that begins now should look before it sleeps. duration::max(): never sleep.
    constexpr duration spin_for() const noexcept {
        switch (strategy_.which()) {
            case wait_strategy::kind::block: return duration::zero();
            case wait_strategy::kind::busy: return strategy_.spin();
            case wait_strategy::kind::spin_then_block:
                return cores_ == cores_in_reach::one ? duration::zero() : strategy_.spin();
            case wait_strategy::kind::adaptive: break;
        }
        const bool pays = cores_ != cores_in_reach::one && mean_ <= limit() && left_out_ == 0;
        return pays ? limit() : duration::zero();
    }

    /// Whether to let others run between two looks: they may have no other core.
    constexpr bool yields() const noexcept { return cores_ != cores_in_reach::several; }

    constexpr void waited(const wait& ended) noexcept {
        if (strategy_.which() != wait_strategy::kind::adaptive) return;
        // A wait that something else ended says only that it would have been longer.
        const auto time = std::clamp(ended.time, duration::zero(), longest());
        if (ended.news || time > mean_) mean_ += (time - mean_) / 8;
        if (!ended.slept) {
            if (ended.news) failures_ = 0;
        } else if (ended.spun) {
            failures_ = std::min(2 * failures_ + 1, most_left_out);
            left_out_ = failures_;
        } else if (left_out_ > 0) {
            --left_out_;
        }
    }

private:
    static constexpr std::uint32_t most_left_out = 4095;

    constexpr duration limit() const noexcept { return strategy_.spin(); }
    constexpr duration longest() const noexcept {
        return 4 * std::min(limit(), duration::max() / 4);
    }

    wait_strategy strategy_;
    cores_in_reach cores_ = cores_in_reach::one;
    duration mean_{0};
    std::uint32_t failures_ = 0, left_out_ = 0;
};

}  // namespace elkodon
