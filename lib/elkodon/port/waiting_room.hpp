// Where many ports wait at one doorbell: whom to look at, and when the place that waits may sleep.
// Its owner alone writes it; wakers write the doorbell.
// After a kill -9 of a peer its notice arrives by the control descriptor, and every awaited port is looked at.
#pragma once

#include <elkodon/port/waiting_port.hpp>

#include <span>
#include <vector>

namespace elkodon::port {

/// The part of waiting that no loop does differently. It never sleeps and takes nothing from a port: its owner polls
/// the descriptors and takes. What an owner does:
///
///     attach(port)                    once for each port: its seat
///     await(seat)                     whoever owns the port found it empty, and waits for news
///     prepare_sleep()                 true: poll the descriptors; on_ring() or on_control() when one is readable
///     take_ready(each)                after each of these: the seats that were awaited and have news
///
/// An owner that looks for a while before it sleeps awaits the ports with dense traffic by await_polled(), and calls poll():
/// nobody need mark or ring for these. prepare_sleep() makes them as the others.
///
/// A seat is awaited until it is ready, forgotten or detached. An awaited port belongs to the room; any other belongs
/// to its user. A port that turns hot while it is awaited, because its user takes all the same, is cooled before the next
/// sleep. So sleeping costs what the ports with traffic cost, however many others wait.
///
/// Thread rule: one at a time; wake() any thread. Allocates in attach() alone.
class waiting_room {
public:
    using seat_number = std::uint32_t;

    explicit waiting_room(const segment::doorbell_place& place,
                          layout::doorbell_kind kind = layout::doorbell_kind::eventfd)
        : bell_(place, kind) {}

    /// `port` waits here from now on. Throws what waiting_port::attach() throws.
    seat_number attach(waiting_port& port);
    void detach(waiting_port& port) noexcept;

    /// Waits for news of this seat. It may be ready at once; otherwise prepare_sleep() is due.
    void await(seat_number seat) noexcept;
    /// The same for a port that has had news since we slept last, while its owner polls.
    void await_polled(seat_number seat) noexcept;
    bool dense(seat_number seat) const noexcept { return seats_[seat].ready_after == sleeps_; }
    /// Looks at these, at those that turned cold just now, and at the marks.
    void poll() noexcept;

    /// Nobody waits for it any more.
    void forget(seat_number seat) noexcept;
    std::size_t awaited() const noexcept { return awaited_; }

    /// Looks at the awaited ports that were marked; after a notice at all of them.
    void look() noexcept;

    /// Arms, unless nobody is awaited. True: the descriptors tell of all that comes from now on; the owner may
    /// sleep, if it has nothing else to do.
    bool prepare_sleep() noexcept;

    /// Awake for another reason, or not asleep after all: nobody need ring.
    void stay_awake() noexcept {
        if (bell_.armed()) bell_.disarm();
    }

    bool armed() const noexcept { return bell_.armed(); }

    /// The ring descriptor was readable; the owner has drained it, or lets drain() do so.
    void on_ring() noexcept;
    void drain() noexcept { bell_.drain(); }
    /// The control descriptor was readable.
    void on_control() noexcept;
    /// descriptor() was readable: both of the above.
    void on_wake() noexcept;

    /// Calls `take(seat)` for each that has become ready since the last call. `take` calls nothing in here.
    template <class Take>
    void take_ready(Take&& take) {
        for (const auto seat : ready_) take(seat);
        ready_.clear();
    }
    bool any_ready() const noexcept { return !ready_.empty(); }

    /// Makes ring_descriptor() readable. Any thread.
    void wake() noexcept { bell_.ring_ourselves(); }

    /// Whether there is anything to poll. Otherwise its owner sleeps on a futex of its own accord, and calls on_control()
    /// afterwards.
    bool has_descriptors() const noexcept { return bell_.has_descriptors(); }
    segment::futex_sleep sleep_on() const noexcept { return bell_.sleep_on(); }

    /// What to poll, level-style: rings, which their reader drains; newcomers and deaths; both in one.
    int ring_descriptor() const noexcept { return bell_.ring_descriptor(); }
    int control_descriptor() const noexcept { return bell_.control_descriptor(); }
    int descriptor() const noexcept { return bell_.descriptor(); }

private:
    struct seated {
        waiting_port* port = nullptr;
        bool awaited = false;
        bool peers_due = false;  // somebody came, went or died since it looked at its peers
        bool in_cooled = false;
        bool polled = false;
        std::uint32_t polled_at = 0;                    // where in polled_
        std::uint64_t ready_after = ~std::uint64_t{0};  // how many sleeps it was ready last
    };
    static constexpr int most_rounds = 8;

    void look_at(seat_number number) noexcept;
    void cool(seat_number number) noexcept;
    void cool_the_warmed() noexcept;
    void look_at_cooled() noexcept;
    void cool_the_polled() noexcept;
    void leave_polled(seated& at) noexcept;
    bool has_news(seated& at) noexcept;
    void make_ready(seat_number number) noexcept;
    bool noticed() const noexcept { return bell_.notices() != notices_seen_; }

    segment::doorbell bell_;
    warmed_list warmed_;
    std::vector<seated> seats_;  // by doorbell slot
    // All three have room for all seats.
    std::vector<seat_number> ready_;   // not handed back yet
    std::vector<seat_number> cooled_;  // waiter bit set, last look still due
    std::vector<seat_number> polled_;  // hot, and awaited
    std::uint64_t sleeps_ = 0;
    bool woken_ = false;  // this look is the first one after a sleep
    std::size_t awaited_ = 0;
    std::uint64_t notices_seen_ = 0;
};

}  // namespace elkodon::port
