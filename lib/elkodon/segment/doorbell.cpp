// See doorbell.hpp.
#include <elkodon/os/process.hpp>
#include <elkodon/segment/bell.hpp>
#include <elkodon/segment/doorbell.hpp>

namespace elkodon::segment {
namespace {

constexpr std::size_t most_peers = 256;
constexpr std::uint64_t listener_key = 0;
constexpr std::uint64_t timer_key = 1;

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
    control_.add(listener_.get(), listener_key);
    control_.add(timer_.get(), timer_key);
    both_.add(eventfd_.get(), 0);
    both_.add(control_.get(), 1);
    memory_.link(place.doorbells, name);
}

doorbell::~doorbell() {
    if (fork_generation_ != os::fork_generation()) return;
    const auto name = doorbell_name(place_.process, id_);
    os::unlink_name(place_.doorbells, name);
    os::unlink_name(place_.doorbells, socket_name(name));
}

std::optional<std::uint32_t> doorbell::take_slot() {
    if (!free_slots_.empty()) {
        const auto slot = free_slots_.back();
        free_slots_.pop_back();
        return slot;
    }
    if (used_slots_ == layout::max_ports) return std::nullopt;
    free_slots_.reserve(used_slots_ + 1);  // so that free_slot() needs no memory
    return used_slots_++;
}

void doorbell::free_slot(std::uint32_t slot) noexcept { free_slots_.push_back(slot); }

void doorbell::arm() noexcept {
    ++epoch_;
    armed_ = true;
    // sync[doorbell.armed] seq_cst: stored before we load the summary; a waker marks the summary, then loads
    // this. One of the two sees the other.
    memory_.as<layout::doorbell_segment>().armed.store(
        layout::armed_word(epoch_, layout::armed_state::armed), std::memory_order_seq_cst);
    if (bounded_) os::start_timer(timer_.get(), place_.liveness_bound);
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

void doorbell::watch(process_id process) {
    if (process == place_.process || watched_.contains(process)) return;
    if (watched_.size() >= most_peers) return bound_sleeps();
    os::fd connection;
    switch (os::connect_to(place_.processes, socket_name(process.to_string()), connection)) {
        case os::connecting::refused:  // dead, or about to close: the port's next look asks its lock
            ++notices_;
            return;
        case os::connecting::full:
        case os::connecting::failed: return bound_sleeps();
        case os::connecting::connected: break;
    }
    bool dead = false;
    auto ended = os::peer_process(connection.get(), dead);
    if (dead) ++notices_;
    if (dead || !add_peer(std::move(connection), std::move(ended), process)) return;
    watched_.insert(process);
}

void doorbell::serve() noexcept {
    std::uint64_t keys[64];
    const auto count = control_.ready(keys);
    for (std::size_t i = 0; i < count; ++i) {
        if (keys[i] == listener_key) accept_newcomers();
        else if (keys[i] == timer_key) {
            os::drain(timer_.get());
            ++notices_;
        } else serve_peer((keys[i] - 2) / 2, keys[i] % 2 == 1);
    }
}

void doorbell::accept_newcomers() noexcept {
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
        try {
            spare_ = os::make_eventfd();
        } catch (...) {}
        bound_sleeps();
        ++notices_;
    }
}

// Only processes of our user get the eventfd: whoever holds it can drain it. Others ring with bytes.
void doorbell::admit(os::fd connection) noexcept {
    bool dead = false;
    auto ended = os::peer_process(connection.get(), dead);
    ++notices_;
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
        bound_sleeps();
        return false;
    }
    if (!process) bound_sleeps();
    peers_[index] = {std::move(connection), std::move(process), watched, true};
    return true;
} catch (...) {
    bound_sleeps();
    return false;
}

void doorbell::serve_peer(std::size_t index, bool process_ended) noexcept {
    if (index >= peers_.size() || !peers_[index].used) return;
    auto& peer = peers_[index];
    const auto news = os::receive_bytes(peer.connection.get());
    if (!news.gone && !process_ended) return;
    ++notices_;
    watched_.erase(peer.watched);
    control_.remove(peer.connection.get());
    if (peer.process) control_.remove(peer.process.get());
    peer = {};
}

void doorbell::bound_sleeps() noexcept {
    if (bounded_) return;
    bounded_ = true;
    os::start_timer(timer_.get(), place_.liveness_bound);
}

}  // namespace elkodon::segment
