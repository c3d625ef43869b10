// See bell.hpp.
#include <elkodon/base/untrusted.hpp>
#include <elkodon/os/futex.hpp>
#include <elkodon/os/poll.hpp>
#include <elkodon/os/socket.hpp>
#include <elkodon/segment/bell.hpp>

#include <cerrno>

namespace elkodon::segment {
namespace {

using layout::doorbell_kind;

// Read once, as all that others can write.
std::optional<doorbell_kind> kind_of(const foreign_segment& memory) noexcept {
    const auto kind =
        static_cast<doorbell_kind>(read_once(memory.as<layout::doorbell_segment>().backend));
    if (kind != doorbell_kind::futex && kind != doorbell_kind::eventfd) return std::nullopt;
    return kind;
}

}  // namespace

std::string doorbell_name(process_id owner, doorbell_id id) {
    return owner.to_string() + "." + id.to_string();
}

std::string socket_name(const std::string& name) { return name + ".socket"; }

std::shared_ptr<bell> bell::open(int doorbells,
                                 process_id owner,
                                 doorbell_id id,
                                 std::error_code& failure) {
    auto name = doorbell_name(owner, id);
    auto memory = foreign_segment::map(doorbells, name, layout::segment_kind::doorbell,
                                       os::access::read_write, sizeof(layout::doorbell_segment));
    if (memory.why_absent() == absence::our_failure) failure = memory.failure();
    const auto kind = memory ? kind_of(memory) : std::nullopt;
    if (!kind) return nullptr;
    auto made = std::make_shared<bell>(doorbells, std::move(name), std::move(memory), *kind);
    failure = made->connect();
    return failure ? nullptr : made;
}

bell::bell(int doorbells, std::string name, foreign_segment memory, doorbell_kind kind)
    : memory_(std::move(memory)),
      ready_(ready_set_of(memory_.as<layout::doorbell_segment>())),
      name_(std::move(name)),
      doorbells_(doorbells),
      kind_(kind) {}

void bell::ring_if_armed() noexcept {
    auto& word = armed_word();
    // sync[doorbell.armed] seq_cst: after our mark of the summary. The sleeper stores the armed word, then
    // loads the summary: it sees our mark, or we see it armed.
    auto armed = word.load(std::memory_order_seq_cst);
    if (layout::armed_state_of(armed) != layout::armed_state::armed) return;
    // Rung and woken in one step, or a waker stopped in between would have silenced everybody else.
    if (kind_ == doorbell_kind::futex)
        return os::set_and_wake(word, static_cast<std::uint32_t>(layout::armed_state::rung));
    // Ring before the exchange: a waker stopped in between would otherwise have silenced everybody else.
    // Who has not rung says nothing, so that the next one tries.
    if (!ring()) return;
    // The epoch is in the word: a late exchange misses the next arming.
    const auto rung = layout::armed_word(armed >> 2, layout::armed_state::rung);
    // sync[doorbell.armed] seq_cst: tells later wakers that the bell has been rung.
    word.compare_exchange_strong(armed, rung, std::memory_order_seq_cst);
}

std::error_code bell::connect() noexcept {
    const std::lock_guard lock(mutex_);
    errno = 0;
    if (connect_locked() != os::connecting::failed) return {};
    return {errno != 0 ? errno : EIO, std::system_category()};
}

// A new connection is a ring by itself: the owner polls its listening socket level-style. So is a full backlog.
os::connecting bell::connect_locked() noexcept {
    if (connection_ || kind_ == doorbell_kind::futex) return os::connecting::connected;
    return os::connect_to(doorbells_, socket_name(name_), connection_);
}

// Returns whether the owner was rung, or is gone; not when we had no descriptor to do it with.
bool bell::ring() noexcept {
    // sync[bell.eventfd] acquire: the descriptor is valid; it stays open as long as this object.
    const int eventfd = eventfd_number_.load(std::memory_order_acquire);
    if (eventfd >= 0) {
        os::ring(eventfd);
        return true;
    }
    const std::lock_guard lock(mutex_);
    if (connection_ && !eventfd_) {
        auto handed = os::receive_bytes(connection_.get());
        if (handed.passenger && os::accept_eventfd(handed.passenger.get())) {
            eventfd_ = std::move(handed.passenger);
            // sync[bell.eventfd] release: set once.
            eventfd_number_.store(eventfd_.get(), std::memory_order_release);
        }
    }
    if (eventfd_) {
        os::ring(eventfd_.get());
        return true;
    }
    if (connection_ && os::send_byte(connection_.get())) return true;
    connection_.reset();
    const auto state = connect_locked();
    return state != os::connecting::failed && state != os::connecting::forbidden;
}

}  // namespace elkodon::segment
