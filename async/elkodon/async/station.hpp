// The place where the ports of one execution context wait: one doorbell, whatever the number of ports.
// Its handlers run on the context's own threads; nothing here starts a thread.
// After a kill -9 of a peer its notice arrives by the control descriptor and every port is looked at.
#pragma once

#include <elkodon/async/operation.hpp>
#include <elkodon/base/atomic.hpp>
#include <elkodon/base/spin_estimator.hpp>
#include <elkodon/os/process.hpp>
#include <elkodon/port/waiting_room.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/buffer.hpp>
#include <asio/execution_context.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/basic_stream_descriptor.hpp>
#include <asio/post.hpp>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace elkodon::async {

/// One for each context and domain. Any thread.
///
/// A port with an operation that waits belongs to the station, under its mutex; otherwise it belongs to its
/// user. Nothing is ever taken here: the operation takes when it runs on its executor.
///
/// A *turn* is a handler of ours: it runs operations that are ready, one after the other, and looks for news between them if
/// its strategy spins; for 2 µs at most, then the loop's other handlers have theirs. Whenever somebody is awaited, the
/// doorbell is armed, or a turn is in the context's queue: whatever a handler does meanwhile, another thread of the context
/// can go on.
class station : public waiting_place, public std::enable_shared_from_this<station> {
public:
    station(const segment::doorbell_place& place,
            const asio::any_io_executor& executor,
            wait_strategy strategy);

    /// A port waits here from now on. Throws errc::already_attached.
    void attach(port::waiting_port& port, waiter& who);
    /// Calls `then` before anybody else may look at the port.
    template <class Port, class Then>
    void detach(Port& port, waiter& who, Then&& then) noexcept;

    /// Sends the operation on its way if its port has news, or keeps it until it has.
    void wait(waiter& who, operation::owner op);

    /// Marks what is outstanding as aborted, and sends it on its way if it waits.
    /// With `which`: only if that is the outstanding one.
    void cancel(waiter& who, const operation* which = nullptr);

    /// What it does before it sleeps, from the next wait on.
    void set_wait_strategy(wait_strategy strategy) {
        const std::lock_guard lock(mutex_);
        estimator_ = spin_estimator(strategy, os::cores_of_this_thread());
    }

    int native_handle() const noexcept { return room_.descriptor(); }

    /// Destroys what waits; nothing is called.
    void shut_down() noexcept;

    /// In a fork's child, where the doorbell is the parent's: what waits completes with errc::forked.
    void abandon();
    bool forked() const noexcept {
        // sync[station.forked] acquire: see abandon().
        return forked_.load(std::memory_order_acquire);
    }

private:
    using clock = std::chrono::steady_clock;
    using descriptor = asio::posix::basic_stream_descriptor<asio::any_io_executor>;
    using ready_list = operation_list;

    static constexpr std::chrono::microseconds longest_turn{2};
    static constexpr int looks_between_clocks = 8;

    void on_ring();
    void on_control();
    void on_turn();

    void turn();
    operation::owner next_in_turn(clock::time_point end, ready_list& several);
    void look_for_news(clock::time_point now, clock::time_point end);
    void await(waiter& who);
    void attend();
    void leave_to_a_turn();
    void sleep();
    void begin_wait(clock::time_point now);
    void end_wait(clock::time_point now, bool slept);
    void settle();
    bool stopped() const noexcept { return io_ && io_->stopped(); }

    void take_ready(ready_list& ready);
    void poll_descriptors();
    void poll_control();
    void stop_polling();
    void let_go_of_descriptors() noexcept;
    static void post_all(ready_list& ready);

    inline static thread_local const station* in_turn_ = nullptr;  // whose turn this thread is in

    port::waiting_room room_;  // awaits the ports whose operations wait
    asio::any_io_executor executor_;
    asio::io_context* io_;                      // of that executor, where it is one
    std::optional<descriptor> ring_, control_;  // until the context shuts down
    std::vector<waiter*> waiters_;              // by seat
    std::uint64_t rings_ = 0;                   // what reading the eventfd stores
    spin_estimator estimator_;
    std::optional<clock::time_point> waiting_since_;
    clock::time_point spin_end_{};
    bool turn_posted_ = false;
    bool polls_ring_ = false, polls_control_ = false;
    bool down_ = false;
    atomic<bool> forked_{false};
};

inline station::station(const segment::doorbell_place& place,
                        const asio::any_io_executor& executor,
                        wait_strategy strategy)
    : room_(place),
      executor_(executor),
      io_(executor.target<asio::io_context::executor_type>()
              ? &executor.target<asio::io_context::executor_type>()->context()
              : nullptr),
      ring_(std::in_place, executor, room_.ring_descriptor()),
      control_(std::in_place, executor, room_.control_descriptor()),
      estimator_(strategy, os::cores_of_this_thread()) {}

inline void station::attach(port::waiting_port& port, waiter& who) {
    const std::lock_guard lock(mutex_);
    const auto seat = room_.attach(port);
    try {
        if (waiters_.size() <= seat) waiters_.resize(seat + 1);
    } catch (...) {
        room_.detach(port);
        throw;
    }
    waiters_[seat] = &who;
    who.seat = seat;
}

template <class Port, class Then>
void station::detach(Port& port, waiter& who, Then&& then) noexcept {
    const std::lock_guard lock(mutex_);
    auto& waiting = *port.untyped();
    who.closed = true;
    if (waiting.attached()) waiters_[who.seat] = nullptr;
    if (forked()) waiting.detach();
    else room_.detach(waiting);
    then();
}

// Never inline in the initiating function: through the context's queue, or by the turn that this thread is in, which goes
// on when the handler has returned.
inline void station::wait(waiter& who, operation::owner op) {
    ready_list ready;
    {
        const std::lock_guard lock(mutex_);
        if (down_) return;
        if (who.closed) op->aborted = true;
        if (op->aborted || forked()) {
            ready.push_back(std::move(op));
        } else {
            who.waiting = std::move(op);
            await(who);
            if (in_turn_ == this && room_.any_ready()) leave_to_a_turn();
            else take_ready(ready);
            attend();
            if (room_.any_ready()) leave_to_a_turn();
        }
    }
    post_all(ready);
    settle();
}

inline void station::cancel(waiter& who, const operation* which) {
    operation::owner stopped;
    {
        const std::lock_guard lock(mutex_);
        if (!who.outstanding || (which && who.outstanding != which)) return;
        // The port is free for the next operation at once: this one touches it no more.
        std::exchange(who.outstanding, nullptr)->aborted = true;
        if (!who.waiting) return;
        stopped = std::move(who.waiting);
        room_.forget(who.seat);
        if (room_.awaited() == 0) stop_polling();
    }
    auto* const raw = stopped.get();
    raw->post(std::move(stopped));
}

// --- under the mutex ------------------------------------------------------------------------------------

// A port with dense traffic is polled while we look before we sleep: nobody need mark it.
inline void station::await(waiter& who) {
    const bool spins = room_.dense(who.seat) && estimator_.spin_for() > spin_estimator::duration(0);
    if (spins && !room_.armed()) room_.await_polled(who.seat);
    else room_.await(who.seat);
}

// Nobody is awaited without a turn to come or an armed doorbell.
inline void station::attend() {
    if (room_.awaited() == 0 || turn_posted_) return;
    if (room_.armed()) return sleep();
    const auto now = clock::now();
    begin_wait(now);
    if (now < spin_end_) leave_to_a_turn();
    else sleep();
}

inline void station::leave_to_a_turn() {
    if (std::exchange(turn_posted_, true)) return;
    asio::post(executor_, [self = shared_from_this()] { self->on_turn(); });
}

inline void station::sleep() {
    if (room_.prepare_sleep()) poll_descriptors();
}

inline void station::begin_wait(clock::time_point now) {
    if (waiting_since_) return;
    waiting_since_ = now;
    const auto spin = estimator_.spin_for();
    spin_end_ = spin >= clock::time_point::max() - now
                    ? clock::time_point::max()
                    : now + std::chrono::duration_cast<clock::duration>(spin);
}

inline void station::end_wait(clock::time_point now, bool slept) {
    if (!waiting_since_) return;
    estimator_.waited({now - *waiting_since_, spin_end_ > *waiting_since_, slept, true});
    waiting_since_.reset();
}

inline void station::take_ready(ready_list& ready) {
    room_.take_ready([&](auto seat) {
        if (waiters_[seat]->waiting) ready.push_back(std::move(waiters_[seat]->waiting));
    });
}

// Reading beats waiting: one speculative read instead of one epoll_ctl for every sleep.
inline void station::poll_descriptors() {
    if (!std::exchange(polls_ring_, true)) {
        ring_->async_read_some(
            asio::buffer(&rings_, sizeof rings_),
            [self = shared_from_this()](std::error_code, std::size_t) { self->on_ring(); });
    }
    poll_control();
}

inline void station::poll_control() {
    if (std::exchange(polls_control_, true)) return;
    control_->async_wait(descriptor::wait_read,
                         [self = shared_from_this()](std::error_code) { self->on_control(); });
}

inline void station::stop_polling() {
    if (down_ || forked()) return;
    room_.stay_awake();
    waiting_since_.reset();
    std::error_code ignored;
    if (polls_ring_) ring_->cancel(ignored);
    if (polls_control_) control_->cancel(ignored);
}

// --- our handlers ---------------------------------------------------------------------------------------

inline void station::on_ring() {
    {
        const std::lock_guard lock(mutex_);
        polls_ring_ = false;
        if (down_ || forked()) return;
        room_.on_ring();
        if (room_.any_ready()) end_wait(clock::now(), true);
    }
    turn();
}

inline void station::on_control() {
    {
        const std::lock_guard lock(mutex_);
        polls_control_ = false;
        if (down_ || forked()) return;
        room_.on_control();
        // A newcomer or a death may come while we look as well: it is to be heard of.
        if (room_.awaited() > 0) poll_control();
        if (room_.any_ready()) end_wait(clock::now(), true);
    }
    turn();
}

inline void station::on_turn() {
    {
        const std::lock_guard lock(mutex_);
        turn_posted_ = false;
        if (down_ || forked()) return;
    }
    turn();
}

// A lone operation whose handler runs on this context runs here and now, and has mostly begun the next wait when it
// returns. Several go through the queue, each a handler of its own: what one of them throws leaves run() before the next
// one begins. Afterwards nothing of ours may keep run() from returning.
inline void station::turn() {
    const struct turning {
        explicit turning(station& of) : self(of), before(std::exchange(in_turn_, &of)) {}
        ~turning() {
            in_turn_ = before;
            self.settle();
        }
        station& self;
        const station* before;
    } now{*this};
    const auto end = clock::now() + longest_turn;
    do {
        ready_list several;
        auto next = next_in_turn(end, several);
        if (!next) return post_all(several);
        auto* const raw = next.get();
        raw->dispatch(std::move(next));
    } while (clock::now() < end && !stopped());
}

inline operation::owner station::next_in_turn(clock::time_point end, ready_list& several) {
    const std::lock_guard lock(mutex_);
    if (down_ || forked()) return {};
    const auto now = clock::now();
    if (!room_.any_ready() && room_.awaited() > 0) look_for_news(now, end);
    take_ready(several);
    attend();  // whatever the handler does, the others are looked after
    if (room_.any_ready()) leave_to_a_turn();
    auto first = several.pop_front();
    if (!first || several.empty()) return first;
    several.push_front(std::move(first));
    return {};
}

inline void station::look_for_news(clock::time_point now, clock::time_point end) {
    begin_wait(now);
    if (now >= spin_end_) return room_.armed() ? void() : room_.poll();
    room_.stay_awake();
    for (; now < end && now < spin_end_; now = clock::now()) {
        for (int i = 0; i < looks_between_clocks; ++i) {
            room_.poll();
            if (room_.any_ready()) return end_wait(now, false);
            pause_once();
        }
        if (estimator_.yields()) os::yield();
    }
}

inline void station::settle() {
    const std::lock_guard lock(mutex_);
    if (down_ || forked()) return;
    if (in_turn_ == this) return;
    if (room_.any_ready()) leave_to_a_turn();
    if (room_.awaited() == 0) return stop_polling();
    attend();
    if (room_.any_ready()) leave_to_a_turn();
}

inline void station::post_all(ready_list& ready) {
    while (auto each = ready.pop_front()) {
        auto* const raw = each.get();
        raw->post(std::move(each));
    }
}

// --- the end ---------------------------------------------------------------------------------------------

// The room's doorbell owns both descriptors; Asio's side of them must not outlive the context.
inline void station::let_go_of_descriptors() noexcept {
    ring_->release();
    control_->release();
    ring_.reset();
    control_.reset();
}

inline void station::shut_down() noexcept {
    ready_list destroyed;
    const std::lock_guard lock(mutex_);
    down_ = true;
    for (auto* each : waiters_)
        if (each && each->waiting) destroyed.push_back(std::move(each->waiting));
    if (ring_) let_go_of_descriptors();
}

// The room is not looked at any more: its doorbell's memory isn't there in the child.
inline void station::abandon() {
    ready_list failed;
    {
        const std::lock_guard lock(mutex_);
        // sync[station.forked] release: before any operation that runs in the child.
        forked_.store(true, std::memory_order_release);
        for (auto* each : waiters_)
            if (each && each->waiting) failed.push_back(std::move(each->waiting));
        if (ring_) let_go_of_descriptors();
    }
    post_all(failed);
}

}  // namespace elkodon::async
