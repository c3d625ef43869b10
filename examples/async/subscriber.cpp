// Awaits what is published, in the event loop of the program, until Ctrl-C.
#include <elkodon/asio.hpp>
#include <elkodon/elkodon.hpp>

#include <asio.hpp>
#include <cstdint>
#include <fmt/core.h>

asio::awaitable<void> print(elkodon::async::subscriber<std::uint64_t> numbers) {
    for (;;) {
        auto sample = co_await numbers.async_receive(asio::use_awaitable);
        fmt::print("received: {}\n", *sample);
        std::fflush(stdout);
    }
}

int main() try {
    asio::io_context io;
    asio::signal_set stop(io, SIGINT, SIGTERM);
    stop.async_wait([&](auto, auto) { io.stop(); });

    auto node = elkodon::node::create();
    auto service =
        node.service("My/Funk/ServiceName").publish_subscribe<std::uint64_t>().open_or_create();
    asio::co_spawn(io, print({io, service.subscriber().create()}), asio::detached);
    io.run();
} catch (const elkodon::error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
}
