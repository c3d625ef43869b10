// An echo server over io_uring: requests of 64 bytes a second, by one client on TCP. `way=ours`: coroutines of our loop;
// `way=plain`: the same server in callbacks of plain liburing.
#include "common.hpp"

#include <elkodon/io_uring.hpp>

#include <array>
#include <netinet/in.h>
#include <span>
#include <sys/socket.h>

namespace {

constexpr std::size_t size = 64;
using request = std::array<std::byte, size>;

elkodon::task<> echo(elkodon::uring::loop& io, int client) {
    request room;
    while (const auto n = co_await io.async_receive(client, room))
        co_await io.async_send(client, std::span(room).first(n));
}

void serve_ours(int client) {
    elkodon::uring::loop io{{.wait_strategy = elkodon::wait_strategy::block()}};
    io.spawn(echo(io, client));
    io.run();
}

void serve_plain(int client) {
    io_uring ring;
    const unsigned fast = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
    if (io_uring_queue_init(256, &ring, fast) < 0) bench::fail("io_uring_queue_init");
    request room;
    const auto receive = [&] {
        io_uring_prep_recv(io_uring_get_sqe(&ring), client, room.data(), size, 0);
    };
    receive();
    for (bool receives = true;; receives = !receives) {
        io_uring_submit_and_wait(&ring, 1);
        io_uring_cqe* cqe = nullptr;
        bench::require(io_uring_peek_cqe(&ring, &cqe) == 0, "a completion");
        const int n = cqe->res;
        io_uring_cqe_seen(&ring, cqe);
        if (n <= 0) break;
        if (receives)
            io_uring_prep_send(io_uring_get_sqe(&ring), client, room.data(),
                               static_cast<std::size_t>(n), MSG_NOSIGNAL);
        else receive();
    }
    io_uring_queue_exit(&ring);
}

int connected(int listening, const sockaddr_in& at) {
    const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(made, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0)
        bench::fail("connect");
    ::close(listening);
    return made;
}

}  // namespace

int main(int argc, char** argv) {
    const bench::arguments args{argc, argv};
    const auto cores = args.cores();
    const bool ours = args.text("way", "ours") == "ours";
    const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    socklen_t length = sizeof at;
    if (::listen(listening, 1) != 0) bench::fail("listen");
    ::getsockname(listening, reinterpret_cast<sockaddr*>(&at), &length);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    const auto child = [&] {
        bench::pin(cores.second);
        const int client = ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
        ours ? serve_ours(client) : serve_plain(client);
    };
    auto rate = bench::two_processes(child, [&] {
        bench::pin(cores.first);
        const int server = connected(listening, at);
        const auto count = args.number("count", 200'000);
        bench::throughput measured{count, args.milliseconds()};
        request sent{}, got;
        for (std::uint64_t i = 1; i <= count; ++i) {
            bench::require(::send(server, sent.data(), size, 0) == size, "send");
            bench::require(::recv(server, got.data(), size, MSG_WAITALL) == size, "receive");
            if (!measured.add(i)) break;
        }
        ::close(server);
        return measured;
    });
    bench::print_throughput(rate);
}
