// 10: a pool of threads: each subscriber on a strand of its own, so that its handlers come one at a time.
#include <elkodon/asio.hpp>
#include <elkodon/elkodon.hpp>

#include <asio.hpp>
#include <fmt/core.h>

asio::awaitable<void> print(elkodon::async::subscriber<std::uint64_t> numbers, int name) {
    for (;;) {
        auto sample = co_await numbers.async_receive(asio::use_awaitable);
        fmt::print("reader {} received: {}\n", name, *sample);
        std::fflush(stdout);
    }
}

int main() try {
    asio::thread_pool pool{4};
    asio::signal_set stop(pool, SIGINT, SIGTERM);
    stop.async_wait([&](auto, auto) { pool.stop(); });
    auto node = elkodon::node::create();
    auto service =
        node.service("My/Funk/ServiceName").publish_subscribe<std::uint64_t>().open_or_create();
    for (int name = 1; name <= 2; ++name) {
        auto strand = asio::make_strand(pool);
        asio::co_spawn(strand, print({strand, service.subscriber().create()}, name), asio::detached);
    }
    pool.join();
} catch (const elkodon::error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
}
