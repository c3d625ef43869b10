// Many ports of one service at once: everybody hears everybody, everything that may be held is held, and places that
// become free are taken again.
#include "caught.hpp"
#include "numbers.hpp"

#include <elkodon/node.hpp>
#include <support/scratch_root.hpp>

#include <map>
#include <set>
#include <thread>

namespace tests::ports_together_cases {
namespace {

using elkodon::errc;

struct world {
    support::scratch_root root;
    elkodon::node node = elkodon::node::create();
    auto numbers() const { return node.service("numbers").publish_subscribe<number>(); }
};

void send(elkodon::publisher<number>& publisher, number first, number last) {
    for (; first < last; ++first) REQUIRE_FALSE(publisher.send_copy(first));
}

/// What may be held at once, and the service that says so.
struct load {
    number loans = 2, subscribers = 2, borrowed = 2, history = 0, buffer = 4;
};

/// Publishes until every subscriber holds all that it may and every buffer is full; then takes every loan.
void hold_everything(const load& most) {
    world here;
    auto service = here.numbers()
                       .publisher_max_loaned_samples(most.loans)
                       .max_subscribers(most.subscribers)
                       .subscriber_max_borrowed_samples(most.borrowed)
                       .history_size(most.history)
                       .subscriber_max_buffer_size(most.buffer)
                       .create();
    auto publisher = service.publisher().create();
    std::vector<elkodon::subscriber<number>> subscribers;
    for (number i = 0; i < most.subscribers; ++i)
        subscribers.push_back(service.subscriber().create());
    std::vector<std::pair<number, elkodon::sample<number>>> held;
    for (number i = 0; i < most.borrowed; ++i) {
        // Each subscriber holds messages of its own: the others have gone past them.
        for (auto& subscriber : subscribers) {
            const auto value = held.size();
            REQUIRE_FALSE(publisher.send_copy(value));
            elkodon::sample<number> sample;
            while (auto next = subscriber.receive())
                if (*next == value) sample = std::move(next);
            REQUIRE(sample);
            held.emplace_back(value, std::move(sample));
        }
    }
    send(publisher, 0, 2 * std::max(most.history, most.buffer) + 3);
    for (int round = 0; round < 3; ++round) {
        std::vector<elkodon::loan<number>> loans;
        for (number i = 0; i < most.loans; ++i) {
            loans.push_back(publisher.try_loan());
            REQUIRE(loans.back());
        }
        CHECK(publisher.try_loan().error() == errc::loans_exhausted);
        for (auto& loan : loans) REQUIRE_FALSE(publisher.send(std::move(loan)));
    }
    for (const auto& [value, sample] : held) CHECK(*sample == value);
}

}  // namespace

TEST_CASE("with everything held that may be, every loan can still be had, and one more is the "
          "agreed error") {
    hold_everything({});
    hold_everything({.loans = 100});
    hold_everything({.subscribers = 50});
    hold_everything({.borrowed = 100});
    hold_everything({.history = 100});
    hold_everything({.buffer = 100});
    hold_everything({.loans = 20, .subscribers = 20, .borrowed = 20, .history = 50, .buffer = 50});
}

TEST_CASE("with every place taken, every subscriber hears every publisher, also each through a "
          "handle of its own") {
    for (const bool own_handles : {false, true}) {
        world here;
        const auto service = here.numbers()
                                 .max_publishers(4)
                                 .max_subscribers(6)
                                 .subscriber_max_buffer_size(16)
                                 .create();
        const auto handle = [&] { return own_handles ? here.numbers().open() : service; };
        std::vector<elkodon::publisher<number>> publishers;
        std::vector<elkodon::subscriber<number>> subscribers;
        for (int i = 0; i < 4; ++i) publishers.push_back(handle().publisher().create());
        for (int i = 0; i < 6; ++i) subscribers.push_back(handle().subscriber().create());
        std::set<elkodon::port_id> ids;
        for (const auto& each : subscribers) ids.insert(each.id());
        for (const auto& each : publishers) ids.insert(each.id());
        CHECK(ids.size() == 10);
        for (number round = 0; round < 100; ++round) {
            for (auto& publisher : publishers) send(publisher, 3 * round, 3 * round + 3);
            for (auto& subscriber : subscribers) {
                std::map<elkodon::port_id, values> got;
                while (const auto sample = subscriber.receive())
                    got[sample.publisher_id()].push_back(*sample);
                REQUIRE(got.size() == 4);
                for (const auto& [who, what] : got)
                    REQUIRE(what == from_to(3 * round, 3 * round + 3));
            }
        }
    }
}

TEST_CASE("a service that only a publisher keeps, or only a subscriber, is opened and used") {
    world here;
    std::optional service = here.numbers().history_size(2).create();
    auto publisher = service->publisher().create();
    service.reset();
    auto subscriber = here.numbers().open().subscriber().create();
    send(publisher, 0, 2);
    CHECK(drain(subscriber) == from_to(0, 2));
    publisher = {};
    auto other = here.numbers().open().publisher().create();
    send(other, 5, 7);
    CHECK(drain(subscriber) == from_to(5, 7));
}

TEST_CASE("as long as a loan is held its service exists, and its ended publisher's place is free") {
    world here;
    std::optional service = here.numbers().max_publishers(1).create();
    auto publisher = service->publisher().create();
    auto loan = publisher.loan();
    publisher = {};
    auto next = service->publisher().create();
    CHECK(next.send_copy(1) == std::error_code());
    next = {};
    service.reset();
    std::error_code ec;
    CHECK_FALSE(here.numbers().create(ec));
    CHECK(ec == errc::service_exists);
    loan.reset();
    CHECK(here.numbers().create());
}

TEST_CASE(
    "a sample that is held doesn't keep its ended publisher's place, and the next one is heard") {
    world here;
    auto service = here.numbers().max_publishers(1).create();
    auto subscriber = service.subscriber().create();
    std::vector<elkodon::sample<number>> held;
    for (number i = 0; i < 2; ++i) {
        auto publisher = service.publisher().create();
        send(publisher, i, i + 1);
        held.push_back(subscriber.receive());
        REQUIRE(held.back());
        CHECK(*held.back() == i);
    }
    CHECK(*held[0] == 0);
}

TEST_CASE("what an ended publisher left unread is received beside its successor's messages, each "
          "in order") {
    world here;
    auto service = here.numbers().max_publishers(1).create();
    auto subscriber = service.subscriber().create();
    auto publisher = service.publisher().create();
    CHECK_FALSE(subscriber.receive());  // from here on it has mapped that one
    send(publisher, 0, 4);
    publisher = {};
    auto successor = service.publisher().create();
    send(successor, 10, 11);
    auto got =
        drain(subscriber);  // in fair turn: the successor doesn't wait for what the ended one left
    CHECK(std::erase(got, number{10}) == 1);
    CHECK(got == from_to(0, 4));
    CHECK(subscriber.lost() == 0);
}

TEST_CASE("a large history costs the publisher nothing that it doesn't get back, however often "
          "somebody joins") {
    world here;
    auto service = here.numbers()
                       .history_size(1000)
                       .subscriber_max_buffer_size(1)
                       .max_subscribers(1)
                       .subscriber_max_borrowed_samples(1)
                       .create();
    auto publisher = service.publisher().create();
    send(publisher, 0, 1000);
    for (number i = 1000; i < 3000; i += 2) {
        auto subscriber = service.subscriber().create();
        const auto sample = subscriber.receive();
        REQUIRE(sample);
        CHECK(*sample == i - 1000);
        send(publisher, i, i + 2);
        CHECK(*sample == i - 1000);
    }
}

TEST_CASE(
    "without overflow a history above the buffer can be had: the ring is as long as the larger") {
    world here;
    auto service = here.numbers()
                       .enable_safe_overflow(false)
                       .subscriber_max_buffer_size(2)
                       .history_size(20)
                       .create();
    auto publisher = service.publisher().backpressure(elkodon::backpressure::fail).create();
    send(publisher, 0, 50);
    auto subscriber = service.subscriber().create();
    CHECK(drain(subscriber) == from_to(30, 50));
    number sent = 0;
    while (!publisher.send_copy(sent)) ++sent;
    CHECK(sent == 2);
}

TEST_CASE("a handler for full subscribers is never called with overflow, and once for each message "
          "that it discards") {
    world here;
    for (const bool overflow : {true, false}) {
        auto service =
            here.numbers().enable_safe_overflow(overflow).subscriber_max_buffer_size(2).create();
        int asked = 0;
        auto publisher = service.publisher()
                             .backpressure([&](const elkodon::backpressure_info&) noexcept {
                                 ++asked;
                                 return elkodon::backpressure::discard;
                             })
                             .create();
        auto subscriber = service.subscriber().create();
        send(publisher, 0, 10);
        CHECK(asked == (overflow ? 0 : 8));
        CHECK(publisher.discarded() == static_cast<number>(asked));
        CHECK(drain(subscriber) == (overflow ? from_to(8, 10) : from_to(0, 2)));
        send(publisher, 10, 11);
        CHECK(*subscriber.receive() == 10);
    }
}

TEST_CASE("what overflows can't be opened as lossless, nor the other way round") {
    world here;
    for (const bool overflow : {true, false}) {
        const auto service = here.numbers().enable_safe_overflow(overflow).create();
        const auto error =
            caught([&] { return here.numbers().enable_safe_overflow(!overflow).open(); });
        CHECK(error.code() == errc::incompatible_property);
        CHECK(error.property() == "enable_safe_overflow");
        CHECK(error.found() == (overflow ? "true" : "false"));
    }
}

TEST_CASE(
    "many threads create services of names of their own at the same moment, and all succeed") {
    world here;
    std::vector<std::thread> threads;
    std::vector<int> made(8);
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&, i] {
            for (int j = 0; j < 10; ++j) {
                const auto name = std::to_string(i) + "/" + std::to_string(j);
                std::error_code ec;
                made[static_cast<std::size_t>(i)] += static_cast<bool>(
                    here.node.service(name).publish_subscribe<number>().create(ec));
            }
        });
    for (auto& each : threads) each.join();
    CHECK(made == std::vector<int>(8, 10));
}

}  // namespace tests::ports_together_cases
