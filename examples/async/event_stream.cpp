// 5: an HTTP server with server-sent events: every browser that asks sees the numbers as they come.
#include <elkodon/asio.hpp>
#include <elkodon/elkodon.hpp>

#include <asio.hpp>
#include <fmt/core.h>

using asio::ip::tcp;
using numbers_service = elkodon::publish_subscribe_service<std::uint64_t>;

asio::awaitable<void> serve(tcp::socket browser, elkodon::async::subscriber<std::uint64_t> numbers) {
    std::string text;
    co_await asio::async_read_until(browser, asio::dynamic_buffer(text, 8'192), "\r\n\r\n",
                                    asio::use_awaitable);
    text = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    for (;;) {
        co_await asio::async_write(browser, asio::buffer(text), asio::use_awaitable);
        auto sample = co_await numbers.async_receive(asio::use_awaitable);
        text = fmt::format("data: {}\n\n", *sample);
    }
}

asio::awaitable<void> listen(tcp::acceptor browsers, numbers_service service) {
    for (;;) {
        auto browser = co_await browsers.async_accept(asio::use_awaitable);
        auto executor = browser.get_executor();
        asio::co_spawn(executor,
                       serve(std::move(browser), {executor, service.subscriber().create()}),
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
    tcp::acceptor browsers{io, {asio::ip::address_v4::loopback(), 0}};
    fmt::print("port {}\n", browsers.local_endpoint().port());
    std::fflush(stdout);
    asio::co_spawn(io, listen(std::move(browsers), service), asio::detached);
    io.run();
} catch (const elkodon::error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
}
