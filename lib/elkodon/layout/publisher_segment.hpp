// A publisher's segment: ring, chunk headers, payloads. Written by the publisher alone, mapped read-only
// by subscribers. After a kill -9 at any instruction every published message stays readable; of a message
// whose send didn't return, some subscribers may see the header and others nothing yet.
//
// | offset       | field          | writer    | readers     | order                              |
// |--------------|----------------|-----------|-------------|------------------------------------|
// | 0            | header         | publisher | all         | see segment_header                 |
// | 128          | ring_size …    | publisher | subscribers | before header.state                |
// | 160          | pools[16]      | publisher | subscribers | first_chunk: release / acquire     |
// | 672          | known_from     | publisher | cleaners    | release / acquire                  |
// | 680          | wake_at        | publisher | subscribers | release / acquire (lossless)       |
// | 696          | waiting        | publisher | subscribers | seq_cst with a fence (lossless)    |
// | 768          | tail           | publisher | subscribers | release / acquire                  |
// | 896          | ring[R]        | publisher | subscribers | release / acquire                  |
// | pool.offset  | chunks         | publisher | subscribers | chunk_header.word, or the ring slot |
//
// A chunk, by the distance from where its payload begins. The chunk header lies there whatever the user header:
// ring and reader know nothing of that one, and a small one shares the first cache line.
//
// | from payload | what           | aligned to                  |
// |--------------|----------------|-----------------------------|
// | before that  | time of sending | 8; nanoseconds of the steady clock, where the service says so; see time_distance() |
// | −16 − …      | user header    | its own alignment; see user_header_distance() |
// | −16          | chunk_header   | 16                          |
// | 0            | payload        | its own alignment, at least 16 |
#pragma once

#include <elkodon/layout/segment_header.hpp>

namespace elkodon::layout {

/// 16 bytes, ending where the payload begins.
///
/// word: sequence · 2 + gone. "gone" means that this chunk can no longer be taken by its header: it was
/// retired from the ring, or announced for a message that went into another chunk. The word of a chunk only
/// grows.
struct chunk_header {
    atomic<std::uint64_t> word;
    atomic<std::uint32_t>
        announced;  // the chunk in which the next message will probably be, or no_chunk
    atomic<std::uint32_t> length;  // in elements
};

static_assert(sizeof(chunk_header) == 16);
static_assert(offsetof(chunk_header, announced) == 8 && offsetof(chunk_header, length) == 12);

/// One word: the low 40 bits of the sequence above 24 bits of chunk. Slot i begins as {i, no_chunk}.
using ring_slot = atomic<std::uint64_t>;

/// Chunk numbers are global over a publisher's pools and never used again by a later one. The first entry is the pool
/// in this segment. Further pools are files of their own, which say the rest of themselves: their entries have
/// first_chunk only, stored before the first use, and 0 again once the pool has been released.
struct pool_entry {
    atomic<std::uint32_t> first_chunk;
    std::uint32_t chunk_count;
    std::uint64_t offset;  // of the first chunk, in this segment
    std::uint64_t stride;
    std::uint32_t payload_offset;  // in a chunk; the chunk_header ends there
    std::uint32_t reserved;
};

static_assert(sizeof(pool_entry) == 32);

inline constexpr std::uint32_t max_pools = 16;

struct publisher_segment {
    segment_header header;
    std::uint32_t ring_size;  // a power of two, at least 2
    std::uint32_t history;
    std::uint64_t payload_size;        // of the longest slice in pools[0]
    atomic<std::uint32_t> pool_count;  // all that there ever were
    std::uint32_t reserved;
    std::uint64_t first_sequence;  // of the first message that was ever sent
    pool_entry pools[max_pools];
    atomic<std::uint64_t> known_from;  // the generation at which its name is visible; 0: not yet
    wake_address wake_at;
    atomic<std::uint64_t> waiting;  // 1 while it waits for subscribers to go on
    std::byte gap[768 - 704];
    alignas(line) atomic<std::uint64_t> tail;  // the sequence that the next message will have
    alignas(line) ring_slot ring[1];           // ring_size of them
};

static_assert(offsetof(publisher_segment, ring_size) == 128 &&
              offsetof(publisher_segment, history) == 132);
static_assert(offsetof(publisher_segment, payload_size) == 136);
static_assert(offsetof(publisher_segment, first_sequence) == 152);
static_assert(offsetof(publisher_segment, pool_count) == 144 &&
              offsetof(publisher_segment, pools) == 160);
static_assert(offsetof(publisher_segment, known_from) == 672);
static_assert(offsetof(publisher_segment, wake_at) == 680 &&
              offsetof(publisher_segment, waiting) == 696);
static_assert(offsetof(publisher_segment, tail) == 768 && offsetof(publisher_segment, ring) == 896);

/// The arithmetic of a publisher's segment: known before anything is created, and the same in every
/// process. Sizes in bytes.
struct publisher_geometry {
    std::uint32_t ring_size = 2;
    std::uint32_t chunk_count = 0;
    std::uint64_t payload_size = 0;
    std::uint32_t payload_offset = 16;
    std::uint32_t room = 1;  // the most elements that a chunk can hold
    std::uint64_t stride = 0;
    std::uint64_t pool_offset = 0;
    std::uint64_t total = 0;
};

/// What the layout needs to know of a user header. Size 0: there is none.
struct user_header {
    std::uint64_t size = 0;
    std::uint64_t alignment = 1;
    bool timed = false;  // a time of sending lies before it
};

/// How far before its payload a user header begins, in bytes; without one it is the chunk header that does.
constexpr std::uint64_t user_header_distance(const user_header& header) noexcept {
    return round_up(sizeof(chunk_header) + header.size, header.alignment);
}

/// How far before its payload the time of sending lies, in bytes, in services that have it.
constexpr std::uint64_t time_distance(const user_header& header) noexcept {
    return round_up(user_header_distance(header) + sizeof(std::int64_t), alignof(std::int64_t));
}

/// Payloads aligned to at most 16, without a user header, share the first cache line with their chunk header.
constexpr publisher_geometry publisher_geometry_of(std::uint32_t ring_size,
                                                   std::uint32_t chunk_count,
                                                   std::uint64_t payload_size,
                                                   std::uint64_t payload_alignment,
                                                   const user_header& header = {}) noexcept {
    const auto alignment =
        payload_alignment > header.alignment ? payload_alignment : header.alignment;
    const auto step = alignment > line ? alignment : line;
    publisher_geometry made;
    made.ring_size = ring_size;
    made.chunk_count = chunk_count;
    made.payload_size = payload_size;
    const auto before = header.timed ? time_distance(header) : user_header_distance(header);
    made.payload_offset =
        static_cast<std::uint32_t>(round_up(before, alignment > 16 ? alignment : 16));
    made.stride = round_up(made.payload_offset + payload_size, step);
    made.pool_offset = round_up(
        offsetof(publisher_segment, ring) + std::uint64_t{ring_size} * sizeof(ring_slot), page);
    made.total = round_up(made.pool_offset + made.stride * chunk_count, page);
    return made;
}

}  // namespace elkodon::layout
