#include "caught.hpp"
#include "numbers.hpp"

#include <elkodon/elkodon.hpp>
#include <elkodon/layout/publisher_segment.hpp>
#include <support/scratch_root.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <thread>
#include <unistd.h>
#include <vector>

namespace tests::subscriber_cases {
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

TEST_CASE(
    "a subscriber that joins late receives the history in order, none twice, and then what comes") {
    world here;
    auto service = here.numbers().history_size(5).subscriber_max_buffer_size(2).create();
    auto publisher = service.publisher().create();
    for (const auto sent : std::initializer_list<number>{0, 3, 5, 6, 100}) {
        send(publisher, 0, sent);
        auto subscriber = service.subscriber().create();
        const auto got = drain(subscriber);
        CHECK(got.size() <= 5);
        if (sent >= 5) CHECK(got == from_to(sent - 5, sent));
        send(publisher, 1000, 1003);
        CHECK(drain(subscriber) == from_to(1000, 1003));
        CHECK(subscriber.lost() == 0);
    }
}

TEST_CASE("without history a subscriber begins with what is sent after it has joined") {
    world here;
    auto service = here.numbers().create();
    auto publisher = service.publisher().create();
    send(publisher, 0, 3);
    auto subscriber = service.subscriber().create();
    CHECK_FALSE(subscriber.has_samples());
    CHECK(drain(subscriber).empty());
    send(publisher, 3, 5);
    CHECK(drain(subscriber) == from_to(3, 5));
}

TEST_CASE("a subscriber that was first receives everything of a publisher that comes later, "
          "whenever it looks") {
    world here;
    auto service = here.numbers().create();
    auto subscriber = service.subscriber().create();
    auto publisher = service.publisher().create();
    send(publisher, 0, 4);
    CHECK(subscriber.has_samples());
    CHECK(drain(subscriber) == from_to(0, 4));
    auto second = service.publisher().create();
    send(second, 10, 30);  // more than its ring
    const auto got = drain(subscriber);
    CHECK(got == from_to(22, 30));
    CHECK(subscriber.lost() == 12);
}

TEST_CASE("what a publisher sent before it ended is received by whoever was there, mapped or not") {
    world here;
    auto service = here.numbers().create();
    auto subscriber = service.subscriber().create();
    {
        auto publisher = service.publisher().create();
        send(publisher, 0, 2);
        CHECK(drain(subscriber) == from_to(0, 2));
        send(publisher, 2, 4);
    }
    CHECK(drain(subscriber) == from_to(2, 4));
    for (number i = 0; i < 20; ++i) {  // never looked at while it lived
        auto publisher = service.publisher().create();
        send(publisher, i, i + 1);
        publisher = {};
        CHECK(drain(subscriber) == from_to(i, i + 1));
    }
    CHECK(subscriber.lost() == 0);
    // Nothing piles up of those who ended.
    const auto directory = here.root.services() / "numbers.publish_subscribe";
    std::size_t publishers = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory))
        publishers += entry.path().filename().string().starts_with("publisher.");
    CHECK(publishers <= 1);
    CHECK(service.subscriber().create().receive().error() == std::error_code());
}

TEST_CASE("who falls behind keeps the newest buffer_size at least, and lost is exact") {
    for (const auto size : std::initializer_list<number>{1, 2, 3, 8, 9, 100}) {
        world here;
        auto service = here.numbers().subscriber_max_buffer_size(size).create();
        auto publisher = service.publisher().create();
        auto subscriber = service.subscriber().create();
        number taken = 0, sent_in_all = 0;
        for (const auto sent : std::initializer_list<number>{1, 2, 3, 8, 9, 50, 500}) {
            send(publisher, 0, sent);
            sent_in_all += sent;
            const auto got = drain(subscriber);
            CAPTURE(size, sent);
            CHECK(got.size() >= std::min(size, sent));
            CHECK(got == from_to(sent - got.size(), sent));
            taken += got.size();
            CHECK(taken + subscriber.lost() == sent_in_all);
        }
    }
}

TEST_CASE("lost only grows, and counts what ended publishers had sent as well") {
    world here;
    auto service = here.numbers().subscriber_max_buffer_size(2).create();
    auto subscriber = service.subscriber().create();
    number before = 0;
    for (int round = 1; round <= 5; ++round) {
        auto publisher = service.publisher().create();
        CHECK_FALSE(subscriber.receive());
        send(publisher, 0, 10);
        const auto got = drain(subscriber);
        CHECK(got == from_to(10 - got.size(), 10));
        CHECK(subscriber.lost() == before + 10 - got.size());
        before = subscriber.lost();
    }
    CHECK(before > 0);
}

TEST_CASE("several publishers are taken in fair turn, however busy one of them is") {
    world here;
    auto service = here.numbers().subscriber_max_buffer_size(256).create();
    auto busy = service.publisher().create(), calm = service.publisher().create(),
         rare = service.publisher().create();
    auto subscriber = service.subscriber().create();
    send(busy, 1000, 1200);
    send(calm, 0, 4);
    send(rare, 50, 51);
    values got;
    for (int i = 0; i < 9; ++i) {
        send(busy, 2000, 2003);
        got.push_back(*subscriber.receive());
    }
    CHECK(std::count(got.begin(), got.end(), 50) == 1);
    CHECK(std::count_if(got.begin(), got.end(), [](number value) { return value < 4; }) == 4);
    const auto rest = drain(subscriber);
    CHECK(rest.size() == 200 + 27 - 4);
    CHECK(subscriber.lost() == 0);
}

TEST_CASE("each publisher's messages come in its order, and say whose they are and which number "
          "they have") {
    world here;
    auto service = here.numbers().subscriber_max_buffer_size(64).create();
    std::array publishers{service.publisher().create(), service.publisher().create(),
                          service.publisher().create()};
    auto subscriber = service.subscriber().create();
    for (number i = 0; i < 30; ++i) send(publishers[i * i % 3], i, i + 1);
    std::map<elkodon::port_id, number> last_value, last_sequence;
    for (int i = 0; i < 30; ++i) {
        const auto sample = subscriber.receive();
        REQUIRE(sample);
        auto& value = last_value[sample.publisher_id()];
        auto& sequence = last_sequence[sample.publisher_id()];
        CHECK((value == 0 || *sample > value));
        CHECK((sequence == 0 || sample.sequence() == sequence + 1));
        CHECK(sample.sequence() > 0);
        value = *sample;
        sequence = sample.sequence();
    }
    CHECK(last_value.size() == 2);  // i² mod 3 is 0 or 1
    CHECK(last_value.count(publishers[0].id()) == 1);
    CHECK(last_value.count(publishers[2].id()) == 0);
}

TEST_CASE("receive_many takes what is there, oldest first, and says how many") {
    world here;
    auto service =
        here.numbers().subscriber_max_buffer_size(256).subscriber_max_borrowed_samples(128).create();
    auto publisher = service.publisher().create();
    auto subscriber = service.subscriber().create();
    std::vector<elkodon::sample<number>> batch(100);
    CHECK(subscriber.receive_many(batch) == 0);
    CHECK(subscriber.receive_many({}) == 0);
    for (const auto sent :
         std::initializer_list<number>{1, 2, 31, 32, 33, 64, 65, 99, 100, 101, 128, 250}) {
        send(publisher, 0, sent);
        number next = 0;
        while (const auto count = subscriber.receive_many(batch)) {
            CAPTURE(sent, next, count);
            REQUIRE(count <= batch.size());
            for (std::size_t i = 0; i < count; ++i) {
                REQUIRE(batch[i]);
                REQUIRE(*batch[i] == next++);
            }
            for (auto& each : batch) each.reset();
        }
        CHECK(next == sent);
    }
    CHECK(subscriber.lost() == 0);
}

TEST_CASE("a batch that is used again lets go of what was in it") {
    world here;
    auto service =
        here.numbers().subscriber_max_buffer_size(32).subscriber_max_borrowed_samples(4).create();
    auto publisher = service.publisher().create();
    auto subscriber = service.subscriber().create();
    std::array<elkodon::sample<number>, 4> batch;
    number next = 0;
    for (int round = 0; round < 5; ++round) {
        send(publisher, next, next + 4);
        REQUIRE(subscriber.receive_many(batch) == 4);
        for (const auto& each : batch) CHECK(*each == next++);
    }
}

TEST_CASE("receive_many takes no more than may be borrowed, and leaves the rest where it is") {
    world here;
    auto service =
        here.numbers().subscriber_max_buffer_size(32).subscriber_max_borrowed_samples(3).create();
    auto publisher = service.publisher().create();
    auto subscriber = service.subscriber().create();
    send(publisher, 0, 10);
    const auto held = subscriber.receive();
    std::array<elkodon::sample<number>, 8> batch;
    REQUIRE(subscriber.receive_many(batch) == 2);
    CHECK(*batch[0] == 1);
    CHECK(*batch[1] == 2);
    CHECK_FALSE(batch[2]);
    CHECK(subscriber.receive().error() == errc::too_many_borrowed);
    for (auto& each : batch) each.reset();
    CHECK(subscriber.receive_many(batch) == 2);
    CHECK(*batch[0] == 3);
    CHECK(subscriber.lost() == 0);
}

TEST_CASE("receive_many shares a batch among several publishers, however full one of them is") {
    world here;
    auto service =
        here.numbers().subscriber_max_buffer_size(256).subscriber_max_borrowed_samples(64).create();
    auto busy = service.publisher().create(), calm = service.publisher().create();
    auto subscriber = service.subscriber().create();
    send(busy, 1000, 1200);
    send(calm, 0, 3);
    std::array<elkodon::sample<number>, 16> batch;
    REQUIRE(subscriber.receive_many(batch) == 16);
    CHECK(std::count_if(batch.begin(), batch.end(), [](const auto& each) { return *each < 3; }) ==
          3);
    number next = 1000;
    for (const auto& each : batch)
        if (*each >= 1000) CHECK(*each == next++);
}

TEST_CASE("receive_many after laps goes on with the oldest that is there, and lost is exact") {
    world here;
    auto service =
        here.numbers().subscriber_max_buffer_size(8).subscriber_max_borrowed_samples(16).create();
    auto publisher = service.publisher().create();
    auto subscriber = service.subscriber().create();
    std::array<elkodon::sample<number>, 16> batch;
    number sent = 0, taken = 0;
    for (const auto more : std::initializer_list<number>{20, 8, 7, 9, 100, 1, 16}) {
        send(publisher, sent, sent + more);
        sent += more;
        const auto count = subscriber.receive_many(batch);
        CHECK(count == std::min<number>(more, 8));
        CHECK(*batch[0] == sent - count);
        CHECK(*batch[count - 1] == sent - 1);
        taken += count;
        CHECK(taken + subscriber.lost() == sent);
        for (auto& each : batch) each.reset();
    }
}

TEST_CASE("no more samples are held than agreed, and it is an error only when there would be "
          "another one") {
    world here;
    auto service = here.numbers().subscriber_max_borrowed_samples(2).create();
    auto publisher = service.publisher().create();
    auto subscriber = service.subscriber().create();
    send(publisher, 0, 2);
    auto first = subscriber.receive();
    auto second = subscriber.receive();
    const auto nothing = subscriber.receive();
    CHECK_FALSE(nothing);
    CHECK_FALSE(nothing.error());
    send(publisher, 2, 4);
    CHECK(subscriber.has_samples());
    const auto refused = subscriber.receive();
    CHECK_FALSE(refused);
    CHECK(refused.error() == errc::too_many_borrowed);
    CHECK(subscriber.timed_receive(std::chrono::hours(1)).error() == errc::too_many_borrowed);
    CHECK(subscriber.blocking_receive().error() == errc::too_many_borrowed);
    auto copy = first;
    first.reset();
    CHECK(subscriber.receive().error() == errc::too_many_borrowed);  // the copy shares its place
    copy.reset();
    CHECK(*subscriber.receive() == 2);
    CHECK(*subscriber.receive() == 3);
    CHECK(*second == 1);
}

TEST_CASE("has_samples says what receive would find, and takes nothing") {
    world here;
    auto service = here.numbers().create();
    auto subscriber = service.subscriber().create();
    CHECK_FALSE(subscriber.has_samples());
    auto publisher = service.publisher().create();
    CHECK_FALSE(subscriber.has_samples());
    for (number i = 0; i < 50; ++i) {
        send(publisher, i, i + 1 + i % 20);
        CHECK(subscriber.has_samples());
        CHECK(subscriber.has_samples());
        while (subscriber.has_samples()) REQUIRE(subscriber.receive());
        CHECK_FALSE(subscriber.receive());
    }
    CHECK_FALSE(elkodon::subscriber<number>().has_samples());
}

TEST_CASE(
    "a message that two subscribers received is one place in memory, and each has its own pace") {
    world here;
    auto service = here.numbers().create();
    auto publisher = service.publisher().create();
    auto fast = service.subscriber().create(), slow = service.subscriber().create();
    send(publisher, 0, 3);
    CHECK(drain(fast) == from_to(0, 3));
    send(publisher, 3, 5);
    CHECK(drain(fast) == from_to(3, 5));
    CHECK(drain(slow) == from_to(0, 5));
}

TEST_CASE(
    "the samples that are held stay as they are while the publisher laps thousands of times") {
    support::scratch_root root;
    using block = std::array<number, 512>;
    auto service = elkodon::node::create()
                       .service("blocks")
                       .publish_subscribe<block>()
                       .max_subscribers(2)
                       .subscriber_max_borrowed_samples(4)
                       .create();
    auto publisher = service.publisher().create();
    auto subscriber = service.subscriber().create();
    const auto publish = [&](number value) {
        auto loan = publisher.loan_uninit();
        loan->fill(value);
        publisher.send(std::move(loan));
    };
    const auto whole = [](const elkodon::sample<block>& sample, number value) {
        return std::all_of(sample->begin(), sample->end(),
                           [&](number each) { return each == value; });
    };
    std::array<elkodon::sample<block>, 4> held;
    for (number i = 0; i < 4; ++i) {
        publish(i);
        held[i] = subscriber.receive();
    }
    for (number i = 0; i < 20'000; ++i) publish(100 + i);
    for (number i = 0; i < 4; ++i) CHECK(whole(held[i], i));
    for (auto& each : held) each.reset();
    const auto next = subscriber.receive();
    REQUIRE(next);
    CHECK(whole(next, 100 + 20'000 - 8));
    CHECK(subscriber.lost() == 20'000 - 8);
}

TEST_CASE(
    "a subscriber is moved with its place and its samples, and what it was moved from is closed") {
    world here;
    auto service = here.numbers().create();
    auto publisher = service.publisher().create();
    auto subscriber = service.subscriber().create();
    send(publisher, 0, 3);
    const auto held = subscriber.receive();
    auto moved = std::move(subscriber);
    CHECK_FALSE(subscriber);
    CHECK_FALSE(subscriber.id());
    CHECK(subscriber.receive().error() == errc::closed);
    CHECK(subscriber.timed_receive(std::chrono::seconds(1)).error() == errc::closed);
    CHECK(subscriber.blocking_receive().error() == errc::closed);
    CHECK(subscriber.lost() == 0);
    std::array<elkodon::sample<number>, 2> batch;
    CHECK(subscriber.receive_many(batch) == 0);
    CHECK(caught([&] { return subscriber.native_handle(); }).code() == errc::closed);
    CHECK(moved);
    CHECK(drain(moved) == from_to(1, 3));
    CHECK(*held == 0);
}

TEST_CASE("a publisher's segment with impossible numbers is no participant, and others are still "
          "received") {
    world here;
    auto service = here.numbers().create();
    auto bad = service.publisher().create();
    auto good = service.publisher().create();
    const auto file = here.root.services() / "numbers.publish_subscribe" / "publisher.0";
    const auto spoil = [&](std::size_t offset, auto value) {
        const int opened = open(file.c_str(), O_RDWR | O_CLOEXEC);
        REQUIRE(pwrite(opened, &value, sizeof value, static_cast<off_t>(offset)) == sizeof value);
        close(opened);
    };
    namespace layout = elkodon::layout;
    constexpr auto pool = offsetof(layout::publisher_segment, pools);
    SECTION("a ring of none") { spoil(offsetof(layout::publisher_segment, ring_size), 0U); }
    SECTION("a ring of three") { spoil(offsetof(layout::publisher_segment, ring_size), 3U); }
    SECTION("an enormous ring") { spoil(offsetof(layout::publisher_segment, ring_size), 1U << 31); }
    SECTION("no chunks") { spoil(pool + offsetof(layout::pool_entry, chunk_count), 0U); }
    SECTION("more chunks than fit") {
        spoil(pool + offsetof(layout::pool_entry, chunk_count), 0xff'fffeU);
    }
    SECTION("all chunks") { spoil(pool + offsetof(layout::pool_entry, chunk_count), ~0U); }
    SECTION("a pool elsewhere") {
        spoil(pool + offsetof(layout::pool_entry, offset), ~std::uint64_t{0});
    }
    SECTION("another stride") {
        spoil(pool + offsetof(layout::pool_entry, stride), std::uint64_t{8});
    }
    SECTION("another payload") {
        spoil(pool + offsetof(layout::pool_entry, payload_offset), 1U << 30);
    }
    SECTION("another layout") {
        spoil(offsetof(layout::segment_header, fingerprint), std::uint64_t{1});
    }
    auto subscriber = service.subscriber().create();
    send(bad, 0, 3);
    send(good, 10, 13);
    CHECK(drain(subscriber) == from_to(10, 13));
}

TEST_CASE("subscribers that come and go while a publisher is busy see whole messages, in order, "
          "and pin nothing") {
    support::scratch_root root;
    using block = std::array<number, 64>;
    auto service = elkodon::node::create()
                       .service("blocks")
                       .publish_subscribe<block>()
                       .max_subscribers(4)
                       .history_size(4)
                       .create();
    std::atomic<bool> done{false};
    std::atomic<int> failures{0};
    auto publisher = service.publisher().create();
    std::thread busy([&] {
        for (number i = 1; !done.load(); ++i) {
            auto loan = publisher.try_loan_uninit();
            if (!loan) {
                ++failures;
                continue;
            }
            loan->fill(i);
            if (publisher.send(std::move(loan))) ++failures;
            if (i % 8 == 0) std::this_thread::yield();
        }
    });
    number torn = 0, backwards = 0, gaps = 0, taken = 0;
    std::vector<elkodon::sample<block>> outlive;
    for (int round = 0; round < 200; ++round) {
        auto subscriber = service.subscriber().create();
        number last = 0, lost = 0, count = 0;
        while (count < 10) {
            auto sample = subscriber.receive();
            if (!sample) continue;
            const auto value = sample->front();
            for (const auto each : *sample) torn += each != value;
            backwards += value <= last;
            // What is missing between two messages is counted, but for history that was overtaken while joining.
            const auto missing = value - last - 1, counted = subscriber.lost() - lost;
            gaps += count > 0 && (missing < counted || missing > counted + 4);
            ++count;
            last = value;
            lost = subscriber.lost();
            if (count == 10 && outlive.size() < 3) outlive.push_back(sample);
        }
        taken += count;
        if (round % 50 == 49) outlive.clear();
    }
    done = true;
    busy.join();
    CHECK(torn == 0);
    CHECK(backwards == 0);
    CHECK(gaps == 0);
    CHECK(failures == 0);
    CHECK(taken == 2000);
}

TEST_CASE("publishers that come and go are received to the last message, by who polls and by who "
          "sleeps") {
    world here;
    constexpr number publishers = 150, each = 20;
    // With fewer places, those of ended publishers that somebody has yet to look at may be needed anew.
    auto service =
        here.numbers().max_publishers(publishers).subscriber_max_buffer_size(64).create();
    std::array<number, 2> got{}, lost{};
    std::array<bool, 2> ordered{true, true};
    std::array<elkodon::subscriber<number>, 2> subscribers{service.subscriber().create(),
                                                           service.subscriber().create()};
    const auto receive = [&](std::size_t which) {
        auto& subscriber = subscribers[which];
        std::map<elkodon::port_id, number> next;
        while (got[which] + subscriber.lost() < publishers * each) {
            const auto sample = which == 0 ? subscriber.receive() : subscriber.blocking_receive();
            if (!sample) continue;
            ++got[which];
            auto& due = next[sample.publisher_id()];
            ordered[which] = ordered[which] && *sample >= due;
            due = *sample + 1;
        }
        lost[which] = subscriber.lost();
    };
    std::thread polls(receive, 0), sleeps(receive, 1);
    for (number i = 0; i < publishers; ++i) {
        auto publisher = service.publisher().create();
        for (number value = 0; value < each; ++value) {
            publisher.send_copy(value);
            if (value % 7 == 0) std::this_thread::yield();
        }
    }
    polls.join();
    sleeps.join();
    for (std::size_t i = 0; i < 2; ++i) {
        CHECK(got[i] + lost[i] == publishers * each);
        CHECK(ordered[i]);
    }
}

}  // namespace tests::subscriber_cases
