// Fragment 16 of the API: a lossless publisher that waits in the loop.
#include <elkodon/asio.hpp>

#include "../world.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <support/catch.hpp>

namespace tests::fragment_16_cases {

namespace {

struct frame {
    std::uint64_t number;
};

std::uint64_t captured = 0;
void capture(frame& into) { into.number = ++captured; }

asio::awaitable<void> feed(elkodon::async::publisher<frame> frames) {
    co_await frames.async_wait_subscribers(1, asio::use_awaitable);
    for (;;) {
        auto loan = co_await frames.async_loan(asio::use_awaitable);  // waits for a chunk
        capture(*loan);
        co_await frames.async_send(std::move(loan),
                                   asio::use_awaitable);  // waits for the slowest subscriber
    }
}

TEST_CASE("fragment 16: it waits for a subscriber, then for its pace, and loses nothing") {
    test::world world;
    const auto service = world.publish_subscribe<frame>()
                             .enable_safe_overflow(false)
                             .subscriber_max_buffer_size(2)
                             .history_size(0)
                             .create();
    asio::io_context io;
    captured = 0;
    asio::co_spawn(io, feed({io, service.publisher().create()}), asio::detached);
    io.poll();
    CHECK(captured == 0);
    auto subscriber = service.subscriber().create();
    io.poll();
    CHECK(captured == 3);  // two are sent, one waits
    for (std::uint64_t i = 1; i <= 1'000; ++i) {
        auto sample = subscriber.receive();
        REQUIRE(sample);
        REQUIRE(sample->number == i);
        io.poll();
    }
}

}  // namespace

}  // namespace tests::fragment_16_cases
