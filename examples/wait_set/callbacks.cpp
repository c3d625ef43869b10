// The same without a loop of one's own: run() calls back, until Ctrl-C wakes it for the last time.
#include <elkodon/elkodon.hpp>

#include <csignal>
#include <cstdint>
#include <fmt/core.h>

namespace {

elkodon::wait_set waits;

}  // namespace

int main() try {
    auto node = elkodon::node::create();
    auto service =
        node.service("My/Funk/ServiceName").publish_subscribe<std::uint64_t>().open_or_create();

    waits = node.wait_set().create();
    waits.on_samples(service.subscriber().create(),
                     [](const elkodon::sample<std::uint64_t>& sample) {
                         if (!sample) return fmt::print(stderr, "{}\n", sample.error().message());
                         fmt::print("received: {}\n", *sample);
                         std::fflush(stdout);
                     });
    for (const int signal : {SIGINT, SIGTERM})
        std::signal(signal, [](int) { waits.wake(); });  // a callback that returns false stops too

    if (auto error = waits.run()) fmt::print(stderr, "{}\n", error.message());
    waits = {};
} catch (const elkodon::error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
}
