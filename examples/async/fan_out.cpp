// 4: a TCP server that fans samples out: each client has a subscriber of its own, straight from shared memory.
#include <elkodon/asio.hpp>
#include <elkodon/elkodon.hpp>

#include <asio.hpp>
#include <fmt/core.h>

using asio::ip::tcp;
using numbers_service = elkodon::publish_subscribe_service<std::uint64_t>;

asio::awaitable<void> serve(tcp::socket client, elkodon::async::subscriber<std::uint64_t> numbers) {
    for (;;) {
        auto sample = co_await numbers.async_receive(asio::use_awaitable);
        auto line = fmt::format("{}\n", *sample);
        co_await asio::async_write(client, asio::buffer(line), asio::use_awaitable);
    }
}

asio::awaitable<void> listen(tcp::acceptor clients, numbers_service service) {
    for (;;) {
        auto client = co_await clients.async_accept(asio::use_awaitable);
        auto executor = client.get_executor();
        asio::co_spawn(executor,
                       serve(std::move(client), {executor, service.subscriber().create()}),
                       asio::detached);
    }
}

int main() try {
    asio::io_context io;
    asio::signal_set stop(io, SIGINT, SIGTERM);
    stop.async_wait([&](auto, auto) { io.stop(); });

    auto node = elkodon::node::create();
    auto service =
        node.service("My/Funk/ServiceName").publish_subscribe<std::uint64_t>().open_or_create();
    tcp::acceptor clients{io, {asio::ip::address_v4::loopback(), 0}};
    fmt::print("port {}\n", clients.local_endpoint().port());
    std::fflush(stdout);
    asio::co_spawn(io, listen(std::move(clients), service), asio::detached);
    io.run();
} catch (const elkodon::error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
}
