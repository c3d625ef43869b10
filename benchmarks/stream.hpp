// The stream of the throughput rows, the same for whoever receives it: one publisher in a process of its own, a lossless
// service with a buffer of 1,024 (as the bare ring has), in which the publisher waits when that is full.
#pragma once

#include "message.hpp"

#include <elkodon/elkodon.hpp>

namespace bench {

inline constexpr std::size_t most_at_once = 64;

template <class Payload>
auto open_stream(const elkodon::node& node) {
    return node.service("benchmark/throughput")
        .publish_subscribe<Payload>()
        .enable_safe_overflow(false)
        .max_publishers(1)
        .max_subscribers(1)
        .subscriber_max_buffer_size(1024)
        .subscriber_max_borrowed_samples(most_at_once)
        .open_or_create();
}

// The sending process: `count` messages, or fewer when the receiver ends earlier, by meeting.end_after(1).
template <class Payload>
void publish_stream(const arguments& args, std::uint64_t count, meeting& meeting) {
    pin(args.cores().second);
    auto publisher = open_stream<Payload>(elkodon::node::create()).publisher().create();
    meeting.arrive();
    for (std::uint64_t i = 0; i < count && !meeting.ends_after(1); ++i) {
        auto loan = publisher.loan_uninit();
        loan->write(i);
        require(!publisher.send(std::move(loan)), "send");
    }
}

}  // namespace bench
