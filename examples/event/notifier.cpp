// Rings a counter as event id every second until Ctrl-C.
#include <elkodon/elkodon.hpp>

#include <chrono>
#include <cstdint>
#include <fmt/core.h>
#include <thread>

int main() try {
    using namespace std::chrono_literals;

    auto node = elkodon::node::create();
    auto event = node.service("MyEventName").event().event_id_max_value(999).open_or_create();
    auto notifier = event.notifier().create();

    for (std::uint64_t counter = 0; !elkodon::termination_requested(); ++counter) {
        if (auto error = notifier.notify(elkodon::event_id{counter % 1000}))
            fmt::print(stderr, "{}\n", error.message());
        fmt::print("triggered event with id: {}\n", counter % 1000);
        std::fflush(stdout);
        std::this_thread::sleep_for(1s);
    }
} catch (const elkodon::error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
}
