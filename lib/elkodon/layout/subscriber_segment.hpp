// A subscriber's segment: what it holds on to, and where to wake it. Written by the subscriber alone,
// mapped read-only by publishers. After a kill -9 its borrow slots stay as they were; publishers drop them
// with their own proof of its death.
//
// | offset | field        | writer     | readers    | order                         |
// |--------|--------------|------------|------------|-------------------------------|
// | 0      | header       | subscriber | all        | see segment_header            |
// | 128    | borrow_count | subscriber | publishers | before header.state           |
// | 132    | holds_back   | subscriber | publishers | release / acquire             |
// | 136    | wake_at      | subscriber | publishers | release / acquire             |
// | 152    | seen         | subscriber | cleaners   | release / acquire             |
// | 256    | borrowed[B]  | subscriber | publishers | release, full fence / acquire |
// | after  | cursors[P]   | subscriber | publishers | release / acquire             |
#pragma once

#include <elkodon/layout/segment_header.hpp>

namespace elkodon::layout {

/// 40 bits of the publisher's port id above 24 bits of chunk; 0 when free.
using borrow_slot = atomic<std::uint64_t>;

/// How far a subscriber has come in the ring of one publisher, in the entry of that publisher's slot. Only in
/// lossless services; a line for each, since each is polled by another publisher.
struct alignas(line) cursor {
    atomic<std::uint64_t> publisher;  // its port id, stored last; 0: nobody's yet
    atomic<std::uint64_t> position;   // the sequence that is due
};

struct subscriber_segment {
    segment_header header;
    std::uint32_t borrow_count;
    /// A lossless publisher may be this many messages ahead; 0: it isn't held back by this subscriber.
    atomic<std::uint32_t> holds_back;
    wake_address wake_at;
    atomic<std::uint64_t> seen;  // every publisher with a name at this generation is mapped
    alignas(line) borrow_slot borrowed[1];  // borrow_count of them
};

static_assert(offsetof(subscriber_segment, borrow_count) == 128 &&
              offsetof(subscriber_segment, wake_at) == 136);
static_assert(offsetof(subscriber_segment, seen) == 152);
static_assert(offsetof(subscriber_segment, holds_back) == 132);
static_assert(offsetof(subscriber_segment, borrowed) == 256);
static_assert(sizeof(cursor) == line && offsetof(cursor, position) == 8);

/// Where the cursors begin.
constexpr std::uint64_t cursors_offset(std::uint32_t borrow_count) noexcept {
    return round_up(offsetof(subscriber_segment, borrowed) +
                        std::uint64_t{borrow_count} * sizeof(borrow_slot),
                    line);
}

/// `cursor_count` is max_publishers in a lossless service, else 0.
constexpr std::uint64_t subscriber_segment_size(std::uint32_t borrow_count,
                                                std::uint64_t cursor_count) noexcept {
    return round_up(cursors_offset(borrow_count) + cursor_count * sizeof(cursor), page);
}

}  // namespace elkodon::layout
