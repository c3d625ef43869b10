// The same in a stranger's io_context.
#include <elkodon/asio.hpp>
#include <elkodon/elkodon.hpp>

#include <asio/io_context.hpp>
#include <cstdint>
#include <cstdio>

int main() try {
    asio::io_context io;
    auto node = elkodon::node::create();
    auto service = node.service("consumer").publish_subscribe<std::uint64_t>().open_or_create();
    elkodon::async::subscriber<std::uint64_t> numbers{io, service.subscriber().create()};
    numbers.async_receive([](std::error_code error, elkodon::sample<std::uint64_t> sample) {
        if (!error) std::printf("received: %d\n", static_cast<int>(*sample));
    });
    auto publisher = service.publisher().create();
    if (auto error = publisher.send_copy(1234)) throw std::system_error(error);
    io.run();
} catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
