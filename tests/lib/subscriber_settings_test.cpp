// What a subscriber may choose for itself: how much it keeps, and how much history it begins with.
#include "caught.hpp"
#include "numbers.hpp"

#include <elkodon/node.hpp>
#include <support/scratch_root.hpp>

#include <array>

namespace tests::subscriber_settings_cases {
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

}  // namespace

TEST_CASE("with overflow a subscriber with a buffer_size of its own gets the newest that many, "
          "exactly, and the rest is lost") {
    world here;
    auto service = here.numbers().subscriber_max_buffer_size(8).history_size(100).create();
    auto publisher = service.publisher().create();
    for (const number size : {1, 2, 5, 8}) {
        auto subscriber = service.subscriber().buffer_size(size).create();
        here.node = {};
        while (subscriber.receive()) {}
        const auto before = subscriber.lost();
        number taken = 0, sent_in_all = 0;
        for (const number sent : {1, 2, 3, 7, 8, 9, 50, 128, 129, 300}) {
            CAPTURE(size, sent);
            send(publisher, 0, sent);
            sent_in_all += sent;
            const auto got = drain(subscriber);
            CHECK(got == from_to(sent - std::min(size, sent), sent));
            taken += got.size();
            CHECK(taken + subscriber.lost() - before == sent_in_all);
        }
    }
}

TEST_CASE("a buffer_size of 1 is the latest value, however it is received, and of each publisher") {
    world here;
    auto service = here.numbers().subscriber_max_borrowed_samples(8).create();
    auto one = service.publisher().create(), other = service.publisher().create();
    auto latest = service.subscriber().buffer_size(1).create();
    auto all = service.subscriber().create();
    send(one, 0, 5);
    send(other, 100, 103);
    CHECK(latest.has_samples());
    values got = drain(latest);
    std::sort(got.begin(), got.end());
    CHECK(got == values{4, 102});
    CHECK_FALSE(latest.has_samples());
    CHECK(latest.lost() == 6);
    send(one, 5, 8);
    CHECK(*latest.timed_receive(std::chrono::seconds(10)) == 7);
    send(one, 8, 10);
    std::array<elkodon::sample<number>, 4> batch;
    CHECK(latest.receive_many(batch) == 1);
    CHECK(*batch[0] == 9);
    CHECK(latest.lost() == 9);
    CHECK(drain(all).size() == 11);  // the last 8 of one, all of the other: theirs is the whole ring
}

TEST_CASE("an observer's buffer_size is what it keeps, in a lossless service too") {
    world here;
    auto service =
        here.numbers().enable_safe_overflow(false).subscriber_max_buffer_size(16).create();
    auto publisher = service.publisher().backpressure(elkodon::backpressure::fail).create();
    auto observer = service.subscriber().observer().buffer_size(2).create();
    send(publisher, 0, 40);
    CHECK(drain(observer) == from_to(38, 40));
    CHECK(observer.lost() == 38);
    auto subscriber = service.subscriber().buffer_size(3).create();
    number sent = 0;  // a newcomer's own size binds from the publisher's next look on
    while (!publisher.send_copy(sent)) ++sent;
    CHECK(sent <= 16);
    CHECK(drain(subscriber) == from_to(0, sent));
    send(publisher, 0, 3);
    CHECK(publisher.send_copy(3) == errc::buffer_full);
    CHECK(drain(subscriber) == from_to(0, 3));
    CHECK(subscriber.lost() == 0);
}

TEST_CASE("a buffer_size that is zero, or more than the service's, is an error with the range") {
    world here;
    for (const bool overflow : {true, false}) {
        auto service =
            here.numbers().enable_safe_overflow(overflow).subscriber_max_buffer_size(8).create();
        for (const number wrong : {number{0}, number{9}, ~number{0}}) {
            for (const bool observer : {false, true}) {
                auto builder = service.subscriber().buffer_size(wrong);
                if (observer) builder.observer();
                const auto error = caught([&] { return builder.create(); });
                CHECK(error.code() == errc::invalid_value);
                CHECK(error.property() == "buffer_size");
                CHECK(contains(error.wanted(), "1 … 8"));
                CHECK(error.found() == std::to_string(wrong));
            }
        }
        CHECK(service.subscriber().buffer_size(8).create());
    }
}

TEST_CASE(
    "subscribers that ask for less history than there is each receive just so many of the newest") {
    world here;
    auto service = here.numbers().history_size(10).create();
    auto publisher = service.publisher().create();
    send(publisher, 0, 50);
    for (const number history : {0, 1, 4, 10}) {
        auto subscriber = service.subscriber().initial_history(history).create();
        CHECK(drain(subscriber) == from_to(50 - history, 50));
        CHECK(subscriber.lost() == 0);
    }
    auto subscriber = service.subscriber().create();
    CHECK(drain(subscriber) == from_to(40, 50));
}

TEST_CASE("history beyond what the service keeps, or what one's own buffer holds, is an error") {
    world here;
    auto service = here.numbers().history_size(10).create();
    auto error = caught([&] { return service.subscriber().initial_history(11).create(); });
    CHECK(error.code() == errc::invalid_value);
    CHECK(error.property() == "initial_history");
    CHECK(contains(error.wanted(), "0 … 10"));
    CHECK(error.found() == "11");
    error = caught([&] { return service.subscriber().initial_history(5).buffer_size(4).create(); });
    CHECK(error.property() == "initial_history");
    CHECK(contains(error.wanted(), "buffer_size, 4"));
    // Who asks for no history of its own takes what fits.
    auto publisher = service.publisher().create();
    send(publisher, 0, 20);
    auto small = service.subscriber().buffer_size(4).create();
    CHECK(drain(small) == from_to(16, 20));
    CHECK(small.lost() == 0);
}

}  // namespace tests::subscriber_settings_cases
