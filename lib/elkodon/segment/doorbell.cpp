// See doorbell.hpp.
#include <elkodon/os/process.hpp>
#include <elkodon/segment/bell.hpp>
#include <elkodon/segment/doorbell.hpp>

#include <cerrno>
#include <utility>

namespace elkodon::segment {
namespace {

constexpr std::size_t most_peers = 256;
constexpr std::uint64_t listener_key = 0;
constexpr std::uint64_t timer_key = 1;

os::fd make_spare() noexcept try { return os::make_eventfd(); } catch (...) {
    return {};
}

constexpr std::uint64_t connection_key(std::size_t index) noexcept { return 2 + 2 * index; }
constexpr std::uint64_t process_key(std::size_t index) noexcept { return 3 + 2 * index; }

}  // namespace

doorbell::doorbell(const doorbell_place& place)
    : place_(place),
      id_(os::random_number()),
      memory_(place.doorbells,
              {layout::segment_kind::doorbell, port_id{id_.value()}, place.process},
              sizeof(layout::doorbell_segment),
              "create a doorbell"),
      ready_(ready_set_of(memory_.as<layout::doorbell_segment>())),
      eventfd_(os::make_eventfd()),
      timer_(os::make_timer()),
      spare_(os::make_eventfd()),
      fork_generation_(os::fork_generation()) {
    const auto name = doorbell_name(place.process, id_);
    listener_ = os::listen_at(place.doorbells, socket_name(name));
    // Without one of these it would be a bell that nobody hears.
    const bool audible = control_.add(listener_.get(), listener_key) &&
                         control_.add(timer_.get(), timer_key) && both_.add(eventfd_.get(), 0) &&
                         both_.add(control_.get(), 1);
    if (!audible) {
        const int number = errno;
        os::unlink_name(place.doorbells, socket_name(name));
        os::throw_errno(number, "create a doorbell");
    }
    memory_.link(place.doorbells, name);
}

doorbell::~doorbell() {
    if (fork_generation_ != os::fork_generation()) return;
    const auto name = doorbell_name(place_.process, id_);
    os::unlink_name(place_.doorbells, name);
    os::unlink_name(place_.doorbells, socket_name(name));
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

void doorbell::arm() noexcept {
    ++epoch_;
    armed_ = true;
    // sync[doorbell.armed] seq_cst: stored before we load the summary; a waker marks the summary, then loads
    // this. One of the two sees the other.
    memory_.as<layout::doorbell_segment>().armed.store(
        layout::armed_word(epoch_, layout::armed_state::armed), std::memory_order_seq_cst);
    // relaxed: whoever bounds sleeps starts the timer for this one.
    if (bounded_.load(std::memory_order_relaxed)) look_again_after(place_.liveness_bound);
}

void doorbell::disarm() noexcept {
    armed_ = false;
    // sync[doorbell.armed] release: a waker that still sees us armed rings once more, which is harmless.
    memory_.as<layout::doorbell_segment>().armed.store(
        layout::armed_word(epoch_, layout::armed_state::idle), std::memory_order_release);
}

bool doorbell::rung() const noexcept {
    // sync[doorbell.armed] acquire: a waker's exchange.
    const auto word = memory_.as<layout::doorbell_segment>().armed.load(std::memory_order_acquire);
    return layout::armed_state_of(word) != layout::armed_state::armed;
}

// Remembered whatever comes of it, or a dead peer whose name stays would be noticed again and again.
void doorbell::watch(process_id process) {
    const std::lock_guard lock(mutex_);
    if (process == place_.process || watched_.contains(process)) return;
    if (watched_.size() >= most_peers) return bound();
    watched_.insert(process);
    os::fd connection;
    switch (os::connect_to(place_.processes, socket_name(process.to_string()), connection)) {
        case os::connecting::refused: return notice();  // dead: the port's next look asks its lock
        case os::connecting::full:
        case os::connecting::failed: return bound();
        case os::connecting::connected: break;
    }
    bool dead = false;
    auto ended = os::peer_process(connection.get(), dead);
    if (dead) return notice();
    add_peer(std::move(connection), std::move(ended), process);
}

void doorbell::notice() noexcept {
    // sync[doorbell.notices] release: see notices().
    notices_.fetch_add(1, std::memory_order_release);
}

void doorbell::look_again_after(std::chrono::nanoseconds time) noexcept {
    const std::lock_guard lock(mutex_);
    start_timer(time);
}

// A timer that runs already and ends earlier goes on: restarted at every arming it might never end.
void doorbell::start_timer(std::chrono::nanoseconds after) noexcept {
    const auto end = std::chrono::steady_clock::now() + after;
    if (timer_end_ && *timer_end_ <= end) return;
    timer_end_ = end;
    os::start_timer(timer_.get(), after);
}

// Newcomers last: a slot that a departed peer has left is not taken over in the middle of its notices.
void doorbell::serve() noexcept {
    const std::lock_guard lock(mutex_);
    // Once more after newcomers: one may have rung with a byte before he was let in, and that would keep our
    // descriptor readable with nothing behind it.
    bool newcomers = true;
    for (int pass = 0; pass < 2 && std::exchange(newcomers, false); ++pass) {
        std::uint64_t keys[64];
        const auto count = control_.ready(keys);
        for (std::size_t i = 0; i < count; ++i) {
            if (keys[i] == listener_key) newcomers = true;
            else if (keys[i] == timer_key) {
                os::drain(timer_.get());
                timer_end_.reset();
                notice();
            } else serve_peer((keys[i] - 2) / 2, keys[i] % 2 == 1);
        }
        if (newcomers) accept_newcomers();
    }
}

void doorbell::accept_newcomers() noexcept {
    if (!spare_) spare_ = make_spare();
    for (;;) {
        bool exhausted = false;
        auto connection = os::accept_one(listener_.get(), exhausted);
        if (connection) {
            admit(std::move(connection));
            continue;
        }
        if (!exhausted || !spare_) return;
        // No descriptor left: let the newcomer in and out again, so that the listener doesn't stay readable.
        // He connects anew with his next ring, and until we can watch him our sleeps are bounded.
        spare_.reset();
        os::accept_one(listener_.get(), exhausted).reset();
        spare_ = make_spare();
        bound();
        notice();
    }
}

// Only processes of our user get the eventfd: whoever holds it can drain it. Others ring with bytes.
void doorbell::admit(os::fd connection) noexcept {
    bool dead = false;
    auto ended = os::peer_process(connection.get(), dead);
    notice();
    if (dead) return;
    if (os::peer_user(connection.get()) == os::user_number() &&
        !os::send_byte(connection.get(), eventfd_.get()))
        return;
    add_peer(std::move(connection), std::move(ended), {});
}

bool doorbell::add_peer(os::fd connection, os::fd process, process_id watched) noexcept try {
    std::size_t index = 0;
    while (index < peers_.size() && peers_[index].used) ++index;
    if (index == peers_.size()) peers_.emplace_back();
    if (!control_.add(connection.get(), connection_key(index)) ||
        (process && !control_.add(process.get(), process_key(index)))) {
        bound();
        return false;
    }
    if (!process) bound();
    peers_[index] = {std::move(connection), std::move(process), watched, true};
    return true;
} catch (...) {
    bound();
    return false;
}

void doorbell::serve_peer(std::size_t index, bool process_ended) noexcept {
    if (index >= peers_.size() || !peers_[index].used) return;
    auto& peer = peers_[index];
    const auto news = os::receive_bytes(peer.connection.get());
    if (!news.gone && !process_ended) return;
    notice();
    watched_.erase(peer.watched);
    control_.remove(peer.connection.get());
    if (peer.process) control_.remove(peer.process.get());
    peer = {};
}

void doorbell::bound_sleeps() noexcept {
    const std::lock_guard lock(mutex_);
    bound();
}

void doorbell::bound() noexcept {
    // relaxed, both: see arm().
    if (bounded_.exchange(true, std::memory_order_relaxed)) return;
    start_timer(place_.liveness_bound);
}

}  // namespace elkodon::segment
