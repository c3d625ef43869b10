// 2: a receive with a time limit. What loses the race has taken nothing: no message is lost.
#include <elkodon/asio.hpp>
#include <elkodon/elkodon.hpp>

#include <asio.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <fmt/core.h>

using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

asio::awaitable<void> print(elkodon::async::subscriber<std::uint64_t> numbers) {
    asio::steady_timer timer{numbers.get_executor()};
    for (;;) {
        timer.expires_after(300ms);
        auto first = co_await (numbers.async_receive(asio::use_awaitable) ||
                               timer.async_wait(asio::use_awaitable));
        if (auto* sample = std::get_if<0>(&first)) fmt::print("received: {}\n", **sample);
        else fmt::print("nothing for 300 ms\n");
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
