// A ping-pong of two pinned processes over any means of communication: what the latency programs share.
// Each program says how its ends are made and what sending and receiving is; here is who asks, who answers, and when it ends.
#pragma once

#include "common.hpp"

namespace bench {

// `make(asks)` makes the end of one process, in that process. An end has `send(number)` and `receive(number)`, which
// returns when that number has come, and may have `finish()`, called when all is over.
template <class Make>
distribution ping_pong(const arguments& args, Make make) {
    const auto cores = args.cores();
    auto* const meeting = shared<class meeting>();
    const auto finish = [](auto& end) {
        if constexpr (requires { end.finish(); }) end.finish();
    };
    const auto child = [&] {
        pin(cores.second);
        auto end = make(false);
        meeting->arrive();
        for (std::uint64_t i = 1;; ++i) {
            end.receive(i);
            const bool last = meeting->ends_after(i);
            end.send(i);
            if (last) break;
        }
        finish(end);
    };
    return two_processes(child, [&] {
        pin(cores.first);
        auto end = make(true);
        measured_loop loop{args.number("warm_up", 1'000), args.number("count", 20'000),
                           args.milliseconds()};
        meeting->arrive();
        while (loop.next(*meeting)) {
            end.send(loop.number());
            end.receive(loop.number());
            loop.done();
        }
        finish(end);
        return std::move(loop).result();
    });
}

template <class Make>
int main_of_ping_pong(const arguments& args, Make make) {
    auto round_trips = ping_pong(args, make);
    print_latency(round_trips);
    return 0;
}

}  // namespace bench
