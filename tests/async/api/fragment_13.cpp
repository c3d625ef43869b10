// Fragment 13 of the API: ten lines in a server that has its io_context.
#include <elkodon/asio.hpp>
#include <elkodon/elkodon.hpp>

#include "../world.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <string>
#include <support/catch.hpp>

namespace tests::fragment_13_cases {

namespace {

// Stands for fmt::print, so that the test can read what was printed.
std::string printed;
namespace fmt {
void print(std::string format, std::uint64_t number) {
    printed += format.replace(format.find("{}"), 2, std::to_string(number));
}
}  // namespace fmt

asio::awaitable<void> print(elkodon::async::subscriber<std::uint64_t> numbers) {
    for (;;) {
        auto sample = co_await numbers.async_receive(asio::use_awaitable);
        fmt::print("received: {}\n", *sample);
    }
}
void join(asio::io_context& io, const elkodon::node& node) {
    auto service =
        node.service("My/Funk/ServiceName").publish_subscribe<std::uint64_t>().open_or_create();
    asio::co_spawn(io, print({io, service.subscriber().create()}), asio::detached);
}

TEST_CASE("fragment 13: a server joins, and prints what is published") {
    const test::world world;
    asio::io_context io;
    printed.clear();
    join(io, world.node());
    io.poll();
    auto publisher =
        world.publish_subscribe<std::uint64_t>("My/Funk/ServiceName").open().publisher().create();
    REQUIRE_FALSE(publisher.send_copy(1234));
    io.poll();
    REQUIRE_FALSE(publisher.send_copy(5678));
    io.poll();
    CHECK(printed == "received: 1234\nreceived: 5678\n");
}

}  // namespace

}  // namespace tests::fragment_13_cases
