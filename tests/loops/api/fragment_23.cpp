// Fragment 23 of the API by example, compiled and run: a coroutine tested without clock, thread or another process.
#include <elkodon/elkodon.hpp>
#include <elkodon/manual.hpp>

#include "sum.hpp"

#include <support/catch.hpp>

namespace fragment_23 {
using fragments::sum;

TEST_CASE("the sum adds what was published") {
    auto service =
        elkodon::node::create_local().service("test").publish_subscribe<std::uint64_t>().create();
    auto publisher = service.publisher().create();
    elkodon::manual::loop loop;
    auto total = loop.spawn(
        sum(elkodon::manual::subscriber<std::uint64_t>{loop, service.subscriber().create()}, 2));
    publisher.send_copy(3);
    publisher.send_copy(4);
    loop.run_ready();  // runs what can run and returns; advance(1s) moves its clock
    REQUIRE(total.get() == 7);
}

}  // namespace fragment_23
