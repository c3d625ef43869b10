// A TCP server that fans samples out to its clients, straight from shared memory. Ends on Ctrl-C.
#include <elkodon/elkodon.hpp>
#include <elkodon/io_uring.hpp>

#include <cstdint>
#include <fmt/core.h>
#include <netinet/in.h>

using numbers = elkodon::publish_subscribe_service<std::uint64_t>;

elkodon::task<> serve(elkodon::uring::loop& loop,
                      elkodon::uring::subscriber<std::uint64_t> samples,
                      int client) {
    std::error_code gone;
    while (auto sample = co_await samples.next()) {
        co_await loop.async_send(client, sample.bytes(), gone);
        if (gone) break;
    }
    co_await loop.async_close(client);
}

elkodon::task<> accept(elkodon::uring::loop& loop, const numbers& service, int listening) {
    for (;;) {
        const int client = co_await loop.async_accept(listening);
        loop.spawn(serve(loop, {loop, service.subscriber().create()}, client));
    }
}

elkodon::task<> stop(elkodon::uring::loop& loop, elkodon::uring::signals& signals) {
    co_await signals.async_wait();
    loop.stop();
}

int main() {
    auto service = elkodon::node::create()
                       .service("My/Funk/ServiceName")
                       .publish_subscribe<std::uint64_t>()
                       .open_or_create();
    elkodon::uring::loop loop;
    elkodon::uring::signals signals{loop, {SIGINT, SIGTERM}};
    const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::listen(listening, 64) != 0) return 1;  // at a port that the system chooses
    sockaddr_in at{};
    socklen_t length = sizeof at;
    ::getsockname(listening, reinterpret_cast<sockaddr*>(&at), &length);
    fmt::print("port {}\n", ntohs(at.sin_port));
    std::fflush(stdout);
    loop.spawn(accept(loop, service, listening));
    loop.spawn(stop(loop, signals));
    loop.run();
}
