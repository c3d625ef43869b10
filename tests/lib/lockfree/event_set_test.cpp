#include <elkodon/lockfree/event_set.hpp>
#include <support/catch.hpp>

#include <atomic>
#include <cstring>
#include <map>
#include <thread>
#include <vector>

namespace tests::event_set_cases {
namespace {

using namespace elkodon::layout;
using elkodon::lockfree::most_rings;
using taken = std::map<std::size_t, std::uint32_t>;

// A segment as a listener makes it, in memory of its own.
class memory {
public:
    memory(std::uint32_t ids, bool counting)
        : bytes_(event_set_size(ids, counting)), pages_(bytes_ / page + 1), ids_(ids) {
        set().counting = counting ? 1 : 0;
    }
    event_set_segment& set() {
        const auto begin = reinterpret_cast<std::uintptr_t>(pages_.data());
        return *reinterpret_cast<event_set_segment*>(round_up(begin, line));
    }
    elkodon::lockfree::event_set view() { return {set(), bytes_, ids_}; }
    elkodon::atomic<std::uint32_t>& count(std::uint32_t id) {
        auto* const begin = reinterpret_cast<std::byte*>(&set()) + counts_offset(ids_);
        return reinterpret_cast<elkodon::atomic<std::uint32_t>*>(begin)[id];
    }
    void scribble(int byte) {
        const auto head = offsetof(event_set_segment, words);
        std::memset(reinterpret_cast<std::byte*>(&set()) + head, byte, bytes_ - head);
    }

private:
    struct one_page {
        std::byte bytes[page];
    };
    std::uint64_t bytes_;
    std::vector<one_page> pages_;
    std::uint32_t ids_;
};

taken take(elkodon::lockfree::event_set& set, bool also_hidden = false) {
    taken found;
    set.take(also_hidden, [&](std::size_t id, std::uint32_t times) { found[id] = times; });
    return found;
}

}  // namespace

TEST_CASE("a set that counts says how often each id was rung, one that doesn't says once") {
    for (const bool counting : {true, false}) {
        memory here(5000, counting);
        auto set = here.view();
        CHECK(set.counting() == counting);
        for (int i = 0; i < 3; ++i) set.ring(4999);
        set.ring(0);
        CHECK(set.any());
        CHECK(take(set) == taken{{0, 1}, {4999, counting ? 3 : 1}});
        CHECK_FALSE(set.any());
        CHECK(take(set).empty());
        set.ring(4999);
        CHECK(take(set) == taken{{4999, 1}});
    }
}

TEST_CASE("a count stops at 2^31 and never comes round to zero") {
    memory here(10, true);
    auto set = here.view();
    here.count(3) = most_rings - 1;
    for (int i = 0; i < 5; ++i) set.ring(3);
    CHECK(here.count(3) == most_rings);
    CHECK(take(set) == taken{{3, most_rings}});
    set.ring(3);
    CHECK(take(set) == taken{{3, 1}});
}

TEST_CASE("an id whose ring was told with an earlier one is not told again") {
    memory here(10, true);
    auto set = here.view();
    set.ring(3);
    here.count(3) = 2;  // a second notifier has counted, and not yet set the bit
    CHECK(take(set) == taken{{3, 2}});
    here.set().words[0] = 1;
    here.set().words[1] = 1 << 3;  // now it has
    CHECK(set.any());
    CHECK(take(set).empty());
}

TEST_CASE("whatever bits and counts a scribbler leaves, only ids that there are come out") {
    for (const std::uint32_t ids : {1u, 5u, 64u, 65u, 4097u})
        for (const bool counting : {true, false})
            for (const bool also_hidden : {true, false}) {
                CAPTURE(ids, counting, also_hidden);
                memory here(ids, counting);
                auto set = here.view();
                here.scribble(0xff);
                const auto found = take(set, also_hidden);
                CHECK(found.size() == ids);
                CHECK(found.rbegin()->first == ids - 1);
                for (const auto& [id, times] : found)
                    if (times != (counting ? most_rings : 1)) FAIL_CHECK("id " << id);
                here.scribble(0);
                set.ring(ids);
                set.ring(~std::uint64_t{0});
                CHECK(take(set, true).empty());
                set.ring(ids - 1);
                CHECK(take(set).size() == 1);
            }
}

TEST_CASE("a set that says it counts, without room for it, doesn't") {
    memory here(5000, false);
    here.set().counting = 1;
    auto set = here.view();
    CHECK_FALSE(set.counting());
    set.ring(4999);
    CHECK(take(set) == taken{{4999, 1}});
}

TEST_CASE("of all that several threads ring at once every ring is counted once") {
    constexpr std::uint32_t ids = 130, threads = 3, rounds = 20'000;
    memory here(ids, true);
    std::atomic<std::uint32_t> running{threads};
    std::vector<std::thread> ringing;
    for (std::uint32_t which = 0; which < threads; ++which)
        ringing.emplace_back([&, which] {
            auto set = here.view();
            for (std::uint32_t i = 0; i < rounds; ++i) {
                elkodon::full_fence();
                set.ring((i * 65 + which) % ids % 3 * 64);
            }
            --running;
        });
    auto set = here.view();
    std::uint64_t total = 0;
    const auto add = [&](std::size_t, std::uint32_t times) {
        REQUIRE(times != 0);
        total += times;
    };
    while (running != 0) set.take(false, add);
    for (auto& thread : ringing) thread.join();
    set.take(false, add);
    CHECK(total == std::uint64_t{threads} * rounds);
    CHECK_FALSE(set.any());
}

}  // namespace tests::event_set_cases
