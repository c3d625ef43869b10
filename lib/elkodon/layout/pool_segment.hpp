// A further pool of a publisher whose slices have become longer: a file of its own, chunks as in the publisher's
// segment. Written by the publisher alone, mapped read-only by subscribers. Unlinked when nobody borrows from it any
// more, never truncated. After a kill -9 it stays until every living subscriber has mapped it, as the publisher's
// segment does.
//
// | offset | field        | writer    | readers     | order                                |
// |--------|--------------|-----------|-------------|--------------------------------------|
// | 0      | header       | publisher | all         | see segment_header                   |
// | 128    | first_chunk  | publisher | subscribers | before header.state                  |
// | 132    | chunk_count  | publisher | subscribers | before header.state                  |
// | 136    | payload_size | publisher | subscribers | before header.state                  |
// | 144    | known_from   | publisher | cleaners    | release / acquire                    |
// | 4096   | chunks       | publisher | subscribers | chunk_header.word, or the ring slot  |
#pragma once

#include <elkodon/layout/publisher_segment.hpp>

namespace elkodon::layout {

struct pool_segment {
    segment_header header;
    std::uint32_t first_chunk;  // as in its entry of publisher_segment::pools, and in its name
    std::uint32_t chunk_count;
    std::uint64_t payload_size;        // of the longest slice, in bytes
    atomic<std::uint64_t> known_from;  // the generation at which its entry is visible; 0: not yet
};

static_assert(offsetof(pool_segment, first_chunk) == 128 &&
              offsetof(pool_segment, chunk_count) == 132);
static_assert(offsetof(pool_segment, payload_size) == 136 &&
              offsetof(pool_segment, known_from) == 144);
static_assert(sizeof(pool_segment) <= page);

/// As publisher_geometry_of(), without a ring.
constexpr publisher_geometry pool_geometry_of(std::uint32_t chunk_count,
                                              std::uint64_t payload_size,
                                              std::uint64_t payload_alignment,
                                              const user_header& header) noexcept {
    auto made = publisher_geometry_of(2, chunk_count, payload_size, payload_alignment, header);
    made.pool_offset = page;
    made.total = round_up(made.pool_offset + made.stride * chunk_count, page);
    return made;
}

}  // namespace elkodon::layout
