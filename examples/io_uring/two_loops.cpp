// Two loops on two threads, and one publisher that wakes both. One of them sleeps on a futex, and has no descriptor for it.
#include <elkodon/elkodon.hpp>
#include <elkodon/io_uring.hpp>

#include <cstdint>
#include <fmt/core.h>
#include <thread>

using elkodon::uring::loop_settings;

elkodon::task<std::uint64_t> sum(elkodon::uring::subscriber<std::uint64_t> numbers, int count) {
    std::uint64_t total = 0;
    for (; count > 0; --count) {
        auto sample = co_await numbers.next();
        total += *sample;
    }
    co_return total;
}

int main() {
    auto service = elkodon::node::create()
                       .service("two loops")
                       .publish_subscribe<std::uint64_t>()
                       .enable_safe_overflow(false)
                       .open_or_create();
    auto publisher = service.publisher().create();
    auto run = [](loop_settings::sleeps_on doorbell, elkodon::subscriber<std::uint64_t> port,
                  std::uint64_t& total) {
        elkodon::uring::loop loop{{.doorbell = doorbell}};
        auto result = loop.spawn(sum({loop, std::move(port)}, 1'000));
        loop.run();
        total = result.get();
    };
    std::uint64_t totals[2];
    std::thread one(run, loop_settings::sleeps_on::eventfd, service.subscriber().create(),
                    std::ref(totals[0]));
    std::thread two(run, loop_settings::sleeps_on::futex, service.subscriber().create(),
                    std::ref(totals[1]));
    for (std::uint64_t i = 1; i <= 1'000; ++i) publisher.send_copy(i);
    one.join();
    two.join();
    fmt::print("{} {}\n", totals[0], totals[1]);
}
