// See reception.hpp.
#include <elkodon/os/process.hpp>
#include <elkodon/segment/bell.hpp>
#include <elkodon/segment/doorbell.hpp>
#include <elkodon/segment/reception.hpp>

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

reception::reception(const doorbell_place& place,
                     const std::string& name,
                     atomic<std::uint64_t>& notices)
    : doorbells_(place.doorbells),
      processes_(place.processes),
      process_(place.process),
      name_(socket_name(name)),
      liveness_bound_(place.liveness_bound),
      fork_generation_(os::fork_generation()),
      notices_(notices),
      eventfd_(os::make_eventfd()),
      timer_(os::make_timer()),
      spare_(os::make_eventfd()),
      bounded_(place.distrust_peers) {
    listener_ = os::listen_at(doorbells_, name_);
    // Without one of these it would be a bell that nobody hears.
    const bool audible = control_.add(listener_.get(), listener_key) &&
                         control_.add(timer_.get(), timer_key) && both_.add(eventfd_.get(), 0) &&
                         both_.add(control_.get(), 1);
    if (audible) return;
    const int number = errno;
    os::unlink_name(doorbells_, name_);
    os::throw_errno(number, "create a doorbell");
}

reception::~reception() {
    if (fork_generation_ == os::fork_generation()) os::unlink_name(doorbells_, name_);
}

// Remembered whatever comes of it, or a dead peer whose name stays would be noticed again and again.
void reception::watch(process_id process) {
    const std::lock_guard lock(mutex_);
    if (process == process_ || watched_.contains(process)) return;
    if (watched_.size() >= most_peers) return bound();
    watched_.insert(process);
    os::fd connection;
    switch (os::connect_to(processes_, socket_name(process.to_string()), connection)) {
        case os::connecting::refused: return notice();  // dead: the port's next look asks its lock
        case os::connecting::forbidden:
        case os::connecting::full:
        case os::connecting::failed: return bound();
        case os::connecting::connected: break;
    }
    bool dead = false;
    auto ended = os::peer_process(connection.get(), dead);
    if (dead) return notice();
    add_peer(std::move(connection), std::move(ended), process);
}

void reception::notice() noexcept {
    // sync[doorbell.notices] release: see notices().
    notices_.fetch_add(1, std::memory_order_release);
}

void reception::look_again_after(std::chrono::nanoseconds time) noexcept {
    const std::lock_guard lock(mutex_);
    start_timer(time);
}

// A timer that runs already and ends earlier goes on: restarted at every arming it might never end.
void reception::start_timer(std::chrono::nanoseconds after) noexcept {
    const auto end = std::chrono::steady_clock::now() + after;
    if (timer_end_ && *timer_end_ <= end) return;
    timer_end_ = end;
    os::start_timer(timer_.get(), after);
}

// Newcomers last: a slot that a departed peer has left is not taken over in the middle of its notices.
void reception::serve() noexcept {
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

void reception::accept_newcomers() noexcept {
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
void reception::admit(os::fd connection) noexcept {
    bool dead = false;
    auto ended = os::peer_process(connection.get(), dead);
    notice();
    if (dead) return;
    if (os::peer_user(connection.get()) == os::user_number() &&
        !os::send_byte(connection.get(), eventfd_.get()))
        return;
    add_peer(std::move(connection), std::move(ended), {});
}

bool reception::add_peer(os::fd connection, os::fd process, process_id watched) noexcept try {
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

void reception::serve_peer(std::size_t index, bool process_ended) noexcept {
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

void reception::bound_sleeps() noexcept {
    const std::lock_guard lock(mutex_);
    bound();
}

void reception::bound() noexcept {
    // relaxed, both: see arm().
    if (bounded_.exchange(true, std::memory_order_relaxed)) return;
    start_timer(liveness_bound_);
}

}  // namespace elkodon::segment
