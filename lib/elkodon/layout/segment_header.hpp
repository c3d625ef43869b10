// What every segment begins with. Written by the segment's owner, before it gets its name; only `state`
// changes later. After a kill -9 a named segment has a complete header, and `state` stays `ready`.
//
// | offset | field       | writer | readers | order   |
// |--------|-------------|--------|---------|---------|
// | 0      | magic       | owner  | all     | before state |
// | 8      | version     | owner  | all     | before state |
// | 12     | kind        | owner  | all     | before state |
// | 16     | fingerprint | owner  | all     | before state |
// | 24     | port        | owner  | all     | before state |
// | 32     | process     | owner  | all     | before state |
// | 40     | size        | owner  | all     | before state |
// | 48     | pid         | owner  | all     | before state |
// | 52     | state       | owner  | all     | release / acquire |
// | 56     | name        | owner  | all     | before state |
#pragma once

#include <elkodon/base/atomic.hpp>
#include <elkodon/layout/constants.hpp>

#include <cstddef>

namespace elkodon::layout {

enum class segment_kind : std::uint32_t {
    publisher = 1,
    subscriber,
    notifier,
    listener,
    event_set,
    control,
    doorbell,
    pool
};

/// Legal moves: making → ready (owner, once, last store of its creation) → closed (owner, once, after it
/// has cleared its last borrow and sent its last message). A dead owner's stays where it was; nothing
/// leads back, since a name is never linked to an old segment.
enum class segment_state : std::uint32_t { making = 0, ready = 1, closed = 2 };

struct segment_header {
    std::uint64_t magic;
    std::uint32_t version;
    segment_kind kind;
    std::uint64_t fingerprint;
    std::uint64_t port;
    std::uint64_t process;
    std::uint64_t size;
    std::uint32_t pid;  // for messages only: another pid namespace numbers differently
    atomic<segment_state> state;
    char name[longest_port_name];  // of the port, for people; padded with NUL
    std::byte reserved[line - 56 - longest_port_name];
};

static_assert(sizeof(segment_header) == line);
static_assert(offsetof(segment_header, magic) == 0 && offsetof(segment_header, version) == 8);
static_assert(offsetof(segment_header, kind) == 12 && offsetof(segment_header, fingerprint) == 16);
static_assert(offsetof(segment_header, port) == 24 && offsetof(segment_header, process) == 32);
static_assert(offsetof(segment_header, size) == 40 && offsetof(segment_header, pid) == 48);
static_assert(offsetof(segment_header, state) == 52 && offsetof(segment_header, name) == 56);

/// Where a port's owner wants to be woken: in the port's own segment, read by who publishes to it.
/// The doorbell is stored last when attaching and cleared first when detaching; a reader loads it before
/// and after the slot, and asks again later when the two differ.
struct wake_address {
    atomic<std::uint64_t> doorbell;  // 0: nowhere
    atomic<std::uint32_t> slot;
    std::uint32_t reserved;
};

static_assert(sizeof(wake_address) == 16 && offsetof(wake_address, slot) == 8);

}  // namespace elkodon::layout
