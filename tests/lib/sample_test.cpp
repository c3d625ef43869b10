#include "caught.hpp"

#include <elkodon/elkodon.hpp>
#include <support/scratch_root.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <thread>
#include <vector>

namespace tests::sample_cases {
namespace {

using elkodon::errc;
using block = std::array<std::uint64_t, 32>;

block filled(std::uint64_t value) {
    block made;
    made.fill(value);
    return made;
}

struct world {
    support::scratch_root root;
    elkodon::publish_subscribe_service<block> service = elkodon::node::create()
                                                            .service("blocks")
                                                            .publish_subscribe<block>()
                                                            .max_subscribers(2)
                                                            .create();
};

}  // namespace

TEST_CASE(
    "a sample outlives its subscriber, publisher, service and node, in whatever order they go") {
    // Who goes when: 0 the subscriber, 1 the publisher, 2 the service.
    std::array<int, 3> order{0, 1, 2};
    do {
        support::scratch_root root;
        elkodon::sample<block> sample, copy;
        {
            auto service =
                elkodon::node::create().service("blocks").publish_subscribe<block>().create();
            auto publisher = service.publisher().create();
            auto subscriber = service.subscriber().create();
            publisher.send_copy(filled(7));
            sample = subscriber.receive();
            copy = sample;
            for (const auto which : order) {
                if (which == 0) subscriber = {};
                if (which == 1) publisher = {};
                if (which == 2) service = {};
                CHECK(*sample == filled(7));
            }
        }
        CHECK_FALSE(root.listing() == support::nothing);
        sample.reset();
        CHECK(*copy == filled(7));
        CHECK(copy.sequence() > 0);
        copy = {};
        CHECK(root.listing() == support::nothing);
    } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("a sample stays as it was while its publisher goes on, though its subscriber has gone") {
    world here;
    auto publisher = here.service.publisher().create();
    auto subscriber = here.service.subscriber().create();
    publisher.send_copy(filled(1));
    const auto sample = subscriber.receive();
    subscriber = {};
    for (std::uint64_t i = 0; i < 5'000; ++i) REQUIRE_FALSE(publisher.send_copy(filled(i)));
    CHECK(*sample == filled(1));
}

TEST_CASE("a subscriber that left samples keeps its place among max_subscribers until the last one "
          "goes") {
    world here;
    auto publisher = here.service.publisher().create();
    auto first = here.service.subscriber().create(), second = here.service.subscriber().create();
    publisher.send_copy(filled(1));
    auto sample = first.receive();
    auto copy = sample;
    first = {};
    std::error_code ec;
    CHECK_FALSE(here.service.subscriber().create(ec));
    CHECK(ec == errc::port_limit_reached);
    sample.reset();
    CHECK_FALSE(here.service.subscriber().create(ec));
    copy.reset();
    auto third = here.service.subscriber().create(ec);
    CHECK(third);
    CHECK_FALSE(ec);
    publisher.send_copy(filled(2));
    CHECK(*third.receive() == filled(2));
}

TEST_CASE("copies share one place, and are equal until the last of them goes") {
    world here;
    auto publisher = here.service.publisher().create();
    auto subscriber = here.service.subscriber().create();
    publisher.send_copy(filled(3));
    auto sample = subscriber.receive();
    std::vector<elkodon::sample<block>> copies(10, sample);
    for (const auto& copy : copies) {
        CHECK(&*copy == &*sample);
        CHECK(copy.sequence() == sample.sequence());
        CHECK(copy.publisher_id() == publisher.id());
    }
    auto& itself = sample;
    sample = itself;
    REQUIRE(sample);
    sample = std::move(itself);
    REQUIRE(sample);
    sample.reset();
    for (std::uint64_t i = 0; i < 1000; ++i) publisher.send_copy(filled(100 + i));
    CHECK(*copies.back() == filled(3));
    copies.clear();
    publisher.send_copy(filled(4));
    auto a = subscriber.receive(), b = subscriber.receive();
    CHECK(a);
    CHECK(b);
}

TEST_CASE("an empty sample, or one that was moved from, tests false and answers") {
    const elkodon::sample<block> empty;
    CHECK_FALSE(empty);
    CHECK_FALSE(empty.error());
    CHECK(empty.bytes().empty());
    CHECK_FALSE(empty.publisher_id());
    CHECK(empty.sequence() == 0);
    const auto copy = empty;
    CHECK_FALSE(copy);

    world here;
    auto publisher = here.service.publisher().create();
    auto subscriber = here.service.subscriber().create();
    publisher.send_copy(filled(3));
    auto sample = subscriber.receive();
    auto moved = std::move(sample);
    CHECK(moved);
    CHECK_FALSE(sample);
    CHECK(sample.bytes().empty());
    CHECK_FALSE(sample.publisher_id());
    sample = std::move(moved);
    CHECK(*sample == filled(3));
    CHECK_FALSE(moved);
}

TEST_CASE(
    "copies may be looked at and let go on any threads, while the subscriber goes on or has gone") {
    const bool subscriber_stays = GENERATE(true, false);
    world here;
    auto publisher = here.service.publisher().create();
    for (int round = 0; round < 50; ++round) {
        auto subscriber =
            std::make_unique<elkodon::subscriber<block>>(here.service.subscriber().create());
        const auto value = static_cast<std::uint64_t>(round);
        publisher.send_copy(filled(value));
        auto sample = subscriber->receive();
        REQUIRE(sample);
        std::array<bool, 3> whole{};
        std::vector<std::thread> threads;
        for (auto& each : whole)
            threads.emplace_back([&each, value, copy = sample]() mutable {
                auto another = copy;
                copy.reset();
                each = *another == filled(value);
            });
        sample.reset();
        if (!subscriber_stays) subscriber.reset();
        for (int i = 0; i < 50; ++i) publisher.send_copy(filled(1000));
        for (auto& thread : threads) thread.join();
        for (const bool each : whole) CHECK(each);
        if (subscriber) CHECK(subscriber->receive());
    }
    // Nobody kept a place.
    auto first = here.service.subscriber().create(), second = here.service.subscriber().create();
    CHECK(second);
}

TEST_CASE("samples with static storage may be the last to go") {
    static elkodon::sample<block> kept;  // its root goes before it: it must only not fail
    world here;
    auto publisher = here.service.publisher().create();
    auto subscriber = here.service.subscriber().create();
    publisher.send_copy(filled(8));
    kept = subscriber.receive();
    CHECK(kept);
}

}  // namespace tests::sample_cases
