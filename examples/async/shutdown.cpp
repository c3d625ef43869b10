// 6: graceful shutdown: a signal closes the port, the coroutine ends by itself, and run() returns.
#include <elkodon/asio.hpp>
#include <elkodon/elkodon.hpp>

#include <asio.hpp>
#include <fmt/core.h>

asio::awaitable<void> print(elkodon::async::subscriber<std::uint64_t>& numbers) {
    while (auto sample = co_await numbers.next()) {
        fmt::print("received: {}\n", *sample);
        std::fflush(stdout);
    }
    fmt::print("closed\n");
}

int main() try {
    asio::io_context io;
    auto node = elkodon::node::create();
    auto service =
        node.service("My/Funk/ServiceName").publish_subscribe<std::uint64_t>().open_or_create();
    elkodon::async::subscriber<std::uint64_t> numbers{io, service.subscriber().create()};
    asio::signal_set stop(io, SIGINT, SIGTERM);
    stop.async_wait([&](auto, auto) { numbers.close(); });
    asio::co_spawn(io, print(numbers), asio::detached);
    io.run();
} catch (const elkodon::error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
}
