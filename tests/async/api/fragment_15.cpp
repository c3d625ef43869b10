// Fragment 15 of the API: a batch; one after the other.
#include <elkodon/asio.hpp>

#include "../world.hpp"

#include <array>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <optional>
#include <support/catch.hpp>
#include <vector>

namespace tests::fragment_15_cases {

namespace {

struct tick {
    std::uint64_t number;
};

std::vector<std::uint64_t> used;
void use(const tick& what) { used.push_back(what.number); }

asio::awaitable<void> drain(elkodon::async::subscriber<tick>& ticks) {
    std::array<elkodon::sample<tick>, 64> batch;  // outlives the operation, as a buffer does
    auto n = co_await ticks.async_receive_many(
        batch, asio::use_awaitable);  // waits for one, takes what is there
    for (auto& sample : std::span{batch}.first(n)) use(*sample);
    while (auto sample = co_await ticks.next()) use(*sample);  // ends when closed
}

struct draining {
    test::world world;
    elkodon::publish_subscribe_service<tick> service =
        world.publish_subscribe<tick>().subscriber_max_borrowed_samples(65).create();
    elkodon::publisher<tick> publisher = service.publisher().create();
    asio::io_context io;
    elkodon::async::subscriber<tick> ticks{io, service.subscriber().create()};
    int ended = 0;
    std::exception_ptr error;

    draining() {
        used.clear();
        asio::co_spawn(io, drain(ticks), [this](std::exception_ptr thrown) {
            ++ended;
            error = thrown;
        });
        io.poll();
        for (std::uint64_t i = 1; i <= 2; ++i) REQUIRE_FALSE(publisher.send_copy({i}));
        io.poll();
        CHECK(used == std::vector<std::uint64_t>{1, 2});
        REQUIRE_FALSE(publisher.send_copy({3}));
        io.poll();
    }
};

TEST_CASE("fragment 15: a batch, then one after the other, until the object is closed") {
    draining test;
    CHECK(used == std::vector<std::uint64_t>{1, 2, 3});
    CHECK(test.ended == 0);
    test.ticks.close();
    test.io.run();
    CHECK(test.ended == 1);
    CHECK_FALSE(test.error);
}

TEST_CASE("fragment 15: next() throws what is no end") {
    draining test;
    test.ticks.cancel();
    test.io.run();
    CHECK(test.ended == 1);
    CHECK(test.error);
}

}  // namespace

}  // namespace tests::fragment_15_cases
