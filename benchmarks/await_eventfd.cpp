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

asio::awaitable<void> answer(descriptor hears, int rings, bool by_wait, bench::meeting& meeting) {
    std::uint64_t count = 0;
    auto buffer = asio::buffer(&count, sizeof count);
    for (std::uint64_t i = 1;; ++i) {
        if (by_wait) {
            co_await hears.async_wait(descriptor::wait_read, asio::use_awaitable);
            drain(hears);
        } else {
            co_await hears.async_read_some(buffer, asio::use_awaitable);
        }
        const bool last = meeting.ends_after(i);
        ring(rings);
        if (last) co_return;
    }
}

asio::awaitable<void> ask(descriptor hears,
                          int rings,
                          bool by_wait,
                          bench::meeting& meeting,
                          bench::measured_loop& loop) {
    std::uint64_t count = 0;
    auto buffer = asio::buffer(&count, sizeof count);
    while (loop.next(meeting)) {
        ring(rings);
        if (by_wait) {
            co_await hears.async_wait(descriptor::wait_read, asio::use_awaitable);
            drain(hears);
        } else {
            co_await hears.async_read_some(buffer, asio::use_awaitable);
        }
        loop.done();
    }
}

}  // namespace

int main(int argc, char** argv) {
    const bench::arguments args{argc, argv};
    const auto cores = args.cores();
    const bool by_wait = args.text("way", "wait") == "wait";
    const int ping = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    const int pong = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    auto* const meeting = bench::shared<bench::meeting>();

    const auto child = [&] {
        bench::pin(cores.second);
        asio::io_context io{1};
        meeting->arrive();
        asio::co_spawn(io, answer(descriptor{io, ping}, pong, by_wait, *meeting), asio::detached);
        io.run();
    };
    auto round_trips = bench::two_processes(child, [&] {
        bench::pin(cores.first);
        asio::io_context io{1};
        bench::measured_loop loop{args.number("warm_up", 200), args.number("count", 2'000),
                                  args.milliseconds()};
        meeting->arrive();
        asio::co_spawn(io, ask(descriptor{io, pong}, ping, by_wait, *meeting, loop), asio::detached);
        io.run();
        return std::move(loop).result();
    });
    bench::print_latency(round_trips);
}
