// A place that waits: an armed word and the set of its ports that have news. Written by its owner and by
// every peer that rings. After a kill -9 of a peer between its mark and its ring, the mark stays and the
// peer's death notice makes the owner look.
//
// | offset | field   | writer          | readers | order   |
// |--------|---------|-----------------|---------|---------|
// | 0      | header  | owner           | all     | see segment_header |
// | 128    | armed   | owner, wakers   | all     | seq_cst |
// | 136    | backend | owner, at first | wakers  | constant once the header says ready |
// | 256    | summary | owner, wakers   | owner   | seq_cst |
// | 384    | leaves  | owner, wakers   | owner   | release or seq_cst / acquire |
#pragma once

#include <elkodon/layout/segment_header.hpp>

namespace elkodon::layout {

/// The armed word: an epoch, counted up by every arming, above two bits of state.
///
/// | state | who moves on               | to                                  |
/// |-------|----------------------------|-------------------------------------|
/// | idle  | owner, before it sleeps    | armed, next epoch                   |
/// | armed | a waker, after it has rung | rung, same epoch (compare-exchange) |
/// | any   | a waker, by a futex        | rung, as it rings (one step of the kernel's) |
/// | armed | owner, awake again         | idle                                |
/// | rung  | owner, awake again         | idle                                |
///
/// rung → armed can't be: only the owner arms, from idle. A late compare-exchange misses the next arming,
/// whose epoch differs. A late ring by a futex hits it, and wakes the owner, who looks for nothing: it sets the bit of
/// rung and leaves the other as it is, so rung is any word with that bit.
enum class armed_state : std::uint64_t { idle = 0, armed = 1, rung = 2 };

constexpr armed_state armed_state_of(std::uint64_t word) noexcept {
    return (word & 2) != 0 ? armed_state::rung : static_cast<armed_state>(word & 1);
}

constexpr std::uint64_t armed_word(std::uint64_t epoch, armed_state state) noexcept {
    return epoch << 2 | static_cast<std::uint64_t>(state);
}

/// What the owner sleeps on, and how it is rung. Any other number: no doorbell that we know how to ring.
enum class doorbell_kind : std::uint32_t {
    futex = 1,    ///< the armed word: FUTEX_WAKE_OP rings; no socket, no connection
    eventfd = 2,  ///< an eventfd that its owner hands over at the socket beside the segment
};

inline constexpr std::uint32_t ready_leaves = max_ports / 64;
inline constexpr std::uint32_t ready_summaries = ready_leaves / 64;

struct doorbell_segment {
    segment_header header;
    atomic<std::uint64_t> armed;
    std::uint32_t backend;
    std::byte gap[line - 12];
    atomic<std::uint64_t> summary[ready_summaries];
    std::byte second_gap[line - 8 * ready_summaries];
    atomic<std::uint64_t> leaves[ready_leaves];
    std::byte reserved[page - 384 - 8 * ready_leaves];
};

static_assert(sizeof(doorbell_segment) == page);
static_assert(offsetof(doorbell_segment, armed) == 128 &&
              offsetof(doorbell_segment, backend) == 136 &&
              offsetof(doorbell_segment, summary) == 256);
static_assert(offsetof(doorbell_segment, leaves) == 384);

}  // namespace elkodon::layout
