// See gate.hpp.
#include <elkodon/port/gate.hpp>

#include <algorithm>

namespace elkodon::port {
namespace {

// The cursor is the subscriber's claim about our own ring: never beyond what we have published.
std::uint64_t position_in(const layout::cursor& cursor,
                          port_id publisher,
                          std::uint64_t otherwise,
                          std::uint64_t next) noexcept {
    // sync[subscriber.cursor] acquire: the position that was stored before our id.
    if (cursor.publisher.load(std::memory_order_acquire) != publisher.value()) return otherwise;
    // sync[subscriber.cursor] acquire: the subscriber has taken, and read again, all below.
    return std::min(cursor.position.load(fenced_load), next);
}

}  // namespace

// A newcomer that we don't know yet was named after our last look and its fence, and has read our tail since: it
// begins at seen_ or later. So seen_ + reach_ bounds us even while nobody is there.
void gate::look(std::uint64_t next, const peers& all) noexcept {
    seen_ = next;
    limit_ = next + reach_;
    for (const auto& peer : all) {
        if (!peer->cursor) continue;
        read_cursor(*peer, next);
        if (holds(*peer)) limit_ = std::min(limit_, limit_of(*peer));
    }
    unasked_ = asks_for_each_ ? 0 : limit_;
}

void gate::read_cursor(subscriber_peer& peer, std::uint64_t next) const noexcept {
    const auto now = position_in(*peer.cursor, publisher_, peer.position, next);
    if (now > peer.position) {
        peer.position = now;
        peer.stuck_since.reset();
        // Within reach again: from here on nothing of it is lost.
        if (now + reach_ >= next) peer.evicted = false;
    }
    if (limit_of(peer) > next) peer.stuck_since.reset();
}

bool gate::holds(const subscriber_peer& peer) const noexcept {
    // sync[subscriber.holds_back] acquire: 0 once it has let go for good.
    return peer.cursor && !peer.evicted && !peer.ended &&
           peer.layout().holds_back.load(std::memory_order_acquire) != 0 && !peer.memory.closed();
}

std::uint64_t gate::limit_of(const subscriber_peer& peer) const noexcept {
    // sync[subscriber.holds_back] acquire: as above.
    const std::uint64_t room = peer.layout().holds_back.load(std::memory_order_acquire);
    return peer.position + std::clamp<std::uint64_t>(room, 1, reach_);
}

void gate::evict(const peers& all) noexcept {
    next_eviction_.reset();
    if (stall_timeout_.count() == 0) return;
    const auto now = clock::now();
    for (const auto& peer : all) {
        if (!holds(*peer) || limit_of(*peer) > seen_) continue;
        if (!peer->stuck_since) peer->stuck_since = now;
        const auto due = *peer->stuck_since + stall_timeout_;
        peer->evicted = now >= due;
        if (!peer->evicted) next_eviction_ = std::min(next_eviction_.value_or(due), due);
    }
}

}  // namespace elkodon::port
