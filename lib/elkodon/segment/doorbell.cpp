// See doorbell.hpp.
#include <elkodon/os/futex.hpp>
#include <elkodon/os/process.hpp>
#include <elkodon/segment/bell.hpp>
#include <elkodon/segment/doorbell.hpp>

#include <cerrno>

namespace elkodon::segment {

using layout::armed_state;
using layout::doorbell_kind;

doorbell_kind kind_for_a_thread(doorbell_backend wish) noexcept {
    const bool automatic = wish == doorbell_backend::automatic;
    const bool on_futex = automatic ? os::has_futexes() : wish == doorbell_backend::futex;
    return on_futex ? doorbell_kind::futex : doorbell_kind::eventfd;
}

doorbell::doorbell(const doorbell_place& place, doorbell_kind kind)
    : place_(place),
      id_(os::random_number()),
      memory_(place.doorbells,
              {layout::segment_kind::doorbell, port_id{id_.value()}, place.process},
              sizeof(layout::doorbell_segment),
              "create a doorbell"),
      ready_(ready_set_of(memory_.as<layout::doorbell_segment>())),
      fork_generation_(os::fork_generation()),
      look_at_((clock::now() + place.liveness_bound).time_since_epoch().count()) {
    const auto name = doorbell_name(place.process, id_);
    memory_.as<layout::doorbell_segment>().backend = static_cast<std::uint32_t>(kind);
    if (kind == doorbell_kind::eventfd)
        reception_ = std::make_unique<reception>(place, name, notices_);
    else if (!os::has_futexes()) os::throw_errno(ENOSYS, "create a doorbell on a futex");
    memory_.link(place.doorbells, name);
}

doorbell::~doorbell() {
    if (fork_generation_ == os::fork_generation())
        os::unlink_name(place_.doorbells, doorbell_name(place_.process, id_));
}

std::optional<std::uint32_t> doorbell::take_slot() {
    const std::lock_guard lock(mutex_);
    if (!free_slots_.empty()) {
        const auto slot = free_slots_.back();
        free_slots_.pop_back();
        return slot;
    }
    if (used_slots_ == layout::max_ports) return std::nullopt;
    free_slots_.reserve(used_slots_ + 1);  // so that free_slot() needs no memory
    return used_slots_++;
}

void doorbell::free_slot(std::uint32_t slot) noexcept {
    const std::lock_guard lock(mutex_);
    free_slots_.push_back(slot);
}

void doorbell::watch(process_id process) {
    if (reception_) reception_->watch(process);
}

void doorbell::arm() noexcept {
    ++epoch_;
    armed_ = true;
    // sync[doorbell.armed] seq_cst: stored before we load the summary; a waker marks the summary, then loads
    // this. One of the two sees the other.
    armed_word().store(layout::armed_word(epoch_, armed_state::armed), std::memory_order_seq_cst);
    if (reception_) reception_->bound_this_sleep();
}

void doorbell::disarm() noexcept {
    armed_ = false;
    // sync[doorbell.armed] release: a waker that still sees us armed rings once more, which is harmless.
    armed_word().store(layout::armed_word(epoch_, armed_state::idle), std::memory_order_release);
}

bool doorbell::rung() const noexcept {
    // sync[doorbell.armed] acquire: a waker's exchange.
    return layout::armed_state_of(armed_word().load(std::memory_order_acquire)) !=
           armed_state::armed;
}

os::wait_end doorbell::sleep(std::optional<clock::time_point> until) noexcept {
    return reception_ ? os::wait_readable(reception_->descriptor(), until) : sleep_on_futex(until);
}

// No connection tells of a waker that died before it rang: we look again once a liveness bound, whoever was to ring.
os::wait_end doorbell::sleep_on_futex(std::optional<clock::time_point> until) noexcept {
    // relaxed: whoever brings it forward while we sleep is content with the sleep after this one.
    const clock::time_point look{clock::duration(look_at_.load(std::memory_order_relaxed))};
    const bool look_first = !until || look <= *until;
    const auto end = os::sleep_on(armed_word(), layout::armed_word(epoch_, armed_state::armed),
                                  look_first ? look : *until);
    return end == os::wait_end::time_over && look_first ? os::wait_end::woken : end;
}

void doorbell::ring_ourselves() noexcept {
    if (reception_) return reception_->ring();
    os::set_and_wake(armed_word(), static_cast<std::uint32_t>(armed_state::rung));
}

void doorbell::look_again_after(std::chrono::nanoseconds time) noexcept {
    if (reception_) return reception_->look_again_after(time);
    look_at(clock::now() + time);
}

// Brought forward, never put off: put off at every arming it might never come.
futex_sleep doorbell::sleep_on() const noexcept {
    // relaxed: as in sleep_on_futex().
    const auto look = look_at_.load(std::memory_order_relaxed);
    return {os::low_half(armed_word()),
            static_cast<std::uint32_t>(layout::armed_word(epoch_, armed_state::armed)),
            clock::time_point(clock::duration(look))};
}

void doorbell::look_at(clock::time_point when) noexcept {
    const auto due = when.time_since_epoch().count();
    // relaxed, both: a number, which orders nothing.
    auto known = look_at_.load(std::memory_order_relaxed);
    while (due < known && !look_at_.compare_exchange_weak(known, due, std::memory_order_relaxed)) {}
}

void doorbell::serve() noexcept {
    if (reception_) return reception_->serve();
    const auto now = clock::now();
    // relaxed, both: as in look_at().
    if (now.time_since_epoch().count() < look_at_.load(std::memory_order_relaxed)) return;
    look_at_.store((now + place_.liveness_bound).time_since_epoch().count(),
                   std::memory_order_relaxed);
    // sync[doorbell.notices] release: see notices().
    notices_.fetch_add(1, std::memory_order_release);
}

}  // namespace elkodon::segment
