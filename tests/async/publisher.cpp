// An awaited publisher: a chunk, a send that waits for the slowest subscriber, subscribers that are to come.
#include <elkodon/async/publisher.hpp>

#include "two_kinds.hpp"

#include <asio/io_context.hpp>
#include <chrono>
#include <optional>
#include <support/catch.hpp>
#include <vector>

namespace tests::awaited_publisher {

namespace {

using namespace std::chrono_literals;
using publisher = elkodon::async::publisher<std::uint64_t>;
using loan = elkodon::loan<std::uint64_t>;

struct code {
    int calls = 0;
    std::error_code error;
    auto handler() {
        return [this](std::error_code ec) {
            ++calls;
            error = ec;
        };
    }
};

// One subscriber, one message of room.
struct lossless {
    test::world world;
    elkodon::publish_subscribe_service<std::uint64_t> service =
        world.publish_subscribe<std::uint64_t>()
            .enable_safe_overflow(false)
            .subscriber_max_buffer_size(1)
            .history_size(0)
            .create();
    std::optional<elkodon::subscriber<std::uint64_t>> reader = service.subscriber().create();
    asio::io_context io;
    publisher object{io, service.publisher().create()};

    loan number(std::uint64_t value) {
        auto made = object.port().loan();
        *made = value;
        return made;
    }
    void fill() { REQUIRE_FALSE(object.port().send_copy(1)); }
    void run() {
        io.restart();
        io.run();
    }
};

TEST_CASE("a send that nobody holds back completes at once, and its loan is gone") {
    lossless with;
    test::outcome<loan> got;
    with.object.async_send(with.number(7), got.handler());
    with.run();
    CHECK(got.calls == 1);
    CHECK_FALSE(got.error);
    CHECK_FALSE(got.result);
    CHECK(*with.reader->receive() == 7);
}

TEST_CASE("a send waits for a full subscriber, and goes on when that has taken") {
    lossless with;
    for (std::uint64_t i = 2; i < 50; ++i) {
        if (i == 2) with.fill();
        test::outcome<loan> got;
        with.object.async_send(with.number(i), got.handler());
        with.io.restart();
        with.io.poll();
        REQUIRE(got.calls == 0);
        REQUIRE(*with.reader->receive() == i - 1);
        with.io.run();
        REQUIRE(got.calls == 1);
        REQUIRE_FALSE(got.error);
    }
    CHECK(*with.reader->receive() == 49);
    CHECK_FALSE(with.reader->receive());
}

TEST_CASE("a send that is cancelled gives its loan back, unsent") {
    lossless with;
    with.fill();
    test::outcome<loan> got;
    with.object.async_send(with.number(7), got.handler());
    with.io.poll();
    with.object.cancel();
    with.run();
    CHECK(got.error == asio::error::operation_aborted);
    REQUIRE(got.result);
    CHECK(*got.result == 7);
    CHECK(*with.reader->receive() == 1);
    CHECK_FALSE(with.reader->receive());
    CHECK_FALSE(with.object.port().send(std::move(got.result)));
    CHECK(*with.reader->receive() == 7);
}

TEST_CASE("a send waits no longer for a subscriber that goes, or is evicted") {
    SECTION("it goes") {
        lossless with;
        with.fill();
        test::outcome<loan> got;
        with.object.async_send(with.number(7), got.handler());
        with.io.poll();
        CHECK(got.calls == 0);
        with.reader.reset();
        with.run();
        CHECK_FALSE(got.error);
    }
    SECTION("it is evicted") {
        test::world world;
        const auto service = world.publish_subscribe<std::uint64_t>()
                                 .enable_safe_overflow(false)
                                 .subscriber_max_buffer_size(1)
                                 .history_size(0)
                                 .stall_timeout(20ms)
                                 .create();
        auto reader = service.subscriber().create();
        asio::io_context io;
        publisher object{io, service.publisher().create()};
        REQUIRE_FALSE(object.port().send_copy(1));
        test::outcome<loan> got;
        object.async_send(object.port().loan(), got.handler());
        io.run();
        CHECK(got.calls == 1);
        CHECK_FALSE(got.error);
    }
}

TEST_CASE("a publisher that fails or discards when it is full does so in a loop as well") {
    lossless with;
    SECTION("fail") {
        publisher object{
            with.io, with.service.publisher().backpressure(elkodon::backpressure::fail).create()};
        REQUIRE_FALSE(object.port().send_copy(1));
        test::outcome<loan> got;
        object.async_send(object.port().loan(), got.handler());
        with.io.run();
        CHECK(got.error == elkodon::errc::buffer_full);
        CHECK(got.result);
    }
    SECTION("a handler that blocks for a while, then discards") {
        int asked = 0;
        publisher object{with.io,
                         with.service.publisher()
                             .backpressure([&](const elkodon::backpressure_info& full) noexcept {
                                 ++asked;
                                 return full.waited < 5ms ? elkodon::backpressure::block
                                                          : elkodon::backpressure::discard;
                             })
                             .create()};
        REQUIRE_FALSE(object.port().send_copy(1));
        test::outcome<loan> got;
        object.async_send(object.port().loan(), got.handler());
        with.io.run();
        CHECK_FALSE(got.error);
        CHECK(object.port().discarded() == 1);
        CHECK(asked > 1);
    }
}

TEST_CASE("a loan waits until there is one") {
    test::world world;
    const auto service =
        world.publish_subscribe<std::uint64_t>().publisher_max_loaned_samples(1).create();
    asio::io_context io;
    publisher object{io, service.publisher().create()};
    auto held = object.port().loan();
    test::outcome<loan> got;
    object.async_loan(got.handler());
    io.poll();
    CHECK(got.calls == 0);
    held.reset();
    io.run();
    CHECK(got.calls == 1);
    REQUIRE(got.result);
    CHECK(*got.result == 0);
}

TEST_CASE("a slice is loaned with its length, and one that is too long is refused") {
    test::world world;
    const auto service = world.publish_subscribe<float[]>("slices").create();
    asio::io_context io;
    elkodon::async::publisher<float[]> object{
        io, service.publisher().initial_max_slice_len(4).create()};
    test::outcome<elkodon::loan<float[]>> got, refused;
    object.async_loan(3, got.handler());
    io.run();
    REQUIRE(got.result);
    CHECK((*got.result).size() == 3);
    object.async_loan(5, refused.handler());
    io.restart();
    io.run();
    CHECK(refused.error == elkodon::errc::slice_too_long);
}

TEST_CASE("a publisher waits for subscribers to come, however the service delivers") {
    test::world world;
    const bool lossless = GENERATE(false, true);
    const auto service = world.publish_subscribe<std::uint64_t>()
                             .enable_safe_overflow(!lossless)
                             .max_subscribers(4)
                             .create();
    asio::io_context io;
    publisher object{io, service.publisher().create()};
    for (int round = 0; round < 3; ++round) {
        std::vector<elkodon::subscriber<std::uint64_t>> readers;
        code got;
        object.async_wait_subscribers(3, got.handler());
        for (int i = 0; i < 3; ++i) {
            io.restart();
            io.poll();
            REQUIRE(got.calls == 0);
            readers.push_back(service.subscriber().create());
        }
        io.run();
        REQUIRE(got.calls == 1);
        REQUIRE_FALSE(got.error);
        object.async_wait_subscribers(1, got.handler());
        io.restart();
        io.run();
        REQUIRE(got.calls == 2);
    }
}

}  // namespace

}  // namespace tests::awaited_publisher
