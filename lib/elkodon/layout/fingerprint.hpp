// A number made of every size and offset that two processes must agree on: builds with the same fingerprint may talk to each
// other, whatever their compiler, options or patch release. Computed at compile time; a segment's owner writes it into its header.
// After a kill -9 it stands there before the ready word does, so that nobody reads a layout that he doesn't know.
#pragma once

#include <elkodon/layout/control_page.hpp>
#include <elkodon/layout/doorbell_segment.hpp>
#include <elkodon/layout/event_segments.hpp>
#include <elkodon/layout/pool_segment.hpp>
#include <elkodon/layout/publisher_segment.hpp>
#include <elkodon/layout/subscriber_segment.hpp>

namespace elkodon::layout {

/// FNV-1a over the numbers.
constexpr std::uint64_t mix(std::uint64_t hash, std::uint64_t number) noexcept {
    for (int i = 0; i < 8; ++i) hash = (hash ^ ((number >> (8 * i)) & 0xff)) * 0x100'0000'01b3;
    return hash;
}

constexpr std::uint64_t make_fingerprint() noexcept {
    constexpr std::uint64_t numbers[] = {version,
                                         line,
                                         page,
                                         max_ports,
                                         max_pools,
                                         sizeof(segment_header),
                                         sizeof(wake_address),
                                         offsetof(segment_header, state),
                                         offsetof(segment_header, name),
                                         sizeof(chunk_header),
                                         sizeof(pool_entry),
                                         user_header_distance({8, 8}),
                                         time_distance({8, 8}),
                                         offsetof(publisher_segment, first_sequence),
                                         offsetof(publisher_segment, known_from),
                                         offsetof(subscriber_segment, seen),
                                         offsetof(publisher_segment, pools),
                                         sizeof(pool_segment),
                                         offsetof(pool_segment, known_from),
                                         offsetof(publisher_segment, tail),
                                         offsetof(publisher_segment, ring),
                                         offsetof(subscriber_segment, wake_at),
                                         offsetof(subscriber_segment, holds_back),
                                         offsetof(subscriber_segment, borrowed),
                                         sizeof(cursor),
                                         offsetof(publisher_segment, wake_at),
                                         offsetof(publisher_segment, waiting),
                                         offsetof(control_page, generation),
                                         offsetof(control_page, waiting),
                                         offsetof(doorbell_segment, armed),
                                         offsetof(doorbell_segment, backend),
                                         offsetof(doorbell_segment, summary),
                                         offsetof(doorbell_segment, leaves),
                                         offsetof(listener_segment, wake_at),
                                         offsetof(listener_segment, node),
                                         offsetof(event_set_segment, counting),
                                         counts_offset(max_event_ids),
                                         offsetof(control_page, last_notified),
                                         offsetof(event_set_segment, words)};
    std::uint64_t hash = 0xcbf2'9ce4'8422'2325;
    for (const auto number : numbers) hash = mix(hash, number);
    return hash;
}

inline constexpr std::uint64_t fingerprint = make_fingerprint();

}  // namespace elkodon::layout
