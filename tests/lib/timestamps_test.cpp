// sample::sent_at(), in services that say so.
#include "caught.hpp"

#include <elkodon/node.hpp>
#include <support/scratch_root.hpp>

#include <cstdint>
#include <thread>
#include <vector>

namespace tests::timestamp_cases {
namespace {

using elkodon::errc;
using clock = std::chrono::steady_clock;

struct stamp {
    std::uint64_t turn = 7;
};
struct alignas(64) wide {
    unsigned char bytes[100];
};

/// Sends one message by `send` and receives it; when it was sent lies between before and after.
template <class T, class Header = void, class Prepare, class Send>
void check_times(Prepare&& prepare, Send&& send) {
    support::scratch_root root;
    auto builder = elkodon::node::create().service("timed").publish_subscribe<T, Header>();
    auto service = builder.timestamps(true).history_size(4).create();
    auto making = service.publisher();
    prepare(making);
    auto publisher = making.create();
    auto subscriber = service.subscriber().create();
    clock::time_point last{};
    for (std::uint64_t i = 0; i < 100; ++i) {
        const auto before = clock::now();
        REQUIRE_FALSE(send(publisher, i));
        const auto after = clock::now();
        const auto sample = subscriber.receive();
        REQUIRE(sample);
        const auto sent = sample.sent_at();
        REQUIRE(sent);
        CHECK(before <= *sent);
        CHECK(*sent <= after);
        CHECK(last <= *sent);
        last = *sent;
        if constexpr (!elkodon::no_header<Header>) CHECK(sample.header().turn == 7);
    }
    auto late = service.subscriber().create();
    const auto from_history = late.receive();
    CHECK(from_history.sent_at() < last);
}

const auto as_it_is = [](auto&) {};

}  // namespace

TEST_CASE("a message says when it was sent, whatever it is and whatever goes with it") {
    check_times<std::uint64_t>(as_it_is, [](auto& by, auto i) { return by.send_copy(i); });
    check_times<std::uint8_t>(
        as_it_is, [](auto& by, auto i) { return by.send_copy(static_cast<std::uint8_t>(i)); });
    check_times<wide>(as_it_is, [](auto& by, auto) { return by.send_copy({}); });
    check_times<std::uint64_t, stamp>(as_it_is, [](auto& by, auto i) { return by.send_copy(i); });
    check_times<wide, stamp>(as_it_is, [](auto& by, auto) { return by.send_copy({}); });
    check_times<std::uint16_t[]>(
        [](auto& making) { making.allocation_strategy(elkodon::allocation_strategy::best_fit); },
        [](auto& by, auto i) { return by.send_copy(std::vector<std::uint16_t>(1 + i * i)); });
}

TEST_CASE("an untyped sample says when it was sent, beside header and payload") {
    support::scratch_root root;
    const auto node = elkodon::node::create();
    auto service =
        node.service("timed").publish_subscribe<std::uint32_t, stamp>().timestamps(true).create();
    auto tap =
        node.service("timed").publish_subscribe<elkodon::untyped>().open().subscriber().create();
    auto publisher = service.publisher().create();
    const auto before = clock::now();
    publisher.send_copy(5);
    const auto sample = tap.receive();
    REQUIRE(sample.sent_at());
    CHECK(before <= *sample.sent_at());
    CHECK(*sample.sent_at() <= clock::now());
    CHECK(sample.bytes()[0] == std::byte{5});
    CHECK(sample.header_bytes()[0] == std::byte{7});
}

TEST_CASE("a message of a lossless publisher that had to wait says when it went, not when it was "
          "offered") {
    support::scratch_root root;
    auto service = elkodon::node::create()
                       .service("timed")
                       .publish_subscribe<int>()
                       .enable_safe_overflow(false)
                       .subscriber_max_buffer_size(1)
                       .timestamps(true)
                       .create();
    auto publisher = service.publisher().create();
    auto subscriber = service.subscriber().create();
    publisher.send_copy(1);
    std::thread elsewhere([&] { publisher.send_copy(2); });
    auto first = subscriber.blocking_receive();
    const auto taken = clock::now();
    auto second = subscriber.blocking_receive();
    elsewhere.join();
    CHECK(*second == 2);
    CHECK(*first.sent_at() <= taken);
    CHECK(*first.sent_at() <= *second.sent_at());
}

TEST_CASE("unless the service says so there is no time, and none in an empty sample") {
    support::scratch_root root;
    const auto node = elkodon::node::create();
    auto service = node.service("plain").publish_subscribe<int>().create();
    auto subscriber = service.subscriber().create();
    service.publisher().create().send_copy(1);
    CHECK_FALSE(subscriber.receive().sent_at());
    CHECK_FALSE(elkodon::sample<int>().sent_at());
}

TEST_CASE("timestamps are a property of the service: who asks for the other is told, who doesn't "
          "gets what "
          "there is") {
    support::scratch_root root;
    const auto node = elkodon::node::create();
    for (const bool timed : {true, false}) {
        auto service = node.service("timed").publish_subscribe<int>().timestamps(timed).create();
        CHECK(node.service("timed").publish_subscribe<int>().open());
        CHECK(node.service("timed").publish_subscribe<int>().timestamps(timed).open());
        const auto error = caught([&] {
            return node.service("timed").publish_subscribe<int>().timestamps(!timed).open();
        });
        CHECK(error.code() == errc::incompatible_property);
        CHECK(error.property() == "timestamps");
    }
}

}  // namespace tests::timestamp_cases
