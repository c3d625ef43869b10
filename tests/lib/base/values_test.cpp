#include <elkodon/base/event_id.hpp>
#include <elkodon/base/ids.hpp>
#include <elkodon/base/untrusted.hpp>
#include <elkodon/fmt.hpp>
#include <support/catch.hpp>

#include <array>
#include <type_traits>

namespace tests::values_cases {

using elkodon::event_id;
using elkodon::untrusted;

TEST_CASE("a foreign number is a number only within the bound that was asked for") {
    CHECK(untrusted<std::uint32_t>(4).below(5) == 4u);
    CHECK_FALSE(untrusted<std::uint32_t>(5).below(5));
    CHECK_FALSE(untrusted<std::uint32_t>(0).below(0));
    CHECK_FALSE(untrusted<std::uint64_t>(~std::uint64_t{0}).below(5));
    CHECK(untrusted<std::uint32_t>(2).within(2, 3) == 2u);
    CHECK(untrusted<std::uint32_t>(3).within(2, 3) == 3u);
    CHECK_FALSE(untrusted<std::uint32_t>(1).within(2, 3));
    CHECK_FALSE(untrusted<std::uint32_t>(4).within(2, 3));
    CHECK(untrusted<std::uint32_t>(4).at_most(5) == 4u);
    CHECK(untrusted<std::uint32_t>(5).at_most(5) == 5u);
    CHECK(untrusted(elkodon::read_once(~std::uint64_t{0})).at_most(5) == 5u);
}

TEST_CASE("an index outside of the slots finds the first slot") {
    CHECK(elkodon::inside<4>(3) == 3);
    CHECK(elkodon::inside<4>(4) == 0);
    CHECK(elkodon::inside<4>(~std::size_t{0}) == 0);
}

TEST_CASE("ids of different things can't be mixed up, and print as sixteen digits") {
    CHECK_FALSE(std::is_convertible_v<elkodon::port_id, elkodon::process_id>);
    CHECK_FALSE(std::is_constructible_v<elkodon::port_id, elkodon::process_id>);
    CHECK_FALSE(elkodon::port_id());
    CHECK(elkodon::port_id(1));
    CHECK(elkodon::port_id(0xabc).to_string() == "0000000000000abc");
    CHECK(elkodon::port_id(0xfedc'ba98'7654'3210).to_string() == "fedcba9876543210");
    CHECK(fmt::format("{}", elkodon::process_id(0xabc)) == "0000000000000abc");
    CHECK(elkodon::port_id(1) < elkodon::port_id(2));
}

TEST_CASE("event ids compare and print as their numbers") {
    CHECK(event_id() == event_id(0));
    CHECK(event_id(3) < event_id(4));
    CHECK(fmt::format("{} {:04}", event_id(7), event_id(42)) == "7 0042");
    CHECK_FALSE(std::is_convertible_v<int, event_id>);
}

TEST_CASE("a set of event ids can be iterated and asked") {
    const std::array<event_id, 3> ids{event_id(1), event_id(5), event_id(9)};
    const elkodon::event_ids set(ids);
    CHECK(set);
    CHECK(set.size() == 3);
    CHECK_FALSE(set.empty());
    CHECK(set.contains(event_id(5)));
    CHECK_FALSE(set.contains(event_id(4)));
    CHECK_FALSE(set.error());
    std::uint64_t sum = 0;
    for (const auto id : set) sum += id.value();
    CHECK(sum == 15);
    const elkodon::event_ids none;
    CHECK_FALSE(none);
    CHECK(none.empty());
    CHECK_FALSE(none.contains(event_id(0)));
}

}  // namespace tests::values_cases
