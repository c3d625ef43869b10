// Prints the ids that are rung, as soon as they are, until Ctrl-C.
#include <elkodon/elkodon.hpp>
#include <elkodon/fmt.hpp>

#include <chrono>
#include <fmt/core.h>

int main() try {
    using namespace std::chrono_literals;

    auto node = elkodon::node::create();
    auto event = node.service("MyEventName").event().event_id_max_value(999).open_or_create();
    auto listener = event.listener().create();

    while (!elkodon::termination_requested()) {
        auto ids = listener.timed_wait(1s);  // a set: notification is not count
        for (auto id : ids) fmt::print("event was triggered with id: {}\n", id);
        if (ids.error()) fmt::print(stderr, "{}\n", ids.error().message());
        std::fflush(stdout);
    }
} catch (const elkodon::error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
}
