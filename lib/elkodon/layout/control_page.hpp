// The page that all ports of a service write. Nothing on it decides over memory safety between users; a
// participant that scribbles on it delays wake-ups. After a kill -9 stale waiter bits stay: wakers mask them
// by the ports that they know.
//
// | offset | field      | writer          | readers          | order                       |
// |--------|------------|-----------------|------------------|-----------------------------|
// | 0      | header     | the creator     | all              | see segment_header          |
// | 128    | generation | who changes the directory | all    | fetch_add seq_cst / seq_cst, acquire |
// | 256    | waiting    | who sleeps      | who publishes    | seq_cst with a fence        |
// | 2304   | last_notified | notifiers    | notifiers, listeners | release / acquire       |
#pragma once

#include <elkodon/layout/segment_header.hpp>

namespace elkodon::layout {

struct control_page {
    segment_header header;
    atomic<std::uint64_t> generation;
    std::byte gap[line - 8];
    /// Bit `slot`: the subscriber or listener in that slot is cold; whoever publishes marks its doorbell.
    /// Only its owner sets and clears it.
    atomic<std::uint64_t> waiting[max_ports / 64];
    /// Where the event service has a deadline: when it was notified last, in nanoseconds of the steady clock; at
    /// first, when it was made.
    atomic<std::uint64_t> last_notified;
    std::byte reserved[page - 256 - max_ports / 8 - 8];
};

static_assert(sizeof(control_page) == page);
static_assert(offsetof(control_page, generation) == 128 && offsetof(control_page, waiting) == 256 &&
              offsetof(control_page, last_notified) == 2304);

}  // namespace elkodon::layout
