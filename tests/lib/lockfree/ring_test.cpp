#include "ring_fixture.hpp"

#include <support/catch.hpp>

namespace tests::ring_cases {
namespace {

TEST_CASE("messages are taken in the order in which they were published, then the ring is empty") {
    ring_memory memory(8, 32);
    ring_subscriber<> subscriber(memory);
    CHECK(subscriber.reader.position() == 8);  // the first sequence is the ring's size
    CHECK_FALSE(subscriber.reader.has_news());
    CHECK(subscriber.drain().empty());
    for (std::uint32_t chunk = 0; chunk < 5; ++chunk) memory.publish(chunk);
    CHECK(subscriber.reader.has_news());
    CHECK(subscriber.drain() == numbers(8, 13));
    CHECK_FALSE(subscriber.reader.has_news());
    CHECK(subscriber.found == look::empty);
    CHECK(subscriber.reader.lost() == 0);
    CHECK(subscriber.reader.position() == 13);
    CHECK(subscriber.borrows_nothing());
}

TEST_CASE("a taken message occupies a borrow slot that names publisher and chunk, and knows "
          "sequence and length") {
    ring_memory memory(8, 32);
    ring_subscriber<> subscriber(memory);
    memory.writer.publish(17, layout::no_chunk, 99);
    lockfree::taken_message message;
    REQUIRE(subscriber.reader.take(subscriber.slots[3], message) == look::taken);
    CHECK(subscriber.slots[3].load() == lockfree::pack(publisher_number, 17));
    CHECK(message.sequence == 8);
    CHECK(message.length == 99);
    CHECK(message.payload == memory.writer.payload(17));
    CHECK(subscriber.reader.take(subscriber.slots[4], message) == look::empty);
    CHECK(subscriber.slots[4].load() == 0);
}

TEST_CASE("publish returns what left the ring, and it can no longer be taken by its header") {
    ring_memory memory(2, 8);
    CHECK(memory.publish(0, 1) == layout::no_chunk);
    CHECK(memory.publish(1, 2) == layout::no_chunk);
    CHECK(memory.header(0).word.load() == lockfree::header_word(2));
    CHECK(memory.publish(2, 3) == 0);
    CHECK(memory.header(0).word.load() == lockfree::gone_word(2));
    CHECK(memory.header(1).word.load() == lockfree::header_word(3));
    CHECK(memory.publish(3, 4) == 1);
}

TEST_CASE("a publisher that announced another chunk says so there before it publishes") {
    ring_memory memory(8, 32);
    memory.publish(0, 5);
    memory.publish(1, 2);
    CHECK(memory.header(5).word.load() == lockfree::gone_word(9));
    memory.publish(2, 3);
    CHECK(memory.header(2).word.load() == lockfree::header_word(10));
}

TEST_CASE("a late joiner gets the newest history, in order, and nothing twice") {
    constexpr std::uint32_t ring = 4;
    for (std::uint64_t published = 0; published <= 2 * ring + 1; ++published)
        for (std::uint64_t history = 0; history <= ring + 3; ++history) {
            ring_memory memory(ring, 32);
            for (std::uint32_t i = 0; i < published; ++i) memory.publish(i, i + 1);
            ring_subscriber<> subscriber(memory, history);
            const auto end = ring + published;
            const auto begin = end - std::min({history, published, std::uint64_t{ring}});
            CAPTURE(published, history);
            REQUIRE(subscriber.drain() == numbers(begin, end));
            memory.publish(30);
            REQUIRE(subscriber.drain() == numbers(end, end + 1));
            REQUIRE(subscriber.reader.lost() == 0);
        }
}

TEST_CASE("messages go on and joiners are right where the sequence's 24, 32, 40 or 62 bits wrap") {
    constexpr std::uint32_t ring = 4;
    const auto bits = GENERATE(24, 32, 40, 62);
    const auto before = GENERATE(range(0, 10));
    const auto first = (std::uint64_t{1} << bits) - static_cast<std::uint64_t>(before);
    CAPTURE(bits, before);
    ring_memory memory(ring, 32, 8, first);
    ring_subscriber<> one_by_one(memory), at_once(memory), lapped(memory);
    for (std::uint64_t i = 0; i < 20; ++i) {
        ring_subscriber<> joiner(memory, i % (ring + 1));
        const auto sequence = first + i;
        REQUIRE(joiner.drain() == numbers(sequence - std::min(i, i % (ring + 1)), sequence));
        const auto chunk = static_cast<std::uint32_t>(i);
        memory.publish(chunk, i % 3 == 0 ? chunk + 1 : 31);  // right, or wrong
        REQUIRE(joiner.drain() == numbers(sequence, sequence + 1));
        REQUIRE(one_by_one.drain() == numbers(sequence, sequence + 1));
        if (i % ring == ring - 1)
            REQUIRE(at_once.take_many(64) == numbers(sequence + 1 - ring, sequence + 1));
    }
    CHECK(lapped.drain() == numbers(first + 16, first + 20));
    CHECK(lapped.reader.lost() == 16);
    CHECK(one_by_one.reader.lost() + at_once.reader.lost() == 0);
}

TEST_CASE("the last sequences below 2^63 are taken by header, by slot, and in a batch") {
    constexpr std::uint32_t ring = 4;
    const auto first = (std::uint64_t{1} << 63) - 20;
    ring_memory memory(ring, 32, 8, first);
    ring_subscriber<> one_by_one(memory), lapped(memory);
    for (std::uint32_t chunk = 0; chunk < 20; ++chunk) {
        memory.publish(chunk, chunk % 3 == 0 ? chunk + 1 : 31);
        REQUIRE(one_by_one.drain() == numbers(first + chunk, first + chunk + 1));
    }
    CHECK(lapped.take_many(64).empty());
    CHECK(lapped.drain() == numbers(first + 16, first + 20));
    CHECK(lapped.reader.lost() == 16);
}

TEST_CASE("whatever is announced, rightly or wrongly, every message is taken as soon as it is "
          "published") {
    // Five messages in chunks 0 … 4. The announcement of each is the next chunk, one that comes later, one that is
    // never used, none, or a number that no chunk has.
    constexpr std::uint32_t never = 9, choices = 5, messages = 5;
    constexpr std::uint32_t all = choices * choices * choices * choices * choices;
    for (std::uint32_t plan = 0; plan < all; ++plan) {
        ring_memory memory(8, 10);
        ring_subscriber<1> eager(memory), second(memory), third(memory), late(memory);
        ring_subscriber<8> batches(memory);
        auto rest = plan;
        for (std::uint32_t chunk = 0; chunk < messages; ++chunk, rest /= choices) {
            const std::uint32_t announced[choices] = {chunk + 1, chunk + 2, never, layout::no_chunk,
                                                      layout::no_chunk - 1};
            // The writer marks what it announced, so that it can be told of numbers in range only.
            const auto choice = announced[rest % choices];
            memory.publish(chunk, choice < memory.geometry.chunk_count ? choice : layout::no_chunk);
            if (choice == layout::no_chunk - 1) memory.header(chunk).announced.store(choice);
            const auto sequence = 8 + std::uint64_t{chunk};
            CAPTURE(plan, chunk);
            REQUIRE(eager.reader.has_news());
            REQUIRE(eager.drain() == numbers(sequence, sequence + 1));
            REQUIRE_FALSE(eager.reader.has_news());
            if (chunk % 2 == 1) REQUIRE(second.drain() == numbers(sequence - 1, sequence + 1));
            if (chunk % 3 == 2) REQUIRE(third.drain() == numbers(sequence - 2, sequence + 1));
            if (chunk == 3) REQUIRE(batches.take_many(8) == numbers(8, 12));
            if (chunk > 3) REQUIRE(batches.drain() == numbers(sequence, sequence + 1));
        }
        REQUIRE(late.drain() == numbers(8, 13));
    }
}

TEST_CASE("an announced chunk that goes out later than announced is taken then") {
    ring_memory memory(8, 10);
    ring_subscriber<> subscriber(memory);
    memory.publish(0, 1);
    CHECK(subscriber.drain() == numbers(8, 9));
    memory.publish(2, 1);  // not 1
    CHECK(subscriber.drain() == numbers(9, 10));
    memory.publish(3, 1);
    CHECK(subscriber.drain() == numbers(10, 11));
    memory.publish(1, 4);
    CHECK(subscriber.drain() == numbers(11, 12));
}

TEST_CASE("a message whose header alone is out is taken by those who were told where to look") {
    // As a publisher does that is killed between two stores: header, then tail, then slot.
    ring_memory memory(4, 10);
    ring_subscriber<> told(memory);
    memory.publish(0, 1);
    CHECK(told.drain() == numbers(4, 5));
    const std::uint64_t payload = 5;
    std::memcpy(memory.writer.payload(1), &payload, sizeof payload);
    memory.header(1).announced.store(2);
    memory.header(1).word.store(lockfree::header_word(5));
    CHECK(told.reader.has_news());
    CHECK(told.drain() == numbers(5, 6));
    CHECK(told.reader.position() == 6);  // beyond tail, which is no reason to go back
    CHECK_FALSE(told.reader.has_news());
    for (int i = 0; i < 3000; ++i) REQUIRE_FALSE(told.take());
    CHECK(told.reader.position() == 6);
    memory.segment().tail.store(6);
    memory.slot(5).store(lockfree::pack(5, 1));
    CHECK(told.drain().empty());
    CHECK(told.reader.lost() == 0);
}

TEST_CASE("after the publisher's death everybody who was connected ends on the same message") {
    constexpr std::uint32_t ring = 4;
    // How many of the stores of the last message came out: redirect, header, tail, slot.
    const int stores = GENERATE(0, 1, 2, 3, 4);
    const bool announced_rightly = GENERATE(true, false);
    CAPTURE(stores, announced_rightly);
    ring_memory memory(ring, 16);
    ring_subscriber<> first(memory), behind(memory);
    for (std::uint32_t chunk = 0; chunk < 5; ++chunk)
        memory.publish(chunk, chunk < 4 || announced_rightly ? chunk + 1 : 9);
    CHECK(first.drain().back() == 8);
    ring_subscriber<> joined_at_the_end(memory), with_history(memory, 2);

    const std::uint64_t payload = 9;
    std::memcpy(memory.writer.payload(5), &payload, sizeof payload);
    if (stores > 0 && !announced_rightly) memory.header(9).word.store(lockfree::gone_word(9));
    memory.header(5).announced.store(6);
    if (stores > 1) memory.header(5).word.store(lockfree::header_word(9));
    if (stores > 2) memory.segment().tail.store(10);
    if (stores > 3) memory.slot(9).store(lockfree::pack(9, 5));

    std::vector<std::uint64_t> ends;
    for (auto* subscriber : {&first, &behind, &joined_at_the_end, &with_history}) {
        subscriber->drain();
        subscriber->reader.publisher_died();
        subscriber->drain();
        CHECK_FALSE(subscriber->reader.has_news());
        ends.push_back(subscriber->reader.position());
    }
    CHECK(ends == std::vector<std::uint64_t>(4, ends.front()));
}

}  // namespace
}  // namespace tests::ring_cases
