// Services without overflow: every subscriber but observers holds its publishers back, and nothing is lost.
#include "caught.hpp"
#include "numbers.hpp"

#include <elkodon/elkodon.hpp>
#include <support/scratch_root.hpp>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

namespace tests::lossless_cases {
namespace {

using elkodon::backpressure;
using elkodon::errc;
using namespace std::chrono_literals;

struct world {
    support::scratch_root root;
    elkodon::node node = elkodon::node::create();
    auto numbers() const {
        return node.service("numbers").publish_subscribe<number>().enable_safe_overflow(false);
    }
};

/// Sends `first`, `first` + 1, … until that fails; returns how many went out.
number fill(elkodon::publisher<number>& publisher, number first = 0) {
    number sent = 0;
    while (!publisher.send_copy(first + sent)) ++sent;
    return sent;
}

/// Sends all of them, waiting where it must; in a thread of its own.
void send_all(elkodon::publisher<number>& publisher, number count) {
    for (number i = 0; i < count; ++i)
        if (publisher.send_copy(i)) std::abort();
}

}  // namespace

TEST_CASE("a full subscriber makes send fail, the loan stays, and after one receive it goes out") {
    for (const number size : std::initializer_list<number>{1, 2, 3, 8, 9}) {
        CAPTURE(size);
        world here;
        auto service = here.numbers().subscriber_max_buffer_size(size).create();
        auto publisher = service.publisher().backpressure(backpressure::fail).create();
        auto subscriber = service.subscriber().create();
        CHECK(fill(publisher) == size);
        auto loan = publisher.loan();
        *loan = size;
        for (int again = 0; again < 3; ++again)
            CHECK(publisher.send(std::move(loan)) == errc::buffer_full);
        REQUIRE(loan);
        CHECK(*subscriber.receive() == 0);
        CHECK_FALSE(publisher.send(std::move(loan)));
        CHECK_FALSE(loan);
        CHECK(publisher.send_copy(0) == errc::buffer_full);
        CHECK(publisher.send_copy(0) == std::errc::no_buffer_space);
        CHECK(drain(subscriber) == from_to(1, size + 1));
        CHECK(subscriber.lost() == 0);
        CHECK(publisher.discarded() == 0);
    }
}

TEST_CASE("what is discarded reaches nobody, and is counted") {
    world here;
    auto service = here.numbers().subscriber_max_buffer_size(4).create();
    auto publisher = service.publisher().backpressure(backpressure::discard).create();
    auto slow = service.subscriber().create();
    auto fast = service.subscriber().create();
    values got;
    for (number i = 0; i < 100; ++i) {
        CHECK_FALSE(publisher.send_copy(i));
        if (const auto sample = fast.receive()) got.push_back(*sample);
    }
    CHECK(publisher.discarded() == 96);
    CHECK(got == from_to(0, 4));
    CHECK(drain(slow) == from_to(0, 4));
    CHECK(slow.lost() + fast.lost() == 0);
    CHECK_FALSE(publisher.send_copy(100));
    CHECK(*slow.receive() == 100);
}

TEST_CASE(
    "a publisher that blocks goes on as its slowest subscriber does, and nobody loses anything") {
    world here;
    constexpr number count = 20'000;
    auto service = here.numbers().subscriber_max_buffer_size(3).create();
    auto publisher = service.publisher().create();
    auto one = service.subscriber().create();
    auto other = service.subscriber().create();
    std::thread elsewhere([&] { send_all(publisher, count); });
    number due = 0, due_to_the_other = 0, wrong = 0;
    for (; due < count; ++due) {
        auto sample = one.blocking_receive();
        wrong += !sample || *sample != due;
        // The other one takes in batches, and only when its buffer may be full.
        std::array<elkodon::sample<number>, 2> batch;
        while (due >= due_to_the_other + 2 || due + 1 == count) {
            const auto taken = other.receive_many(batch);
            if (taken == 0) break;
            for (std::size_t i = 0; i < taken; ++i) wrong += *batch[i] != due_to_the_other++;
        }
    }
    elsewhere.join();
    CHECK(due_to_the_other == count);
    CHECK(wrong == 0);
    CHECK(one.lost() + other.lost() == 0);
}

TEST_CASE("a blocked publisher is woken however its subscriber makes room, or leaves") {
    world here;
    auto service = here.numbers().subscriber_max_buffer_size(2).create();
    auto publisher = service.publisher().create();
    for (int way = 0; way < 4; ++way) {
        CAPTURE(way);
        auto subscriber = service.subscriber().create();
        send_all(publisher, 2);
        std::atomic<bool> through = false;
        std::thread elsewhere([&] {
            publisher.send_copy(2);
            through = true;
        });
        // It has to be asleep for this to say much; that it sleeps is what its doorbell says.
        std::this_thread::yield();
        CHECK_FALSE(through.load());
        if (way == 0) CHECK(*subscriber.receive() == 0);
        std::array<elkodon::sample<number>, 2> batch;
        if (way == 1) CHECK(subscriber.receive_many(batch) == 2);
        if (way == 2) subscriber = {};
        if (way == 3) {
            const auto held = subscriber.receive();
            subscriber = {};
        }
        elsewhere.join();
        CHECK(through.load());
    }
}

TEST_CASE("samples that outlive their subscriber hold nobody back") {
    world here;
    auto service = here.numbers().subscriber_max_buffer_size(2).create();
    auto publisher = service.publisher().backpressure(backpressure::fail).create();
    auto subscriber = service.subscriber().create();
    CHECK_FALSE(publisher.send_copy(7));
    const auto held = subscriber.receive();
    subscriber = {};
    for (number i = 0; i < 100; ++i) REQUIRE_FALSE(publisher.send_copy(i));
    CHECK(*held == 7);
}

TEST_CASE("a handler decides each time, and is told for how long the message has waited") {
    world here;
    auto service = here.numbers().subscriber_max_buffer_size(2).create();
    auto subscriber = service.subscriber().create();
    int asked = 0;
    std::chrono::nanoseconds waited{};
    bool shrank = false;
    auto publisher = service.publisher()
                         .backpressure([&](const elkodon::backpressure_info& full) noexcept {
                             shrank = shrank || (asked < 5 && full.waited < waited);
                             waited = full.waited;
                             if (++asked < 5) return backpressure::block;
                             return asked == 5 ? backpressure::discard : backpressure::fail;
                         })
                         .create();
    CHECK(fill(publisher) == 3);  // the third one is the one that was discarded
    CHECK(publisher.discarded() == 1);
    CHECK(asked == 6);
    CHECK_FALSE(shrank);
    CHECK(drain(subscriber) == from_to(0, 2));
}

TEST_CASE("an observer never holds anybody back, and may lose") {
    world here;
    auto service = here.numbers().subscriber_max_buffer_size(4).create();
    auto publisher = service.publisher().backpressure(backpressure::fail).create();
    auto observer = service.subscriber().observer().create();
    auto subscriber = service.subscriber().create();
    for (number i = 0; i < 100; ++i) {
        REQUIRE_FALSE(publisher.send_copy(i));
        REQUIRE(*subscriber.receive() == i);
    }
    CHECK(drain(observer) == from_to(96, 100));
    CHECK(observer.lost() == 96);
    CHECK(subscriber.lost() == 0);
}

TEST_CASE("a subscriber's own buffer_size is the lag that it may have") {
    world here;
    auto service = here.numbers().subscriber_max_buffer_size(8).create();
    auto publisher = service.publisher().backpressure(backpressure::fail).create();
    auto large = service.subscriber().create();
    auto small = service.subscriber().buffer_size(3).create();
    CHECK(fill(publisher) == 3);
    CHECK(drain(small) == from_to(0, 3));
    CHECK(fill(publisher, 3) == 3);
    small = {};
    CHECK(fill(publisher, 6) == 2);
    CHECK(drain(large) == from_to(0, 8));
    const auto refused =
        caught([&] { return service.subscriber().buffer_size(9).observer().create(); });
    CHECK(refused.code() == errc::invalid_value);
    CHECK(contains(refused.what(),
                   "buffer_size: 1 … 8 (subscriber_max_buffer_size) wanted, 9 found"));
}

TEST_CASE("each publisher is held back by what was taken of its own messages") {
    world here;
    auto service = here.numbers().subscriber_max_buffer_size(4).create();
    auto one = service.publisher().backpressure(backpressure::fail).create();
    auto subscriber = service.subscriber().create();
    auto other = service.publisher().backpressure(backpressure::fail).create();
    CHECK(fill(one) == 4);
    CHECK(fill(other, 100) == 4);
    CHECK(drain(subscriber).size() == 8);
    CHECK(fill(other, 104) == 4);
    CHECK(fill(one, 4) == 4);
    CHECK(drain(subscriber).size() == 8);
    CHECK(subscriber.lost() == 0);
    // A successor in the same place begins anew.
    one = {};
    auto successor = service.publisher().backpressure(backpressure::fail).create();
    CHECK(fill(successor, 200) == 4);
    CHECK(drain(subscriber) == from_to(200, 204));
    CHECK(fill(successor, 204) == 4);
}

TEST_CASE("who joins a busy lossless publisher misses nothing from then on") {
    world here;
    auto service = here.numbers().subscriber_max_buffer_size(4).max_subscribers(2).create();
    auto publisher = service.publisher().create();
    std::atomic<bool> done = false;
    std::thread elsewhere([&] {
        for (number i = 0; !done; ++i)
            if (publisher.send_copy(i)) std::abort();
    });
    number wrong = 0, taken = 0;
    for (int round = 0; round < 300; ++round) {
        auto subscriber = service.subscriber().create();
        auto due = *subscriber.blocking_receive();
        for (int i = 0; i < 20; ++i, ++taken) wrong += *subscriber.blocking_receive() != ++due;
        wrong += subscriber.lost() != 0;
    }
    done = true;
    elsewhere.join();
    CHECK(wrong == 0);
    CHECK(taken == 6000);
}

TEST_CASE("history is a late joiner's, and holds nobody back") {
    world here;
    auto service = here.numbers().subscriber_max_buffer_size(4).history_size(4).create();
    auto publisher = service.publisher().backpressure(backpressure::fail).create();
    for (number i = 0; i < 10; ++i) REQUIRE_FALSE(publisher.send_copy(i));
    auto subscriber = service.subscriber().create();
    CHECK(fill(publisher, 10) == 4);
    CHECK(drain(subscriber) == from_to(10, 14));
    CHECK(subscriber.lost() == 0);
    auto later = service.subscriber().create();
    CHECK(drain(later) == from_to(10, 14));
}

TEST_CASE(
    "who stands still for stall_timeout is evicted, is told once what it lost, and catches up") {
    world here;
    auto service = here.numbers().subscriber_max_buffer_size(4).stall_timeout(20ms).create();
    auto publisher = service.publisher().create();
    auto still = service.subscriber().create();
    auto busy = service.subscriber().create();
    for (number i = 0; i < 100; ++i) {
        REQUIRE_FALSE(publisher.send_copy(i));  // the fifth one waits for the eviction
        REQUIRE(*busy.receive() == i);
    }
    CHECK(still.has_samples());
    const auto told = still.receive();
    CHECK_FALSE(told);
    CHECK(told.error() == errc::evicted);
    CHECK(still.lost() == 96);
    CHECK(drain(still) == from_to(96, 100));
    // It has caught up, and is held safe again.
    auto careful = service.publisher().backpressure(backpressure::fail).create();
    CHECK(fill(careful, 0) == 4);
    CHECK(busy.receive());
    CHECK(still.receive());
    CHECK(still.lost() == 96);
    CHECK(busy.lost() == 0);
}

TEST_CASE("who takes in batches loses what it loses, and the next receive says so") {
    world here;
    auto service = here.numbers().subscriber_max_buffer_size(4).stall_timeout(5ms).create();
    auto publisher = service.publisher().create();
    auto still = service.subscriber().create();
    send_all(publisher, 50);
    std::array<elkodon::sample<number>, 2> batch;
    values got;
    while (const auto taken = still.receive_many(batch))
        for (std::size_t i = 0; i < taken; ++i) got.push_back(*batch[i]);
    CHECK(got == from_to(46, 50));
    CHECK_FALSE(still.has_samples());
    CHECK(still.lost() == 46);
    CHECK(still.receive().error() == errc::evicted);
    CHECK_FALSE(still.receive().error());
}

TEST_CASE("an evicted subscriber that catches up holds its publisher back again") {
    world here;
    auto service = here.numbers().subscriber_max_buffer_size(4).stall_timeout(5ms).create();
    auto publisher = service.publisher().create();
    auto still = service.subscriber().create();
    send_all(publisher, 50);  // nobody else is there
    CHECK(still.receive().error() == errc::evicted);
    const auto lost = still.lost();
    CHECK(lost == 46);
    CHECK(drain(still) == from_to(46, 50));
    std::thread elsewhere([&] { send_all(publisher, 1000); });
    for (number due = 0; due < 1000;) {
        const auto sample = still.blocking_receive();
        if (sample.error() == errc::evicted)
            break;  // a machine so busy that we stood still for that long
        REQUIRE(sample);
        CHECK(*sample == due++);
    }
    elsewhere.join();
}

TEST_CASE("what the two kinds of delivery promise isn't the same: they don't open each other") {
    world here;
    auto lossless = here.numbers().create();
    const auto refused = caught([&] {
        return here.node.service("numbers")
            .publish_subscribe<number>()
            .enable_safe_overflow(true)
            .open();
    });
    CHECK(refused.code() == errc::incompatible_property);
    CHECK(contains(refused.what(), "enable_safe_overflow: true wanted, false found"));
    CHECK(here.node.service("numbers").publish_subscribe<number>().open());
    CHECK(here.numbers().open());
    const auto stall = caught([&] { return here.numbers().stall_timeout(5s).open(); });
    CHECK(contains(stall.what(), "stall_timeout_ms: 5000 wanted, 0 found"));
}

}  // namespace tests::lossless_cases
