#include <elkodon/lockfree/bit_tree.hpp>
#include <support/catch.hpp>

#include <array>
#include <cstdint>
#include <thread>
#include <vector>

namespace tests::bit_tree_cases {
namespace {

using elkodon::lockfree::bit_tree;

// Room for 10,000 numbers: 157 leaves, the last of them only partly of use.
struct bits {
    std::array<elkodon::atomic<std::uint64_t>, 3> summary{};
    std::array<elkodon::atomic<std::uint64_t>, 157> leaves{};
    bit_tree tree{summary, leaves};

    std::vector<std::size_t> taken() {
        std::vector<std::size_t> numbers;
        tree.take([&](std::size_t number) { numbers.push_back(number); });
        return numbers;
    }
    std::vector<std::size_t> all_taken() {
        std::vector<std::size_t> numbers;
        tree.take_all([&](std::size_t number) { numbers.push_back(number); });
        return numbers;
    }
};

using numbers = std::vector<std::size_t>;

TEST_CASE("what was marked is taken once, in ascending order") {
    bits set;
    CHECK(set.tree.capacity() == 157 * 64);
    CHECK_FALSE(set.tree.any());
    CHECK(set.taken().empty());
    for (const auto number :
         std::initializer_list<std::size_t>{10'000, 0, 63, 64, 4095, 4096, 63, 8191, 8192})
        set.tree.mark(number);
    CHECK(set.tree.any());
    CHECK(set.taken() == numbers{0, 63, 64, 4095, 4096, 8191, 8192, 10'000});
    CHECK_FALSE(set.tree.any());
    CHECK(set.taken().empty());
}

TEST_CASE("every number below the capacity can be marked, alone and together with all others") {
    bits set;
    for (std::size_t number = 0; number < set.tree.capacity(); ++number) {
        set.tree.mark(number);
        REQUIRE(set.taken() == numbers{number});
    }
    for (std::size_t number = set.tree.capacity(); number > 0; --number) set.tree.mark(number - 1);
    const auto all = set.taken();
    REQUIRE(all.size() == set.tree.capacity());
    for (std::size_t number = 0; number < all.size(); ++number) REQUIRE(all[number] == number);
}

TEST_CASE("a number that has no bit is dropped") {
    bits set;
    for (const auto number :
         {set.tree.capacity(), set.tree.capacity() + 1, std::size_t{3 * 4096}, ~std::size_t{0}})
        set.tree.mark(number);
    CHECK_FALSE(set.tree.any());
    CHECK(set.all_taken().empty());

    bit_tree none;
    none.mark(0);
    CHECK(none.capacity() == 0);
    CHECK_FALSE(none.any());
}

TEST_CASE("a mark whose marker died between leaf and summary is found by take_all, or with the "
          "next mark there") {
    bits set;
    set.leaves[2] = 1;  // 128
    CHECK_FALSE(set.tree.any());
    CHECK(set.taken().empty());
    SECTION("take_all") { CHECK(set.all_taken() == numbers{128}); }
    SECTION("the next mark of that very number") {
        set.tree.mark(128);
        CHECK(set.tree.any());
        CHECK(set.taken() == numbers{128});
    }
    SECTION("the next mark of a neighbour") {
        set.tree.mark(130);
        CHECK(set.taken() == numbers{128, 130});
    }
}

TEST_CASE("a summary that leads nowhere is cleared and finds nothing") {
    bits set;
    for (auto& word : set.summary) word = ~std::uint64_t{0};  // far beyond the last leaf
    CHECK(set.tree.any());
    CHECK(set.taken().empty());
    CHECK_FALSE(set.tree.any());
}

TEST_CASE("a scribbler who sets every bit makes every number be found and none beyond") {
    bits set;
    for (auto& word : set.summary) word = ~std::uint64_t{0};
    for (auto& word : set.leaves) word = ~std::uint64_t{0};
    const bool by_summary = GENERATE(true, false);
    const auto found = by_summary ? set.taken() : set.all_taken();
    REQUIRE(found.size() == set.tree.capacity());
    CHECK(found.back() == set.tree.capacity() - 1);
    CHECK(set.all_taken().empty());
    CHECK_FALSE(set.tree.any());
}

TEST_CASE("no mark of many threads is lost, and none comes before what was published with it") {
    constexpr std::size_t count = 300, threads = 3;
    constexpr std::uint32_t rounds = 2'000;
    bits set;
    std::array<elkodon::atomic<std::uint32_t>, count * threads> data{};
    std::array<std::uint32_t, count * threads> seen{};
    elkodon::atomic<std::size_t> finished{0};

    const auto mark = [&](std::size_t which) {
        for (std::uint32_t round = 1; round <= rounds; ++round)
            for (std::size_t i = which; i < data.size(); i += threads * (1 + round % 7)) {
                data[i].store(round, elkodon::fenced_store);
                elkodon::full_fence();
                set.tree.mark(i);
            }
        finished.fetch_add(1);
    };
    std::vector<std::thread> markers;
    for (std::size_t i = 0; i < threads; ++i) markers.emplace_back(mark, i);
    bool backwards = false;
    const auto look = [&](std::size_t number) {
        const auto now = data[number].load(elkodon::fenced_load);
        backwards = backwards || now == 0 || now < seen[number];
        seen[number] = now;
    };
    while (finished.load() < threads) {
        set.tree.take(look);
        std::this_thread::yield();
    }
    for (auto& marker : markers) marker.join();
    set.tree.take(look);
    CHECK_FALSE(backwards);
    std::size_t behind = 0;
    for (std::size_t i = 0; i < data.size(); ++i) behind += seen[i] != data[i].load();
    CHECK(behind == 0);
    CHECK(set.all_taken().empty());
}

}  // namespace
}  // namespace tests::bit_tree_cases
