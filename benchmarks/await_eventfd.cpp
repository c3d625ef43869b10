// The reference of the await rows: a ping-pong of two Asio coroutines on bare eventfds, as one would write it by hand.
// The fds come by fork; ringing is one write of 8 bytes. `way=wait` waits for readiness and reads by hand, `way=read` lets
// Asio read: which is faster differs from machine to machine, so both are measured and the better one is the reference.
// What it leaves out: data. It carries a wake-up and nothing else.
#include "common.hpp"

#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/use_awaitable.hpp>

#include <sys/eventfd.h>

namespace {

using descriptor = asio::posix::stream_descriptor;

void ring(int fd) {
    const std::uint64_t one = 1;
    bench::require(write(fd, &one, sizeof one) == sizeof one, "write");
}

void drain(descriptor& fd) {
    std::uint64_t count = 0;
    bench::require(read(fd.native_handle(), &count, sizeof count) == sizeof count, "read");
}

struct plan {
    std::uint64_t warm_up, count;
    bool by_wait;
};

asio::awaitable<void> answer(descriptor hears, int rings, plan plan) {
    std::uint64_t count = 0;
    auto buffer = asio::buffer(&count, sizeof count);
    for (std::uint64_t i = 0; i < plan.warm_up + plan.count; ++i) {
        if (plan.by_wait) {
            co_await hears.async_wait(descriptor::wait_read, asio::use_awaitable);
            drain(hears);
        } else {
            co_await hears.async_read_some(buffer, asio::use_awaitable);
        }
        ring(rings);
    }
}

asio::awaitable<void> ask(descriptor hears, int rings, plan plan, bench::distribution& result) {
    std::uint64_t count = 0;
    auto buffer = asio::buffer(&count, sizeof count);
    auto last = bench::ticks();
    for (std::uint64_t i = 0; i < plan.warm_up + plan.count; ++i) {
        ring(rings);
        if (plan.by_wait) {
            co_await hears.async_wait(descriptor::wait_read, asio::use_awaitable);
            drain(hears);
        } else {
            co_await hears.async_read_some(buffer, asio::use_awaitable);
        }
        const auto now = bench::ticks();
        if (i >= plan.warm_up) result.add(now - last);
        last = now;
    }
}

}  // namespace

int main(int argc, char** argv) {
    const bench::arguments args{argc, argv};
    const plan plan{args.number("warm_up", 200), args.number("count", 2'000),
                    args.text("way", "wait") == "wait"};
    const auto cores = args.cores();
    const int ping = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    const int pong = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

    const auto child = [&] {
        bench::pin(cores.second);
        asio::io_context io{1};
        asio::co_spawn(io, answer(descriptor{io, ping}, pong, plan), asio::detached);
        io.run();
    };
    auto round_trips = bench::two_processes(child, [&] {
        bench::pin(cores.first);
        asio::io_context io{1};
        bench::distribution result{plan.count};
        asio::co_spawn(io, ask(descriptor{io, pong}, ping, plan, result), asio::detached);
        io.run();
        return result;
    });
    bench::require(round_trips.size() == plan.count, "every answer");
    bench::print_latency(round_trips);
}
