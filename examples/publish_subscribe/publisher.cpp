// Publishes 1234 every second until Ctrl-C.
#include <elkodon/elkodon.hpp>

#include <chrono>
#include <cstdint>
#include <fmt/core.h>
#include <thread>
#include <utility>

int main() try {
    using namespace std::chrono_literals;

    auto node = elkodon::node::create();
    auto service =
        node.service("My/Funk/ServiceName").publish_subscribe<std::uint64_t>().open_or_create();
    auto publisher = service.publisher().create();

    while (!elkodon::termination_requested()) {
        auto sample = publisher.loan_uninit();  // lives in shared memory from the start
        sample.emplace(1234);
        publisher.send(std::move(sample));  // moves an index, never the payload
        fmt::print("sent: {}\n", 1234);
        std::fflush(stdout);
        std::this_thread::sleep_for(1s);
    }
} catch (const elkodon::error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
}
