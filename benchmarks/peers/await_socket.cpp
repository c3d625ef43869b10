// The same as await_ours over a Unix stream socket: Asio coroutines, `size` bytes each way.
#include "bytes.hpp"

#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/read.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <sys/socket.h>

namespace {

using socket = asio::local::stream_protocol::socket;

asio::awaitable<void> answer(socket peer, std::size_t size, bench::meeting& meeting) {
    bench::bytes message(size);
    auto buffer = asio::buffer(message.data(), size);
    for (std::uint64_t i = 1;; ++i) {
        co_await asio::async_read(peer, buffer, asio::use_awaitable);
        message.check(i);
        const bool last = meeting.ends_after(i);
        message.write(i);
        co_await asio::async_write(peer, buffer, asio::use_awaitable);
        if (last) co_return;
    }
}

asio::awaitable<void> ask(socket peer,
                          std::size_t size,
                          bench::meeting& meeting,
                          bench::measured_loop& loop) {
    bench::bytes message(size);
    auto buffer = asio::buffer(message.data(), size);
    while (loop.next(meeting)) {
        message.write(loop.number());
        co_await asio::async_write(peer, buffer, asio::use_awaitable);
        co_await asio::async_read(peer, buffer, asio::use_awaitable);
        message.check(loop.number());
        loop.done();
    }
}

socket adopt(asio::io_context& io, int fd) { return {io, asio::local::stream_protocol(), fd}; }

}  // namespace

int main(int argc, char** argv) {
    const bench::arguments args{argc, argv};
    const auto cores = args.cores();
    const auto size = args.number("size", 64);
    auto* const meeting = bench::shared<bench::meeting>();
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0) bench::fail("socketpair");

    const auto child = [&] {
        bench::pin(cores.second);
        asio::io_context io{1};
        meeting->arrive();
        asio::co_spawn(io, answer(adopt(io, fds[1]), size, *meeting), asio::detached);
        io.run();
    };
    auto round_trips = bench::two_processes(child, [&] {
        bench::pin(cores.first);
        asio::io_context io{1};
        bench::measured_loop loop{args.number("warm_up", 200), args.number("count", 2'000),
                                  args.milliseconds()};
        meeting->arrive();
        asio::co_spawn(io, ask(adopt(io, fds[0]), size, *meeting, loop), asio::detached);
        io.run();
        return std::move(loop).result();
    });
    bench::print_latency(round_trips);
}
