// Samples, a socket and a clock in one when_any: whichever comes first is taken, the others stay where they are.
#include <elkodon/elkodon.hpp>
#include <elkodon/io_uring.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <fmt/core.h>

using namespace std::chrono_literals;

elkodon::task<> watch(elkodon::uring::loop& loop,
                      elkodon::uring::subscriber<std::uint64_t> numbers,
                      int input) {
    std::array<std::byte, 256> line;
    for (;;) {
        auto any = elkodon::when_any(numbers.async_receive(), loop.async_read(input, line),
                                     loop.async_sleep_for(3s));
        auto first = co_await std::move(any);
        if (auto* sample = std::get_if<0>(&first)) fmt::print("received: {}\n", **sample);
        else if (auto* bytes = std::get_if<1>(&first)) {
            fmt::print("read: {} bytes\n", *bytes);
            if (*bytes == 0) co_return;
        } else fmt::print("nothing for three seconds\n");
        std::fflush(stdout);
    }
}

int main() {
    auto service = elkodon::node::create()
                       .service("My/Funk/ServiceName")
                       .publish_subscribe<std::uint64_t>()
                       .open_or_create();
    elkodon::uring::loop loop;
    loop.spawn(watch(loop, {loop, service.subscriber().create()}, 0));
    loop.run();
}
