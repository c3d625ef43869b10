// Awaits the ids that are rung, in the event loop of the program, until Ctrl-C.
#include <elkodon/asio.hpp>
#include <elkodon/elkodon.hpp>
#include <elkodon/fmt.hpp>

#include <asio.hpp>
#include <fmt/core.h>

asio::awaitable<void> print(elkodon::async::listener bell) {
    for (;;) {
        auto ids = co_await bell.async_wait(asio::use_awaitable);
        for (auto id : ids) fmt::print("event was triggered with id: {}\n", id);
        std::fflush(stdout);
    }
}

int main() try {
    asio::io_context io;
    asio::signal_set stop(io, SIGINT, SIGTERM);
    stop.async_wait([&](auto, auto) { io.stop(); });

    auto node = elkodon::node::create();
    auto event = node.service("MyEventName").event().event_id_max_value(999).open_or_create();
    asio::co_spawn(io, print({io, event.listener().create()}), asio::detached);
    io.run();
} catch (const elkodon::error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
}
