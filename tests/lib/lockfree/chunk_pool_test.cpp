#include <elkodon/lockfree/chunk_pool.hpp>
#include <support/catch.hpp>

#include <algorithm>
#include <set>
#include <vector>

namespace tests::chunk_pool_cases {
namespace {

using elkodon::layout::no_chunk;
using elkodon::lockfree::chunk_pool;

constexpr std::uint32_t sentinel = 0xdead'beef;

// A pool with a sentinel on either side of its memory.
struct book {
    book(std::uint32_t chunks, std::uint32_t loans)
        : memory(chunk_pool::memory_words(chunks, loans) + 2, sentinel),
          pool({memory.data() + 1, memory.size() - 2}, chunks, loans) {}
    ~book() {
        CHECK(memory.front() == sentinel);
        CHECK(memory.back() == sentinel);
    }
    std::vector<std::uint32_t> memory;
    chunk_pool pool;
};

TEST_CASE("a new pool hands out each of its chunks once") {
    book made(5, 5);
    CHECK(made.pool.free_count() == 5);
    std::set<std::uint32_t> loans;
    for (int i = 0; i < 5; ++i) {
        REQUIRE(made.pool.loans_left());
        loans.insert(made.pool.loan());
    }
    CHECK(loans == std::set<std::uint32_t>{0, 1, 2, 3, 4});
    CHECK(made.pool.free_count() == 0);
    CHECK(made.pool.loan_count() == 5);
    CHECK_FALSE(made.pool.loans_left());
}

TEST_CASE("no more than the agreed number of loans is out, whatever is sent or dropped") {
    book made(8, 2);
    const auto first = made.pool.loan();
    const auto second = made.pool.loan();
    CHECK_FALSE(made.pool.loans_left());
    made.pool.drop(first);
    CHECK(made.pool.loans_left());
    made.pool.sent(second, no_chunk);
    CHECK(made.pool.loan_count() == 0);
    CHECK(made.pool.free_count() == 7);
}

TEST_CASE("a dropped loan is the next one to be handed out") {
    book made(6, 3);
    const auto first = made.pool.loan();
    const auto second = made.pool.loan();
    made.pool.drop(first);
    CHECK(made.pool.loan() == first);
    made.pool.drop(second);
    CHECK(made.pool.loan() == second);
}

TEST_CASE(
    "the announcement is the oldest outstanding loan, else the next to be handed out, else none") {
    book made(3, 3);
    const auto first = made.pool.loan();
    const auto second = made.pool.loan();
    CHECK(made.pool.next_announcement(first) == second);
    CHECK(made.pool.next_announcement(second) == first);
    made.pool.sent(first, no_chunk);
    const auto expected = made.pool.next_announcement(second);
    CHECK(made.pool.loan() == expected);
    CHECK(made.pool.next_announcement(second) == expected);
    made.pool.sent(second, no_chunk);
    CHECK(made.pool.next_announcement(expected) == no_chunk);  // nothing is free any more
}

TEST_CASE("the oldest loan stays the announcement after a younger one was dropped or sent") {
    book made(8, 4);
    const auto first = made.pool.loan();
    const auto second = made.pool.loan();
    const auto third = made.pool.loan();
    made.pool.sent(second, no_chunk);
    CHECK(made.pool.next_announcement(third) == first);
    const auto fourth = made.pool.loan();
    made.pool.drop(first);
    CHECK(made.pool.next_announcement(fourth) == third);
}

TEST_CASE("what left the ring comes back after a scan that doesn't find it, and stays away while "
          "one does") {
    book made(4, 1);
    const auto a = made.pool.loan();
    made.pool.sent(a, no_chunk);
    const auto b = made.pool.loan();
    made.pool.sent(b, a);
    const auto c = made.pool.loan();
    made.pool.sent(c, b);
    CHECK(made.pool.free_count() == 1);

    made.pool.begin_scan();
    made.pool.borrowed(a);
    made.pool.borrowed(no_chunk);  // foreign words may say anything
    made.pool.borrowed(4);
    made.pool.borrowed(~0U);
    made.pool.finish_scan();
    CHECK(made.pool.free_count() == 2);  // b is back

    made.pool.begin_scan();
    made.pool.finish_scan();
    CHECK(made.pool.free_count() == 3);  // and a
    std::set<std::uint32_t> free;
    while (made.pool.free_count() > 0) {
        const auto chunk = made.pool.loan();
        free.insert(chunk);
        made.pool.sent(chunk, no_chunk);
    }
    CHECK(free.count(c) == 0);  // which is still in the ring
}

TEST_CASE(
    "a reclaim does not change which chunk is handed out next, for it may have been announced") {
    book made(6, 2);
    const auto a = made.pool.loan();
    made.pool.sent(a, no_chunk);
    const auto b = made.pool.loan();
    made.pool.sent(b, a);
    const auto c = made.pool.loan();
    const auto announced = made.pool.next_announcement(c);
    made.pool.begin_scan();
    made.pool.finish_scan();
    CHECK(made.pool.next_announcement(c) == announced);
    CHECK(made.pool.loan() == announced);
}

TEST_CASE("a chunk is never handed out while it is on loan, in the ring or borrowed, over ten "
          "thousand messages") {
    constexpr std::uint32_t chunks = 11, loans = 2, ring = 4;
    book made(chunks, loans);
    std::vector<std::uint32_t> in_ring;
    std::set<std::uint32_t> borrowed;
    std::uint64_t seed = 1;
    const auto random = [&] {
        return static_cast<std::uint32_t>(
            (seed = seed * 6364136223846793005U + 1442695040888963407U) >> 33);
    };
    for (int i = 0; i < 10'000; ++i) {
        if (made.pool.free_count() < 2) {
            made.pool.begin_scan();
            for (const auto chunk : borrowed) made.pool.borrowed(chunk);
            made.pool.finish_scan();
        }
        REQUIRE(made.pool.free_count() > 0);
        const auto chunk = made.pool.loan();
        REQUIRE(borrowed.count(chunk) == 0);
        REQUIRE(std::find(in_ring.begin(), in_ring.end(), chunk) == in_ring.end());
        if (random() % 5 == 0) {
            made.pool.drop(chunk);
            continue;
        }
        const auto left = in_ring.size() == ring ? in_ring.front() : no_chunk;
        if (left != no_chunk) in_ring.erase(in_ring.begin());
        made.pool.sent(chunk, left);
        in_ring.push_back(chunk);
        if (borrowed.size() == 3) borrowed.erase(borrowed.begin());  // three borrow slots
        if (random() % 2 == 0) borrowed.insert(in_ring[random() % in_ring.size()]);
    }
}

}  // namespace
}  // namespace tests::chunk_pool_cases
