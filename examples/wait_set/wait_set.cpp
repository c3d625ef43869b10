// Waits for numbers, event ids and a second that has passed, all in one place, until Ctrl-C.
#include <elkodon/elkodon.hpp>
#include <elkodon/fmt.hpp>

#include <chrono>
#include <cstdint>
#include <fmt/core.h>

int main() try {
    using namespace std::chrono_literals;

    auto node = elkodon::node::create();
    auto service =
        node.service("My/Funk/ServiceName").publish_subscribe<std::uint64_t>().open_or_create();
    auto event = node.service("MyEventName").event().event_id_max_value(999).open_or_create();
    auto subscriber = service.subscriber().create();
    auto listener = event.listener().create();

    auto waits = node.wait_set().create();
    auto numbers = waits.attach(subscriber);
    auto bells = waits.attach(listener);
    auto tick = waits.attach_interval(1s);

    while (!elkodon::termination_requested()) {
        auto ready = waits.blocking_wait();
        if (ready.contains(numbers))
            while (auto sample = subscriber.receive()) fmt::print("received: {}\n", *sample);
        if (ready.contains(bells))
            for (auto id : listener.try_wait()) fmt::print("event was triggered with id: {}\n", id);
        if (ready.contains(tick)) fmt::print("a second has passed\n");
        std::fflush(stdout);
    }
} catch (const elkodon::error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
}
