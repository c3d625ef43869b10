// The coroutine of every_loop.hpp over io_uring, and over the manual loop, which tests run it on.
#include <elkodon/elkodon.hpp>
#include <elkodon/io_uring.hpp>
#include <elkodon/manual.hpp>

#include "every_loop.hpp"

#include <fmt/core.h>

int main() {
    auto service =
        elkodon::node::create_local().service("numbers").publish_subscribe<std::uint64_t>().create();
    auto publisher = service.publisher().create();
    elkodon::uring::loop ring;
    elkodon::manual::loop manual;
    auto one = ring.spawn(
        sum(elkodon::uring::subscriber<std::uint64_t>{ring, service.subscriber().create()}, 2));
    auto two = manual.spawn(
        sum(elkodon::manual::subscriber<std::uint64_t>{manual, service.subscriber().create()}, 2));
    publisher.send_copy(3);
    publisher.send_copy(4);
    ring.run();
    manual.run_ready();
    fmt::print("{} {}\n", one.get(), two.get());
}
