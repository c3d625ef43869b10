// 3: several topics in one coroutine: a wait set tells which of them have news.
#include <elkodon/asio.hpp>
#include <elkodon/elkodon.hpp>

#include <asio.hpp>
#include <fmt/core.h>

using topic = elkodon::subscriber<std::uint64_t>;

asio::awaitable<void> print(elkodon::async::wait_set waits, topic numbers, topic others) {
    auto numbers_ready = waits.port().attach(numbers);
    auto others_ready = waits.port().attach(others);
    for (;;) {
        auto ready = co_await waits.async_wait(asio::use_awaitable);
        if (ready.contains(numbers_ready))
            while (auto sample = numbers.receive()) fmt::print("numbers: {}\n", *sample);
        if (ready.contains(others_ready))
            while (auto sample = others.receive()) fmt::print("others: {}\n", *sample);
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
    auto others = node.service("Others").publish_subscribe<std::uint64_t>().open_or_create();
    asio::co_spawn(io,
                   print({io, node.wait_set().create()}, service.subscriber().create(),
                         others.subscriber().create()),
                   asio::detached);
    io.run();
} catch (const elkodon::error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
}
