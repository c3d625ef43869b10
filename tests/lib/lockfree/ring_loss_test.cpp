#include "ring_fixture.hpp"

#include <support/catch.hpp>

#include <random>

namespace tests::ring_loss_cases {
namespace {

constexpr auto none = layout::no_chunk;

TEST_CASE("who is lapped goes on with the oldest message that is still there, and knows how many "
          "were lost") {
    constexpr std::uint32_t ring = 4;
    const std::uint32_t published = GENERATE(4u, 5u, 8u, 9u, 100u);
    ring_memory memory(ring, 128);
    ring_subscriber<> subscriber(memory), batches(memory);
    for (std::uint32_t chunk = 0; chunk < published; ++chunk) memory.publish(chunk, chunk + 1);
    const auto end = ring + std::uint64_t{published};
    CHECK(subscriber.drain() == numbers(end - ring, end));
    CHECK(subscriber.reader.lost() == published - ring);

    batches.reader.has_news();
    const auto first = batches.take();
    REQUIRE(first);
    CHECK(*first == end - ring);
    CHECK(batches.take_many(8) == numbers(end - ring + 1, end));
    CHECK(batches.reader.lost() == published - ring);
}

TEST_CASE(
    "a position that was lapped while it waited by an announcement is told so by the header") {
    ring_memory memory(4, 64);
    ring_subscriber<> subscriber(memory);
    memory.publish(0, 1);
    CHECK(subscriber.drain() == numbers(4, 5));
    for (std::uint32_t chunk = 1; chunk < 12; ++chunk) memory.publish(chunk, chunk + 1);
    CHECK(subscriber.drain() == numbers(12, 16));
    CHECK(subscriber.reader.lost() == 7);
}

TEST_CASE("history that is overtaken while joining is not loss, what was published afterwards is") {
    constexpr std::uint32_t ring = 4;
    const std::uint32_t after = GENERATE(0u, 1u, 3u, 4u, 5u, 20u);
    ring_memory memory(ring, 64);
    for (std::uint32_t chunk = 0; chunk < 10; ++chunk) memory.publish(chunk, chunk + 1);
    ring_subscriber<> joiner(memory, 3);
    for (std::uint32_t chunk = 10; chunk < 10 + after; ++chunk) memory.publish(chunk, chunk + 1);
    const std::uint64_t joined = 14, end = 14 + std::uint64_t{after};
    CAPTURE(after);
    CHECK(joiner.drain() == numbers(std::max(joined - 3, end - ring), end));
    CHECK(joiner.reader.lost() == (after > ring ? after - ring : 0));
}

TEST_CASE(
    "taken and lost always add up to what was published, whatever the mixture of looks and laps") {
    const auto seed = GENERATE(range(0u, 40u));
    std::mt19937 random(seed);
    const std::uint32_t ring = 1u << (1 + seed % 4);
    const std::uint64_t starts[] = {0, (1u << 24) - 50, (std::uint64_t{1} << 40) - 50,
                                    (std::uint64_t{1} << 62) - 50};
    constexpr std::uint32_t loans = 3;
    ring_memory memory(ring, ring + loans + 8 + 1, 8, starts[seed / 4 % 4]);
    ring_publisher publisher(memory, loans);
    ring_subscriber<8> subscriber(memory);
    publisher.scans(subscriber.slots);
    const auto start = subscriber.reader.position();
    std::uint64_t taken = 0;
    auto expected_least = start;
    bool right = true;
    std::vector<std::uint32_t> held;
    for (int step = 0; step < 3000; ++step) {
        for (auto count = random() % (random() % 8 == 0 ? 3 * ring : 3); count > 0; --count) {
            const auto chunk = publisher.loan();
            REQUIRE(chunk != none);
            held.push_back(chunk);
            if (held.size() < loans && random() % 2) continue;
            const auto which = random() % held.size();  // in any order: announcements prove wrong
            const auto sent = held[which];
            held.erase(held.begin() + static_cast<std::ptrdiff_t>(which));
            const auto sequence = memory.writer.next_sequence();
            std::memcpy(memory.writer.payload(sent), &sequence, sizeof sequence);
            random() % 9 == 0 ? publisher.drop(sent) : publisher.send(sent);
        }
        std::vector<std::uint64_t> got;
        const bool news = subscriber.reader.has_news();
        if (random() % 3 == 0) {
            got = subscriber.take_many(1 + random() % 8);
        } else {
            for (auto count = 1 + random() % 4; count > 0; --count)
                if (const auto value = subscriber.take()) {
                    right = right && *value == subscriber.sequence;
                    got.push_back(*value);
                }
            right = right && news == !got.empty();
        }
        for (const auto value : got) {
            right = right && value >= expected_least;
            expected_least = value + 1;
        }
        taken += got.size();
        REQUIRE(taken + subscriber.reader.lost() == subscriber.reader.position() - start);
    }
    taken += subscriber.drain().size();
    CHECK(right);
    CHECK(taken + subscriber.reader.lost() == memory.writer.next_sequence() - start);
    CHECK(subscriber.reader.position() == memory.writer.next_sequence());
    CHECK(subscriber.borrows_nothing());
    CHECK(taken > 1000);
}

TEST_CASE("take_many gives up a prefix and never a hole, when what it looked at was overtaken") {
    const std::uint32_t overtaken = GENERATE(0u, 2u, 5u);
    ring_memory memory(8, 32);
    ring_subscriber<> subscriber(memory);
    for (std::uint32_t chunk = 0; chunk < 6; ++chunk) memory.publish(chunk, chunk + 1);
    // The header says what the slot does not yet say: that this chunk has another message by now.
    memory.header(overtaken).word.store(lockfree::header_word(16 + overtaken));
    CHECK(subscriber.take_many(6) == numbers(8 + overtaken + 1, 14));
    CHECK(subscriber.reader.lost() == overtaken + 1);
    CHECK(subscriber.reader.position() == 14);
    CHECK(subscriber.borrows_nothing());
}

TEST_CASE("take_many takes no more than it has borrow slots for, and leaves the rest") {
    ring_memory memory(8, 32);
    ring_subscriber<> subscriber(memory);
    for (std::uint32_t chunk = 0; chunk < 6; ++chunk) memory.publish(chunk, chunk + 1);
    CHECK(subscriber.take_many(0).empty());
    CHECK(subscriber.take_many(4) == numbers(8, 12));
    CHECK(subscriber.take_many(4) == numbers(12, 14));
    CHECK(subscriber.take_many(4).empty());
}

TEST_CASE("who was stopped for 2^40 messages finds the tail, not the old words, and loses exactly "
          "what was lost") {
    constexpr std::uint32_t ring = 4;
    constexpr std::uint64_t turn = std::uint64_t{1} << 40;
    ring_memory memory(ring, 16);
    for (std::uint32_t chunk = 0; chunk < 3; ++chunk) memory.publish(chunk, none);
    ring_subscriber<> subscriber(memory);
    const auto position = subscriber.reader.position();  // 7
    const auto put = [&](std::uint64_t sequence, std::uint32_t chunk) {
        std::memcpy(memory.writer.payload(chunk), &sequence, sizeof sequence);
        memory.header(chunk).word.store(lockfree::header_word(sequence));
        memory.header(chunk).announced.store(none);
        memory.slot(sequence).store(lockfree::pack(sequence, chunk));
    };
    std::uint64_t tail = 0;
    SECTION("the slot looks as if the due message were not out yet") {
        tail = position + turn;  // its slot: position − ring + turn
        for (std::uint32_t i = 0; i < ring; ++i) put(tail - ring + i, 4 + i);
        memory.segment().tail.store(tail);
        REQUIRE(lockfree::number_in(memory.slot(position).load()) ==
                ((position - ring) & lockfree::low_40));
    }
    SECTION("the slot looks as if the due message were there") {
        tail = position + turn + ring;
        for (std::uint32_t i = 0; i < ring; ++i) put(tail - ring + i, 4 + i);
        memory.segment().tail.store(tail);
        REQUIRE(lockfree::number_in(memory.slot(position).load()) == (position & lockfree::low_40));
    }
    CHECK(subscriber.reader.has_news());  // so nobody sleeps on it
    std::optional<std::uint64_t> first;
    int looks = 0;
    while (!first && looks <= 1024) {
        ++looks;
        first = subscriber.take();
    }
    REQUIRE(first);
    CHECK(*first == tail - ring);
    CHECK(subscriber.drain() == numbers(tail - ring + 1, tail));
    CHECK(subscriber.reader.lost() == tail - ring - position);
}

TEST_CASE("a batch keeps a message that leaves the ring after the batch has protected it") {
    ring_memory memory(8, 32);
    ring_subscriber<> subscriber(memory);
    for (std::uint32_t chunk = 0; chunk < 3; ++chunk) memory.publish(chunk, chunk + 1);
    memory.header(1).word.store(lockfree::gone_word(9));
    CHECK(subscriber.take_many(6) == numbers(8, 11));
    CHECK(subscriber.reader.lost() == 0);
}

TEST_CASE("a batch does not take what 40 bits mistake for the due message") {
    constexpr std::uint64_t turn = std::uint64_t{1} << 40;
    ring_memory memory(4, 16);
    ring_subscriber<> subscriber(memory);
    memory.header(3).word.store(lockfree::header_word(4 + turn));
    memory.slot(4).store(lockfree::pack(4 + turn, 3));
    memory.segment().tail.store(5 + turn);
    CHECK(subscriber.take_many(4).empty());
    CHECK(subscriber.borrows_nothing());
}

TEST_CASE(
    "a publisher that scribbles over its own segment can't make a subscriber read beyond it") {
    constexpr std::uint32_t ring = 8, chunks = 16;
    const auto seed = GENERATE(range(0u, 8u));
    std::mt19937_64 random(seed);
    ring_memory memory(ring, chunks);
    ring_subscriber<8> subscriber(memory, 3);
    std::uint64_t taken = 0;
    const auto word = [&]() -> std::uint64_t {
        switch (random() % 6) {
            case 0: return random();
            case 1:
                return lockfree::pack(subscriber.reader.position() + random() % 3,
                                      static_cast<std::uint32_t>(random() % 32));
            case 2: return lockfree::header_word(subscriber.reader.position() + random() % 3);
            case 3: return subscriber.reader.position() + random() % 20;
            case 4: return lockfree::pack(subscriber.reader.position() - ring, none);
            default: return 0;
        }
    };
    bool inside = true;
    for (int step = 0; step < 20'000; ++step) {
        switch (random() % 4) {
            case 0: memory.segment().tail.store(word()); break;
            case 1: memory.slot(random()).store(word()); break;
            case 2:
                memory.header(static_cast<std::uint32_t>(random() % chunks)).word.store(word());
                break;
            default:
                memory.header(static_cast<std::uint32_t>(random() % chunks))
                    .announced.store(static_cast<std::uint32_t>(word()));
        }
        subscriber.reader.has_news();
        lockfree::taken_message message;
        if (subscriber.reader.take(subscriber.slots[0], message) == look::taken) {
            ++taken;
            inside = inside && message.payload >= memory.data() + memory.geometry.pool_offset &&
                     message.payload + memory.geometry.payload_size <=
                         memory.data() + memory.geometry.total;
            subscriber.slots[0].store(0);
        }
        taken += subscriber.take_many(4).size();
        if (step == 10'000) subscriber.reader.publisher_died();
    }
    CHECK(inside);
    CHECK(taken > 0);
    CHECK(subscriber.borrows_nothing());
}

}  // namespace
}  // namespace tests::ring_loss_cases
