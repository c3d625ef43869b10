// Publishers whose sequences begin just below where something comes round again: 32 bits, the 40 bits of a ring slot, and
// those again. Through the ports, as users have them; the ring alone is in lockfree/ring_test.cpp.
#include "caught.hpp"
#include "numbers.hpp"

#include <elkodon/node.hpp>
#include <support/scratch_root.hpp>

#include <array>
#include <thread>

namespace tests::wrap_cases {
namespace {

using elkodon::errc;
using namespace elkodon;

constexpr number lap = number{1} << 40;

/// A service of numbers, or of slices of them, whose publishers begin where the test says.
template <class T>
struct world {
    explicit world(number buffer, number history = 0, bool overflow = true) {
        service::static_configuration wanted{"numbers", service::pattern::publish_subscribe,
                                             details_of<T>(),
                                             service::publish_subscribe_properties()};
        wanted.ask(service::key::buffer_size, buffer);
        wanted.ask(service::key::history_size, history);
        wanted.ask(service::key::max_borrowed, 64);
        wanted.ask(service::key::safe_overflow, overflow);
        directory = service::service_directory::join(
            service::membership::join(configuration::load()), wanted, service::joining::create);
    }

    publisher<T> publisher_from(number first) const {
        port::publisher_settings settings;
        settings.first_sequence = first;
        settings.when_full = backpressure::fail;
        settings.allocation = allocation_strategy::power_of_two;
        return publisher<T>(std::make_unique<port::publisher_port>(directory, settings));
    }
    subscriber<T> make_subscriber() const {
        return publish_subscribe_service<T>(directory).subscriber().create();
    }

    support::scratch_root root;
    std::shared_ptr<service::service_directory> directory;
};

/// Some messages before each place where a number in some word comes round, for a ring of `ring` slots.
std::vector<number> beginnings(number ring) {
    std::vector<number> made;
    for (const number wrap : {number{1} << 32, lap, 2 * lap, 3 * lap, number{1} << 62})
        for (const number before : {number{1}, number{2}, ring - 1, ring, ring + 1, 2 * ring + 3})
            made.push_back(wrap - before);
    return made;
}

void send(publisher<number>& by, number first, number last) {
    for (; first < last; ++first) REQUIRE_FALSE(by.send_copy(first));
}

}  // namespace

TEST_CASE("across each wrap messages come in order, one at a time, and none is made up") {
    for (const auto first : beginnings(8)) {
        CAPTURE(first);
        const world<number> here(8);
        auto subscriber = here.make_subscriber();
        auto publisher = here.publisher_from(first);
        for (number i = 0; i < 60; ++i) {
            CHECK_FALSE(subscriber.receive());
            CHECK_FALSE(subscriber.has_samples());
            REQUIRE_FALSE(publisher.send_copy(i));
            const auto sample = subscriber.receive();
            REQUIRE(sample);
            CHECK(*sample == i);
            CHECK(sample.sequence() == first + i);
        }
        CHECK(subscriber.lost() == 0);
    }
}

TEST_CASE("across each wrap who falls behind keeps the newest, and lost is exact") {
    for (const auto first : beginnings(8)) {
        CAPTURE(first);
        const world<number> here(8);
        auto subscriber = here.make_subscriber();
        auto publisher = here.publisher_from(first);
        number taken = 0, sent_in_all = 0;
        for (const number sent : {3, 8, 9, 30, 1, 17}) {
            send(publisher, 0, sent);
            sent_in_all += sent;
            const auto got = drain(subscriber);
            CHECK(got == from_to(sent - std::min<number>(8, sent), sent));
            taken += got.size();
            CHECK(taken + subscriber.lost() == sent_in_all);
        }
    }
}

TEST_CASE("across each wrap a late joiner receives the history, and batches are whole") {
    for (const auto first : beginnings(16)) {
        CAPTURE(first);
        const world<number> here(16, 10);
        auto publisher = here.publisher_from(first);
        for (number sent = 0; sent < 50;) {
            auto late = here.make_subscriber();
            std::array<sample<number>, 32> batch;
            const auto taken = late.receive_many(batch);
            REQUIRE(taken == std::min<number>(10, sent));
            for (number i = 0; i < taken; ++i) CHECK(*batch[i] == sent - taken + i);
            const auto next = sent + 7;
            send(publisher, sent, next);
            CHECK(late.receive_many(batch) == 7);
            CHECK(*batch[6] == next - 1);
            CHECK(late.lost() == 0);
            sent = next;
        }
    }
}

TEST_CASE("across each wrap a lossless subscriber holds its publisher where it should") {
    for (const auto first : beginnings(4)) {
        CAPTURE(first);
        const world<number> here(4, 0, false);
        auto publisher = here.publisher_from(first);
        auto subscriber = here.make_subscriber();
        number sent = 0;
        while (!publisher.send_copy(sent)) ++sent;
        CHECK(sent == 4);
        for (number i = 0; i < 30; ++i) {
            CHECK(publisher.send_copy(sent) == errc::buffer_full);
            const auto sample = subscriber.receive();
            REQUIRE(sample);
            CHECK(*sample == i);
            REQUIRE_FALSE(publisher.send_copy(sent++));
        }
        CHECK(drain(subscriber) == from_to(30, 34));
        CHECK(subscriber.lost() == 0);
    }
}

TEST_CASE("across each wrap slices grow, and samples that are held stay what they were") {
    for (const auto first : beginnings(8)) {
        CAPTURE(first);
        const world<number[]> here(8);
        auto subscriber = here.make_subscriber();
        auto publisher = here.publisher_from(first);
        std::vector<sample<number[]>> held;
        for (number i = 0; i < 40; ++i) {
            REQUIRE_FALSE(publisher.send_copy(std::vector<number>(1 + i, i)));
            held.push_back(subscriber.receive());
        }
        for (number i = 0; i < 40; ++i) {
            REQUIRE(held[i]);
            CHECK((*held[i]).size() == 1 + i);
            CHECK((*held[i])[i] == i);
        }
        CHECK(subscriber.lost() == 0);
    }
}

TEST_CASE("across the wrap of a slot's 40 bits a subscriber in another thread gets whole messages, "
          "in order") {
    const world<number> here(64, 0, false);
    auto subscriber = here.make_subscriber();
    auto publisher = here.publisher_from(lap - 5000);
    constexpr number count = 10'000;
    std::thread elsewhere([&] {
        for (number i = 0; i < count;)
            if (!publisher.send_copy(i)) ++i;
    });
    number wrong = 0;
    for (number due = 0; due < count; ++due) wrong += *subscriber.blocking_receive() != due;
    elsewhere.join();
    CHECK(wrong == 0);
    CHECK(subscriber.lost() == 0);
}

}  // namespace tests::wrap_cases
