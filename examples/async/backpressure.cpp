// 8: lossless, with backpressure: the publisher waits in the loop for the slowest subscriber.
#include <elkodon/asio.hpp>
#include <elkodon/elkodon.hpp>

#include <asio.hpp>
#include <fmt/core.h>

asio::awaitable<void> feed(elkodon::async::publisher<std::uint64_t> lines) {
    co_await lines.async_wait_subscribers(1, asio::use_awaitable);
    for (std::uint64_t number = 1; number <= 1'000; ++number) {
        auto loan = co_await lines.async_loan(asio::use_awaitable);
        *loan = number;
        co_await lines.async_send(std::move(loan), asio::use_awaitable);
    }
}

asio::awaitable<void> read(elkodon::async::subscriber<std::uint64_t> lines) {
    std::uint64_t expected = 0;
    while (expected < 1'000) {
        auto sample = co_await lines.async_receive(asio::use_awaitable);
        if (*sample != ++expected) co_return;
    }
    fmt::print("{} messages, none lost\n", expected);
}

int main() try {
    asio::io_context io;
    auto log = elkodon::node::create().service("log").publish_subscribe<std::uint64_t>();
    auto service = log.enable_safe_overflow(false).subscriber_max_buffer_size(4).open_or_create();
    asio::co_spawn(io, feed({io, service.publisher().create()}), asio::detached);
    asio::co_spawn(io, read({io, service.subscriber().create()}), asio::detached);
    io.run();
} catch (const elkodon::error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
}
