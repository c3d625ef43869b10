// 11: callbacks instead of coroutines.
#include <elkodon/asio.hpp>
#include <elkodon/elkodon.hpp>

#include <asio.hpp>
#include <fmt/core.h>

void print(const elkodon::sample<std::uint64_t>& sample) {
    fmt::print("received: {}\n", *sample);
    std::fflush(stdout);
}

int main() try {
    asio::io_context io;
    asio::signal_set stop(io, SIGINT, SIGTERM);
    stop.async_wait([&](auto, auto) { io.stop(); });

    auto node = elkodon::node::create();
    auto service =
        node.service("My/Funk/ServiceName").publish_subscribe<std::uint64_t>().open_or_create();
    elkodon::async::subscriber<std::uint64_t> numbers{io, service.subscriber().create()};
    numbers.async_for_each(print, [](std::error_code error) {
        if (error) fmt::print(stderr, "{}\n", error.message());
    });
    io.run();
} catch (const elkodon::error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
}
