// 7: batches: waits for one message, takes all that are there.
#include <elkodon/asio.hpp>
#include <elkodon/elkodon.hpp>

#include <array>
#include <asio.hpp>
#include <fmt/core.h>

asio::awaitable<void> print(elkodon::async::subscriber<std::uint64_t> numbers) {
    std::array<elkodon::sample<std::uint64_t>, 2> batch;  // outlives the operation, as a buffer does
    for (;;) {
        auto count = co_await numbers.async_receive_many(batch, asio::use_awaitable);
        for (auto& sample : std::span{batch}.first(count)) fmt::print("received: {}\n", *sample);
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
