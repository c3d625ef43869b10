// A stranger's program: sends itself a number, from an installed copy of the library.
#include <elkodon/elkodon.hpp>

#include <cstdint>
#include <cstdio>

int main() try {
    auto node = elkodon::node::create();
    auto service = node.service("consumer").publish_subscribe<std::uint64_t>().open_or_create();
    auto subscriber = service.subscriber().create();
    auto publisher = service.publisher().create();
    if (auto error = publisher.send_copy(1234)) throw std::system_error(error);
    if (auto sample = subscriber.receive())
        std::printf("received: %d\n", static_cast<int>(*sample));
} catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
