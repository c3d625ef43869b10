// The segments of the event pattern. A listener's own segment is written by the listener alone; its event
// set, a file of its own, by every notifier. After a kill -9 of a notifier, an id that it has set stays set.
//
// | segment   | offset | field    | writer              | readers   | order   |
// |-----------|--------|----------|---------------------|-----------|---------|
// | notifier  | 0      | header   | notifier            | listeners | see segment_header |
// | listener  | 0      | header   | listener            | notifiers | see segment_header |
// | listener  | 128    | wake_at  | listener            | notifiers | release / acquire  |
// | listener  | 144    | node     | listener            | notifiers | before header.state |
// | event set | 0      | header   | listener            | notifiers | see segment_header |
// | event set | 128    | id_count | listener            | notifiers | before header.state |
// | event set | 132    | counting | listener            | notifiers | before header.state |
// | event set | 256    | words    | listener, notifiers | listener  | seq_cst: summaries, then leaves |
//
// Where the listener counts, a count for each id follows at counts_offset(): seq_cst, before the id's leaf.
#pragma once

#include <elkodon/layout/segment_header.hpp>

namespace elkodon::layout {

struct notifier_segment {
    segment_header header;
};

struct listener_segment {
    segment_header header;
    wake_address wake_at;
    std::uint64_t node;  // whose notifiers may skip it
};

static_assert(offsetof(listener_segment, wake_at) == 128 && offsetof(listener_segment, node) == 144);

struct event_set_segment {
    segment_header header;
    std::uint32_t id_count;
    std::uint32_t counting;  // 1 where a count for each id follows the words, otherwise 0
    std::uint32_t reserved[30];
    atomic<std::uint64_t> words[1];  // a summary word for every 64 leaves, then the leaves
};

static_assert(offsetof(event_set_segment, id_count) == 128 &&
              offsetof(event_set_segment, counting) == 132 &&
              offsetof(event_set_segment, words) == 256);

/// The largest event_id_max_value + 1: 2 MiB of bits a listener, and 64 MiB of counts where it counts.
inline constexpr std::uint32_t max_event_ids = 1U << 24;

constexpr std::uint32_t leaf_count(std::uint32_t ids) noexcept { return (ids + 63) / 64; }
constexpr std::uint32_t summary_count(std::uint32_t ids) noexcept {
    return (leaf_count(ids) + 63) / 64;
}

/// Where the counts begin: 32 bits for each id, in lines of their own.
constexpr std::uint64_t counts_offset(std::uint32_t ids) noexcept {
    return round_up(
        offsetof(event_set_segment, words) + 8ULL * (leaf_count(ids) + summary_count(ids)), line);
}

constexpr std::uint64_t event_set_size(std::uint32_t ids, bool counting) noexcept {
    return round_up(counts_offset(ids) + (counting ? 4ULL * ids : 0), page);
}

}  // namespace elkodon::layout
