// A subscriber's segment: what it holds on to, and where to wake it. Written by the subscriber alone,
// mapped read-only by publishers. After a kill -9 its borrow slots stay as they were; publishers drop them
// with their own proof of its death.
//
// | offset | field        | writer     | readers    | order                         |
// |--------|--------------|------------|------------|-------------------------------|
// | 0      | header       | subscriber | all        | see segment_header            |
// | 128    | borrow_count | subscriber | publishers | before header.state           |
// | 136    | wake_at      | subscriber | publishers | release / acquire             |
// | 152    | seen         | subscriber | cleaners   | release / acquire             |
// | 256    | cursor       | subscriber | publishers | release / acquire (lossless)  |
// | 384    | borrowed[B]  | subscriber | publishers | release, full fence / acquire |
#pragma once

#include <elkodon/layout/segment_header.hpp>

namespace elkodon::layout {

/// 40 bits of the publisher's port id above 24 bits of chunk; 0 when free.
using borrow_slot = atomic<std::uint64_t>;

struct subscriber_segment {
    segment_header header;
    std::uint32_t borrow_count;
    std::uint32_t reserved;
    wake_address wake_at;
    atomic<std::uint64_t> seen;  // every publisher with a name at this generation is mapped
    alignas(line) atomic<std::uint64_t> cursor;
    alignas(line) borrow_slot borrowed[1];  // borrow_count of them
};

static_assert(offsetof(subscriber_segment, borrow_count) == 128 &&
              offsetof(subscriber_segment, wake_at) == 136);
static_assert(offsetof(subscriber_segment, seen) == 152);
static_assert(offsetof(subscriber_segment, cursor) == 256 &&
              offsetof(subscriber_segment, borrowed) == 384);

constexpr std::uint64_t subscriber_segment_size(std::uint32_t borrow_count) noexcept {
    return round_up(offsetof(subscriber_segment, borrowed) +
                        std::uint64_t{borrow_count} * sizeof(borrow_slot),
                    page);
}

}  // namespace elkodon::layout
