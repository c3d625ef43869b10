// How far a publisher may go: in a lossless service its subscribers hold it back.
// Lies in the publisher's own memory; reads the cursors, which subscribers write.
// After a subscriber's kill -9 its cursor stands still; with proof of its death it holds nobody back.
#pragma once

#include <elkodon/layout/subscriber_segment.hpp>
#include <elkodon/port/waker.hpp>

#include <chrono>
#include <optional>

namespace elkodon::port {

/// A subscriber, as a publisher knows it.
struct subscriber_peer : sleeper {
    const layout::subscriber_segment& layout() const noexcept {
        return memory.as<layout::subscriber_segment>();
    }
    const layout::wake_address& wake_address() const noexcept { return layout().wake_at; }

    const layout::cursor* cursor = nullptr;  ///< ours; only in lossless services
    std::uint64_t position = 0;  ///< as last read; before that, where it begins at the earliest
    std::optional<std::chrono::steady_clock::time_point> stuck_since;  ///< full, and not moving
    bool evicted = false;  ///< stood still for too long: holds nobody back until it has caught up
};

/// Owner thread.
class gate {
public:
    using clock = std::chrono::steady_clock;
    using peers = std::vector<std::unique_ptr<subscriber_peer>>;

    gate() noexcept = default;

    /// `reach`: how far ahead of a subscriber its publisher may ever be. `stall_timeout`: zero for none.
    gate(port_id publisher,
         std::uint64_t first,
         std::uint64_t reach,
         std::chrono::milliseconds stall_timeout) noexcept
        : publisher_(publisher),
          limit_(first),
          unasked_(first),
          seen_(first),
          reach_(reach),
          stall_timeout_(stall_timeout) {}

    /// Whether the message with this sequence may be published, and nothing else is to be done with it: the one comparison
    /// on the way of a message.
    bool open(std::uint64_t sequence) const noexcept { return sequence < unasked_; }

    /// The first half of that.
    bool lets(std::uint64_t sequence) const noexcept { return sequence < limit_; }

    /// From here on something is to be done with every message: open() never holds.
    void ask_for_each() noexcept {
        asks_for_each_ = true;
        unasked_ = 0;
    }

    /// Where a subscriber begins that wasn't known at the last look: not before this.
    std::uint64_t newcomers_begin() const noexcept { return seen_; }

    /// Reads the cursors. `next` is the sequence of the next message. The caller has fenced fully and knows all
    /// subscribers of this generation.
    void look(std::uint64_t next, const peers& all) noexcept;

    /// Evicts who has been full and stood still for stall_timeout; who is to be evicted next is in next_eviction().
    void evict(const peers& all) noexcept;
    std::optional<clock::time_point> next_eviction() const noexcept { return next_eviction_; }

private:
    bool holds(const subscriber_peer& peer) const noexcept;
    std::uint64_t limit_of(const subscriber_peer& peer) const noexcept;
    void read_cursor(subscriber_peer& peer, std::uint64_t next) const noexcept;

    port_id publisher_;
    std::uint64_t limit_ = ~std::uint64_t{0};    // cached: only read anew when it is reached
    std::uint64_t unasked_ = ~std::uint64_t{0};  // that, or 0
    bool asks_for_each_ = false;
    std::uint64_t seen_ = 0;  // the next sequence at the last look
    std::uint64_t reach_ = 0;
    std::chrono::milliseconds stall_timeout_{0};
    std::optional<clock::time_point> next_eviction_;
};

}  // namespace elkodon::port
