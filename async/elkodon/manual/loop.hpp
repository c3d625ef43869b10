// A loop for tests: it runs what can run and returns. Its clock stands still until it is told how late it is.
// Whoever calls it is its thread; it never waits, for a descriptor or for anything else.
// After a kill -9 of a peer the next run_ready() sees the death.
#pragma once

#include <elkodon/loop/engine.hpp>

#include <chrono>
#include <poll.h>

namespace elkodon::manual {

/// Deterministic: no thread, no clock, no sleep. With ports of a local node nothing else has a say in what happens, and
/// in which order. One at a time; post(), spawn() and stop() any thread.
///
///     elkodon::manual::loop loop;
///     auto total = loop.spawn(sum(elkodon::manual::subscriber<int>{loop, service.subscriber().create()}, 2));
///     publisher.send_copy(3);
///     loop.run_ready();
class loop final : public loops::engine {
public:
    loop() noexcept = default;
    ~loop() { shut_down(); }

    /// Runs everything that can run, and returns when all that is left waits for time or for news; or after stop().
    void run_ready() {
        do {
            for (auto& each : places_) look_around(*each);
            look_at_descriptors();
        } while ((turn() || due()) && !stopping());
        stopped();
    }

    /// Moves the clock: whoever sleeps wakes in order, each at its own time, and all that follows from it happens then.
    template <class Rep, class Period>
    void advance(std::chrono::duration<Rep, Period> time) {
        const auto until = loops::time_after(now_, time);
        run_ready();
        for (auto next = next_timer(); next && *next <= until; next = next_timer()) {
            now_ = std::max(now_, *next);
            run_ready();
        }
        now_ = until;
        run_ready();
    }

    /// The time that its sleeps know; begins at the epoch of std::chrono::steady_clock.
    loops::steady_time now() const noexcept override { return now_; }

    /// Whether anything is left: tasks that have not ended, or something that waits.
    bool has_work() const noexcept { return any_work(); }

private:
    bool due() const noexcept {
        const auto next = next_timer();
        return next && *next <= now_;
    }

    // What a loop that sleeps would be told by its descriptors.
    static void look_around(loops::station& at) noexcept {
        at.prepare_sleep();
        at.drain();
        at.on_control();
    }
    void look_at_descriptors() noexcept {
        by_descriptor().for_each([](loops::descriptor_waiter& each) {
            pollfd file{each.file, POLLIN, 0};
            if (!each.polling || ::poll(&file, 1, 0) <= 0) return;
            each.polling = nullptr;
            each.ready();
        });
    }

    void station_made(loops::station& made) override { places_.push_back(&made); }
    void poll(loops::descriptor_waiter& who) override { who.polling = this; }
    void forget(loops::descriptor_waiter& who) noexcept override { who.polling = nullptr; }
    void wake() noexcept override {}

    loops::steady_time now_{};
    std::vector<loops::station*> places_;
};

}  // namespace elkodon::manual
