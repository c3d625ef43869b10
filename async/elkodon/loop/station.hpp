// Where the ports of one loop wait: one doorbell for each domain, whatever the number of ports.
// Its loop alone writes it; wakers write the doorbell.
// After a kill -9 of a peer its notice arrives by the control descriptor, and every awaited port is looked at.
#pragma once

#include <elkodon/loop/operation.hpp>
#include <elkodon/port/waiting_room.hpp>

#include <vector>

namespace elkodon::loops {

class station;

/// A port that waits at a doorbell. Linked while it is polled.
class port_waiter final : public waiter, public link {
public:
    port_waiter() noexcept = default;
    ~port_waiter() { leave(); }

    void wait() override;
    void forget() noexcept override;
    /// Gives up the place; what is outstanding was cancelled before.
    void leave() noexcept;

private:
    friend station;
    station* place_ = nullptr;
    port::waiting_port* port_ = nullptr;
    port::waiting_room::seat_number seat_ = 0;
    bool in_room_ = false;
};

/// A port whose operation waits is polled first, as it is: hot. Before the loop sleeps the room awaits it: cold, from
/// then on. One at a time.
class station {
public:
    station(const segment::doorbell_place& place, layout::doorbell_kind kind, agenda& loop)
        : loop_(loop), process_(place.process), room_(place, kind) {}
    ~station() {
        for (auto* const each : by_seat_)
            if (each) end(*each);
    }
    station(const station&) = delete;
    station& operator=(const station&) = delete;

    process_id process() const noexcept { return process_; }

    /// Throws what waiting_port::attach() throws.
    void attach(port_waiter& who, port::waiting_port& port) {
        const auto seat = room_.attach(port);
        try {
            if (by_seat_.size() <= seat) by_seat_.resize(seat + 1);
        } catch (...) {
            room_.detach(port);
            throw;
        }
        by_seat_[seat] = &who;
        who.place_ = this;
        who.loop_ = &loop_;
        who.port_ = &port;
        who.seat_ = seat;
    }
    void detach(port_waiter& who) noexcept {
        by_seat_[who.seat_] = nullptr;
        who.unlink();
        room_.detach(*who.port_);
        who.place_ = nullptr;
        who.loop_ = nullptr;
    }

    bool anybody_polled() const noexcept { return !polled_.empty(); }

    /// Looks at those that are polled, and at those that were marked.
    void look() noexcept {
        polled_.for_each([](port_waiter& each) {
            if (!each.port_->has_news()) return;
            each.unlink();
            each.ready();
        });
        if (room_.awaited() == 0) return;
        room_.look();
        take_ready();
    }

    /// All that are polled turn cold, and the doorbell is armed. The loop may sleep if nothing is queued afterwards.
    void prepare_sleep() noexcept {
        polled_.for_each([&](port_waiter& each) {
            each.unlink();
            each.in_room_ = true;
            room_.await(each.seat_);
        });
        armed_ = room_.prepare_sleep();
        take_ready();
    }
    /// Since the last prepare_sleep(): somebody is awaited, and wakers ring.
    bool armed() const noexcept { return armed_; }

    /// After a sleep: who has rung, and whether somebody came, went or died.
    void on_ring() noexcept {
        room_.on_ring();
        take_ready();
    }
    void on_control() noexcept {
        room_.on_control();
        take_ready();
    }
    void drain() noexcept { room_.drain(); }
    void stay_awake() noexcept {
        armed_ = false;
        room_.stay_awake();
    }

    /// None on a futex: then sleep_on() says what to sleep on.
    bool has_descriptors() const noexcept { return room_.has_descriptors(); }
    segment::futex_sleep sleep_on() const noexcept { return room_.sleep_on(); }
    int ring_descriptor() const noexcept { return room_.ring_descriptor(); }
    int control_descriptor() const noexcept { return room_.control_descriptor(); }

private:
    friend port_waiter;

    void take_ready() noexcept {
        room_.take_ready([&](auto seat) {
            auto& who = *by_seat_[seat];
            who.in_room_ = false;
            who.ready();
        });
    }
    void end(port_waiter& who) noexcept {
        who.end();
        detach(who);
    }

    agenda& loop_;
    process_id process_;
    port::waiting_room room_;
    std::vector<port_waiter*> by_seat_;
    linked_list<port_waiter> polled_;
    bool armed_ = false;
};

inline void port_waiter::wait() { place_->polled_.push(*this); }
inline void port_waiter::forget() noexcept {
    unlink();
    if (std::exchange(in_room_, false)) place_->room_.forget(seat_);
}
inline void port_waiter::leave() noexcept {
    if (place_) place_->detach(*this);
}

}  // namespace elkodon::loops
