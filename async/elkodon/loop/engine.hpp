// What all loops of ours are made of: an agenda, timers, the places where ports wait, an inbox for other threads.
// A loop adds how it sleeps. Its thread alone touches it; other threads push into the inbox.
// After a kill -9 of a peer whoever waits for it is woken as the station says.
#pragma once

#include <elkodon/loop/sleep.hpp>
#include <elkodon/loop/spawned.hpp>
#include <elkodon/loop/station.hpp>

#include <concepts>
#include <memory>
#include <vector>

namespace elkodon::loops {

/// A port that is waited for by a descriptor of its own: a wait set, a watch.
class descriptor_waiter : public waiter, public link {
public:
    int file = -1;
    void* polling = nullptr;  // the loop's, while it polls

    void wait() override;
    void forget() noexcept override;
    /// Gives up its loop; what is outstanding was cancelled before.
    void leave() noexcept {
        loop_ = nullptr;
        engine_ = nullptr;
    }

protected:
    descriptor_waiter() noexcept = default;
    ~descriptor_waiter() = default;

private:
    friend engine;
    engine* engine_ = nullptr;
};

/// The common part of `uring::loop` and `manual::loop`. One at a time, on the loop's thread; post(), spawn() and stop():
/// any thread.
class engine {
public:
    engine(const engine&) = delete;
    engine& operator=(const engine&) = delete;

    /// Runs the task in this loop, from the loop's next turn on. Its frame is the loop's.
    template <class T>
    spawned<T> spawn(task<T> what) {
        if (!what) throw error(errc::closed, "spawn a task that was moved from");
        auto* const made = new running<T>(std::move(what));
        spawned<T> handle(*made);
        push(std::unique_ptr<posted>(made));
        return handle;
    }

    /// Calls `f()` in this loop. What it throws leaves run().
    template <std::invocable F>
    void post(F f) {
        push(std::make_unique<posted_function<F>>(std::move(f)));
    }

    /// Ends the run that goes on, or else the next one; what is outstanding stays so. Any thread, any signal handler.
    void stop() noexcept {
        // sync[loop.stop] seq_cst: then wake() asks whether the loop sleeps; the loop says so, then looks here.
        stop_.store(true, std::memory_order_seq_cst);
        wake();
    }

    /// The loop's time.
    virtual steady_time now() const noexcept = 0;

    /// Awaitable: goes on after `time`. Stop: at once, with operation_canceled.
    template <class Rep, class Period>
    sleep async_sleep_for(std::chrono::duration<Rep, Period> time) {
        return {*this, time_after(now(), time), nullptr};
    }
    template <class Rep, class Period>
    sleep async_sleep_for(std::chrono::duration<Rep, Period> time, std::error_code& ec) {
        return {*this, time_after(now(), time), &ec};
    }
    sleep async_sleep_until(steady_time when) { return {*this, when, nullptr}; }
    sleep async_sleep_until(steady_time when, std::error_code& ec) { return {*this, when, &ec}; }

    // --- for the ports of this loop ---------------------------------------------------------------
    void attach(port_waiter& who, port::waiting_port& port) { station_for(port).attach(who, port); }
    void attach(descriptor_waiter& who, int file) noexcept {
        who.file = file;
        who.engine_ = this;
        who.loop_ = &agenda_;
        by_descriptor_.push(who);
    }

protected:
    engine() noexcept = default;
    explicit engine(layout::doorbell_kind doorbells) noexcept : doorbells_(doorbells) {}
    ~engine() = default;

    /// What every loop does first when it ends, while it still can do all else.
    void shut_down() noexcept {
        while (auto* const each = tasks_.pop()) end(*each);
        while (auto what = inbox_.pop())
            if (auto* const task = what->as_task()) what.release(), end(*task);
        stations_.clear();
        while (auto* const each = by_descriptor_.pop()) {
            each->end();
            each->leave();
        }
        while (auto* const each = timers_.pop()) static_cast<sleep::awaiter*>(each)->abandon();
        agenda_.abandon();
    }

    /// Does what there is to do now, once around. False when there was nothing.
    bool turn() {
        bool any = take_posted();
        wake_sleepers();
        for (auto& each : stations_) each->look();
        any = any || !agenda_.empty();
        agenda_.run([&] { return stopping(); });
        return any || busy();
    }
    bool busy() const noexcept { return !agenda_.empty() || !inbox_.empty() || stopping(); }

    /// Whether anything is left that could still happen.
    bool any_work() const noexcept { return agenda_.outstanding > 0 || !tasks_.empty() || busy(); }

    bool stopping() const noexcept {
        // sync[loop.stop] seq_cst: after "the loop sleeps" was said.
        return stop_.load(std::memory_order_seq_cst);
    }
    void stopped() noexcept {
        // relaxed: a stop() that comes now ends the next run.
        stop_.store(false, std::memory_order_relaxed);
    }

    /// Ports that are polled, as long as the loop doesn't sleep.
    bool anybody_polled() const noexcept {
        for (auto& each : stations_)
            if (each->anybody_polled()) return true;
        return false;
    }
    void look() noexcept {
        for (auto& each : stations_) each->look();
    }

    /// Before a sleep: every port that is awaited turns cold.
    void prepare_sleep() noexcept {
        for (auto& each : stations_) each->prepare_sleep();
    }
    void stay_awake() noexcept {
        for (auto& each : stations_) each->stay_awake();
    }

    std::optional<steady_time> next_timer() const noexcept { return timers_.next(); }

    virtual void station_made(station& made) = 0;
    /// Polls `who.file` for reading until it is forgotten; then who.ready(), once.
    virtual void poll(descriptor_waiter& who) = 0;
    virtual void forget(descriptor_waiter& who) noexcept = 0;
    /// Ends a sleep. Any thread.
    virtual void wake() noexcept = 0;

    layout::doorbell_kind doorbells() const noexcept { return doorbells_; }
    void doorbells(layout::doorbell_kind kind) noexcept { doorbells_ = kind; }
    linked_list<descriptor_waiter>& by_descriptor() noexcept { return by_descriptor_; }
    agenda& to_do() noexcept { return agenda_; }

private:
    friend sleep::awaiter;
    friend descriptor_waiter;

    void push(std::unique_ptr<posted> what) noexcept {
        inbox_.push(std::move(what));
        wake();
    }

    // A task that begins belongs to the list; what was posted is done, and gone.
    bool take_posted() {
        bool any = false;
        for (; !stopping(); any = true) {
            auto next = inbox_.pop();
            if (!next) break;
            auto* const task = next->as_task();
            if (!task) {
                next->run();
                continue;
            }
            next.release();
            tasks_.push(*task);
            begin(*task);
        }
        return any;
    }
    static void begin(running_base& what) {
        struct first : hop {
            explicit first(running_base& w) noexcept
                : hop([](hop& self) { static_cast<first&>(self).what.run(); }), what(w) {}
            running_base& what;
        } now(what);
        trampoline::run(now);
    }
    static void end(running_base& task) noexcept {
        task.abandon();
        task.let_go();
    }

    void wake_sleepers() noexcept {
        if (timers_.empty()) return;
        const auto time = now();
        while (auto* const each = timers_.pop(time))
            agenda_.add(*static_cast<sleep::awaiter*>(each));
    }

    station& station_for(const port::waiting_port& port) {
        const auto place = port.doorbell_place();
        for (auto& each : stations_)
            if (each->process() == place.process) return *each;
        auto made = std::make_unique<station>(place, doorbells_, agenda_);
        stations_.reserve(stations_.size() + 1);
        station_made(*made);
        stations_.push_back(std::move(made));
        return *stations_.back();
    }

    layout::doorbell_kind doorbells_ = layout::doorbell_kind::eventfd;
    agenda agenda_;
    timers timers_;
    std::vector<std::unique_ptr<station>> stations_;
    linked_list<descriptor_waiter> by_descriptor_;
    linked_list<running_base> tasks_;
    inbox inbox_;
    atomic<bool> stop_{false};
};

inline void descriptor_waiter::wait() { engine_->poll(*this); }
inline void descriptor_waiter::forget() noexcept {
    if (engine_) engine_->forget(*this);
}

inline sleep::awaiter sleep::operator co_await() const noexcept {
    return awaiter(*loop_, due_, ec_);
}

template <class Promise>
bool sleep::awaiter::await_suspend(std::coroutine_handle<Promise> who) {
    if (bool suspends; stopped_already(who, suspends)) return suspends;
    engine_.timers_.add(*this);
    suspend(engine_.agenda_, who);
    return true;
}
inline void sleep::awaiter::withdraw() noexcept {
    if (asleep()) engine_.timers_.remove(*this);
}

}  // namespace elkodon::loops
