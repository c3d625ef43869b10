// 12: a future, in a plain thread: the loop runs elsewhere.
#include <elkodon/asio.hpp>
#include <elkodon/elkodon.hpp>

#include <asio.hpp>
#include <fmt/core.h>
#include <thread>

int main() try {
    asio::io_context io;
    auto service = elkodon::node::create()
                       .service("My/Funk/ServiceName")
                       .publish_subscribe<std::uint64_t>()
                       .open_or_create();
    elkodon::async::subscriber<std::uint64_t> numbers{io, service.subscriber().create()};
    auto sample = numbers.async_receive(asio::use_future);
    std::jthread loop([&] { io.run(); });
    fmt::print("received: {}\n", *sample.get());
} catch (const std::system_error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
}
