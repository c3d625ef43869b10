// See waiting_room.hpp.
#include <elkodon/os/fence.hpp>
#include <elkodon/port/waiting_room.hpp>

#include <algorithm>
#include <chrono>

namespace elkodon::port {

// Set only for a test that shows what finds a lost wake: the looks between bit, arming and sleep are left out there.
#ifdef ELKODON_MUTANT_WITHOUT_RECHECK
constexpr bool looks_again = false;
#else
constexpr bool looks_again = true;
#endif

waiting_room::seat_number waiting_room::attach(waiting_port& port) {
    port.attach(bell_, &warmed_);
    const auto number = port.doorbell_slot();
    try {
        if (seats_.size() <= number) seats_.resize(number + 1);
        ready_.reserve(seats_.capacity());
        cooled_.reserve(seats_.capacity());
        polled_.reserve(seats_.capacity());
    } catch (...) {
        port.detach();
        throw;
    }
    seats_[number].port = &port;
    return number;
}

void waiting_room::detach(waiting_port& port) noexcept {
    if (!port.attached()) return;
    cool_the_warmed();  // or the list would keep a port that has gone
    const auto number = port.doorbell_slot();
    forget(number);
    std::erase(ready_, number);
    std::erase(cooled_, number);
    seats_[number] = {};
    port.detach();
}

// What is there already needs no bit.
void waiting_room::await(seat_number number) noexcept {
    auto& at = seats_[number];
    cool_the_warmed();  // a port that is cooled must not be in the list: it could turn hot and join it twice
    if (!std::exchange(at.awaited, true)) ++awaited_;
    if (has_news(at)) return make_ready(number);
    cool(number);
}

void waiting_room::await_polled(seat_number number) noexcept {
    auto& at = seats_[number];
    if (!std::exchange(at.awaited, true)) ++awaited_;
    at.port->heat();
    if (has_news(at)) return make_ready(number);
    if (std::exchange(at.polled, true)) return;
    at.polled_at = static_cast<std::uint32_t>(polled_.size());
    polled_.push_back(number);
}

void waiting_room::leave_polled(seated& at) noexcept {
    if (!std::exchange(at.polled, false)) return;
    const auto last = polled_.back();
    polled_[at.polled_at] = last;
    seats_[last].polled_at = at.polled_at;
    polled_.pop_back();
}

// From the last one on: whoever is ready leaves, and the last one takes its place.
void waiting_room::poll() noexcept {
    look_at_cooled();
    look();
    for (auto i = polled_.size(); i-- > 0;)
        if (i < polled_.size()) look_at(polled_[i]);
}

void waiting_room::cool_the_polled() noexcept {
    for (const auto number : polled_) {
        seats_[number].polled = false;
        cool(number);
    }
    polled_.clear();
}

void waiting_room::cool(seat_number number) noexcept {
    auto& at = seats_[number];
    if (!at.port->cold() && at.port->cool() && !std::exchange(at.in_cooled, true))
        cooled_.push_back(number);
}

// Those that nobody awaits are cooled when somebody does.
void waiting_room::cool_the_warmed() noexcept {
    warmed_.take([&](waiting_port& port) {
        const auto& at = seats_[port.doorbell_slot()];
        if (at.awaited && !at.polled) cool(port.doorbell_slot());
    });
}

void waiting_room::forget(seat_number number) noexcept {
    auto& at = seats_[number];
    if (std::exchange(at.awaited, false)) --awaited_;
    leave_polled(at);
}

bool waiting_room::has_news(seated& at) noexcept {
    if (std::exchange(at.peers_due, false)) at.port->look_at_peers();
    return at.port->has_news();
}

void waiting_room::make_ready(seat_number number) noexcept {
    forget(number);
    seats_[number].ready_after = sleeps_;
    if (woken_) seats_[number].port->rested();
    ready_.push_back(number);
}

// Notices before the ready set, the ready set before the data: what comes later is found by the next look.
void waiting_room::look() noexcept {
    if (!noticed())
        return bell_.ready().take(
            [&](std::size_t slot) { look_at(static_cast<seat_number>(slot)); });
    notices_seen_ = bell_.notices();
    bell_.ready().take_all([](std::size_t) {});
    // Ports that nobody awaits now are theirs who own them: they look when they wait again.
    for (auto& each : seats_) each.peers_due = true;
    for (std::size_t number = 0; number < seats_.size(); ++number)
        look_at(static_cast<seat_number>(number));
}

void waiting_room::look_at(seat_number number) noexcept {
    if (number >= seats_.size() || !seats_[number].awaited) return;
    if (has_news(seats_[number])) make_ready(number);
}

// One fence for all that turned cold. A publisher that misses the bit is one whose message we see now; one that sees
// it marks the ready set before it asks whether we are armed.
void waiting_room::look_at_cooled() noexcept {
    if (cooled_.empty()) return;
    const bool heavy = std::any_of(cooled_.begin(), cooled_.end(), [&](seat_number number) {
        return seats_[number].port->needs_heavy_fence();
    });
    // sync[fence.light] heavy: our waiter bits, then our look; the publisher's message, then the bit.
    if (heavy && !os::heavy_fence()) bell_.look_again_after(std::chrono::milliseconds(1));
    for (const auto number : cooled_) {
        seats_[number].in_cooled = false;
        if constexpr (looks_again) look_at(number);
    }
    cooled_.clear();
}

// All who are awaited are cold afterwards, so that the armed word against the ready set is all that is left to decide.
bool waiting_room::prepare_sleep() noexcept {
    cool_the_warmed();
    cool_the_polled();
    look_at_cooled();
    // A peer that could not be watched is noticed here and now, not with the next ring.
    if (noticed()) {
        stay_awake();
        look();
    }
    if (bell_.armed()) return awaited_ > 0;
    for (int round = 0; awaited_ > 0; ++round) {
        bell_.arm();
        const bool news = looks_again && (bell_.ready().any() || noticed());
        // Marks for ports that nobody awaits may come for ever: the owner has other work, too.
        if (news && round == most_rounds) bell_.ring_ourselves();
        if (!news || round == most_rounds) {
            ++sleeps_;
            return true;
        }
        bell_.disarm();
        look();
    }
    return false;
}

void waiting_room::on_ring() noexcept {
    woken_ = bell_.armed();
    bell_.disarm();
    look();
    woken_ = false;
}

void waiting_room::on_control() noexcept {
    woken_ = bell_.armed();
    bell_.disarm();
    bell_.serve();
    look();
    woken_ = false;
}

void waiting_room::on_wake() noexcept {
    bell_.drain();
    on_control();
}

}  // namespace elkodon::port
