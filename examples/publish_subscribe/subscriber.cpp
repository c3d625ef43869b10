// Prints what is published, once a second, until Ctrl-C.
#include <elkodon/elkodon.hpp>

#include <chrono>
#include <cstdint>
#include <fmt/core.h>
#include <thread>

int main() try {
    using namespace std::chrono_literals;

    auto node = elkodon::node::create();
    auto service =
        node.service("My/Funk/ServiceName").publish_subscribe<std::uint64_t>().open_or_create();
    auto subscriber = service.subscriber().create();

    while (!elkodon::termination_requested()) {
        while (auto sample = subscriber.receive()) fmt::print("received: {}\n", *sample);
        std::fflush(stdout);
        std::this_thread::sleep_for(
            1s);  // or wake at once: auto sample = subscriber.timed_receive(1s);
    }
} catch (const elkodon::error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
}
