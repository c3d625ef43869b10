// What holds for publish-subscribe whatever the node is and whatever the messages are: see every_kind.hpp.
#include "every_kind.hpp"
#include "numbers.hpp"

#include <support/catch.hpp>

#include <array>
#include <map>
#include <optional>
#include <thread>

namespace tests::every_kind_cases {

using elkodon::backpressure;
using elkodon::errc;

TEMPLATE_TEST_CASE("of every kind: messages arrive as they were sent, in order, and then nothing",
                   "",
                   shared_values,
                   shared_slices,
                   shared_untyped,
                   local_values,
                   local_slices,
                   local_untyped) {
    TestType here;
    auto service = here.numbers().create();
    auto publisher = here.make_publisher(service);
    auto subscriber = service.subscriber().create();
    CHECK_FALSE(subscriber.has_samples());
    for (number i = 0; i < 100; ++i) {
        REQUIRE_FALSE(here.send(publisher, i));
        CHECK(subscriber.has_samples());
        const auto sample = subscriber.receive();
        REQUIRE(sample);
        CHECK(here.number_in(sample) == i);
        CHECK(sample.publisher_id() == publisher.id());
        const auto nothing = subscriber.receive();
        CHECK_FALSE(nothing);
        CHECK_FALSE(nothing.error());
    }
    CHECK(subscriber.lost() == 0);
}

TEMPLATE_TEST_CASE(
    "of every kind: who joins late receives the history in order, and then what comes",
    "",
    shared_values,
    shared_slices,
    shared_untyped,
    local_values,
    local_slices,
    local_untyped) {
    TestType here;
    auto service = here.numbers().history_size(5).create();
    auto publisher = here.make_publisher(service);
    for (const number sent : {0, 3, 5, 100}) {
        REQUIRE(here.send(publisher, 0, sent));
        auto late = service.subscriber().create();
        const auto got = here.drain(late);
        if (sent >= 5) CHECK(got == from_to(sent - 5, sent));
        CHECK(got.size() <= 5);
        REQUIRE(here.send(publisher, 1000, 1003));
        CHECK(here.drain(late) == from_to(1000, 1003));
        CHECK(late.lost() == 0);
    }
}

TEMPLATE_TEST_CASE(
    "of every kind: who falls behind keeps the newest buffer_size at least, and lost is exact",
    "",
    shared_values,
    shared_slices,
    shared_untyped,
    local_values,
    local_slices,
    local_untyped) {
    TestType here;
    const number size = GENERATE(1, 3, 8);
    auto service = here.numbers().subscriber_max_buffer_size(size).create();
    auto publisher = here.make_publisher(service);
    auto subscriber = service.subscriber().create();
    number taken = 0, sent_in_all = 0;
    for (const number sent : {1, 2, 3, 8, 9, 50, 500}) {
        REQUIRE(here.send(publisher, 0, sent));
        sent_in_all += sent;
        const auto got = here.drain(subscriber);
        CHECK(got.size() >= std::min(size, sent));
        CHECK(got == from_to(sent - got.size(), sent));
        taken += got.size();
        CHECK(taken + subscriber.lost() == sent_in_all);
    }
    CHECK(subscriber.lost() > 0);
}

TEMPLATE_TEST_CASE(
    "of every kind: who holds as many samples as it may gets no more, until one goes",
    "",
    shared_values,
    shared_slices,
    shared_untyped,
    local_values,
    local_slices,
    local_untyped) {
    TestType here;
    auto service = here.numbers().subscriber_max_borrowed_samples(3).create();
    auto publisher = here.make_publisher(service);
    auto subscriber = service.subscriber().create();
    REQUIRE(here.send(publisher, 0, 5));
    std::vector<typename TestType::sample> held;
    for (number i = 0; i < 3; ++i) held.push_back(subscriber.receive());
    CHECK(subscriber.receive().error() == errc::too_many_borrowed);
    CHECK(subscriber.has_samples());
    REQUIRE(here.send(publisher, 100, 1000));  // far round the ring, and through every chunk
    for (number i = 0; i < 3; ++i) CHECK(here.number_in(held[i]) == i);
    held.pop_back();
    CHECK(subscriber.receive());
    CHECK(subscriber.lost() > 0);
}

TEMPLATE_TEST_CASE(
    "of every kind: who has as many loans as it may gets no more, until one is sent or dropped",
    "",
    shared_values,
    shared_slices,
    shared_untyped,
    local_values,
    local_slices,
    local_untyped) {
    TestType here;
    auto service = here.numbers().publisher_max_loaned_samples(3).create();
    auto publisher = here.make_publisher(service);
    auto subscriber = service.subscriber().create();
    for (int round = 0; round < 50; ++round) {
        std::array loans{here.loan(publisher), here.loan(publisher), here.loan(publisher)};
        for (const auto& loan : loans) REQUIRE(loan);
        CHECK(here.loan(publisher).error() == errc::loans_exhausted);
        loans[1].reset();
        auto again = here.loan(publisher);
        REQUIRE(again);
        REQUIRE_FALSE(publisher.send(std::move(loans[0])));
        CHECK(here.loan(publisher));
    }
    CHECK(here.drain(subscriber).size() >= 8);
}

TEMPLATE_TEST_CASE(
    "of every kind: a lossless subscriber that is full holds its publisher, an observer doesn't",
    "",
    shared_values,
    shared_slices,
    shared_untyped,
    local_values,
    local_slices,
    local_untyped) {
    TestType here;
    auto service =
        here.numbers().enable_safe_overflow(false).subscriber_max_buffer_size(4).create();
    auto publisher = here.make_publisher(service, backpressure::fail);
    auto observer = service.subscriber().observer().create();
    REQUIRE(here.send(publisher, 0, 100));  // nobody to be held by
    auto subscriber = service.subscriber().create();
    REQUIRE(here.send(publisher, 0, 4));
    CHECK(here.send(publisher, 4) == errc::buffer_full);
    CHECK(here.number_in(subscriber.receive()) == 0);
    CHECK_FALSE(here.send(publisher, 4));
    CHECK(here.send(publisher, 5) == errc::buffer_full);
    CHECK(here.drain(subscriber) == from_to(1, 5));
    CHECK(subscriber.lost() == 0);
    subscriber = {};
    CHECK(here.send(publisher, 0, 100));
    CHECK_FALSE(here.drain(observer).empty());
    CHECK(observer.lost() > 0);
}

TEMPLATE_TEST_CASE(
    "of every kind: a publisher that blocks in its thread loses nothing to a subscriber that "
    "sleeps in its own",
    "",
    shared_values,
    shared_slices,
    shared_untyped,
    local_values,
    local_slices,
    local_untyped) {
    constexpr number count = 2000;
    TestType here;
    auto service =
        here.numbers().enable_safe_overflow(false).subscriber_max_buffer_size(3).create();
    auto publisher = here.make_publisher(service);
    auto subscriber = service.subscriber().create();
    bool all_sent = false;
    std::thread elsewhere([&] { all_sent = here.send(publisher, 0, count); });
    number wrong = 0;
    for (number due = 0; due < count; ++due) {
        const auto sample = subscriber.blocking_receive();
        wrong += !sample || here.number_in(sample) != due;
    }
    elsewhere.join();
    CHECK(all_sent);
    CHECK(wrong == 0);
    CHECK(subscriber.lost() == 0);
}

TEMPLATE_TEST_CASE(
    "of every kind: several publishers are taken in fair turn, each in its own order",
    "",
    shared_values,
    shared_slices,
    shared_untyped,
    local_values,
    local_slices,
    local_untyped) {
    TestType here;
    auto service = here.numbers().subscriber_max_buffer_size(256).create();
    auto busy = here.make_publisher(service), calm = here.make_publisher(service);
    auto subscriber = service.subscriber().create();
    REQUIRE(here.send(busy, 1000, 1200));
    REQUIRE(here.send(calm, 0, 4));
    std::map<elkodon::port_id, values> got;
    for (int i = 0; i < 8; ++i) {
        REQUIRE(here.send(busy, 2000, 2002));
        const auto sample = subscriber.receive();
        REQUIRE(sample);
        got[sample.publisher_id()].push_back(here.number_in(sample));
    }
    CHECK(got[calm.id()] == from_to(0, 4));
    CHECK(got[busy.id()] == from_to(1000, 1004));
    CHECK(here.drain(subscriber).size() == 196 + 16);
    CHECK(subscriber.lost() == 0);
}

TEMPLATE_TEST_CASE("of every kind: a batch takes what is there, oldest first",
                   "",
                   shared_values,
                   shared_slices,
                   shared_untyped,
                   local_values,
                   local_slices,
                   local_untyped) {
    TestType here;
    auto service =
        here.numbers().subscriber_max_buffer_size(64).subscriber_max_borrowed_samples(32).create();
    auto publisher = here.make_publisher(service);
    auto subscriber = service.subscriber().create();
    std::vector<typename TestType::sample> batch(32);
    for (const number sent : {0, 1, 2, 31, 32, 50}) {
        REQUIRE(here.send(publisher, 0, sent));
        values got;
        while (const auto taken = subscriber.receive_many(batch))
            for (std::size_t i = 0; i < taken; ++i) got.push_back(here.number_in(batch[i]));
        CHECK(got == from_to(0, sent));
        for (auto& each : batch) each.reset();
    }
}

TEMPLATE_TEST_CASE(
    "of every kind: a sample outlives its subscriber, its publisher, service and node",
    "",
    shared_values,
    shared_slices,
    shared_untyped,
    local_values,
    local_slices,
    local_untyped) {
    TestType here;
    std::optional service = here.numbers().create();
    auto publisher = here.make_publisher(*service);
    auto subscriber = service->subscriber().create();
    REQUIRE_FALSE(here.send(publisher, 42));
    auto sample = subscriber.receive();
    subscriber = {};
    REQUIRE(here.send(publisher, 100, 1000));
    CHECK(here.number_in(sample) == 42);
    service.reset();
    here.node = {};
    publisher = {};
    const auto copy = sample;
    sample.reset();
    CHECK(here.number_in(copy) == 42);
}

TEMPLATE_TEST_CASE(
    "of every kind: an ended publisher's messages are received, and its place is free",
    "",
    shared_values,
    shared_slices,
    shared_untyped,
    local_values,
    local_slices,
    local_untyped) {
    TestType here;
    auto service = here.numbers().max_publishers(1).create();
    auto subscriber = service.subscriber().create();
    for (number i = 0; i < 5; ++i) {
        auto publisher = here.make_publisher(service);
        std::error_code ec;
        CHECK_FALSE(service.publisher().create(ec));
        CHECK(ec == errc::port_limit_reached);
        REQUIRE_FALSE(here.send(publisher, i));
        publisher = {};
        CHECK(here.drain(subscriber) == from_to(i, i + 1));
    }
    CHECK(subscriber.lost() == 0);
}

}  // namespace tests::every_kind_cases
