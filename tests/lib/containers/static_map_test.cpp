#include <elkodon/static_map.hpp>
#include <elkodon/static_string.hpp>
#include <support/catch.hpp>

#include <cstring>
#include <map>
#include <ranges>
#include <string>
#include <vector>

namespace tests::static_map_cases {
namespace {

using elkodon::static_map;
using elkodon::static_string;
using ages = static_map<static_string<8>, std::uint32_t, 3>;
using squares = static_map<int, int, 64>;

static_assert(elkodon::shareable<ages>);
static_assert(std::ranges::random_access_range<ages> && std::ranges::contiguous_range<const ages>);
static_assert(std::totally_ordered<ages>);
static_assert(sizeof(elkodon::map_entry<std::uint8_t, std::uint32_t>) == 8);
static_assert(sizeof(static_map<std::uint8_t, std::uint32_t, 3>) == 28);

std::string keys_of(const ages& map) {
    std::string keys;
    for (const auto& [key, value] : map) keys += key.view();
    return keys;
}

}  // namespace

TEST_CASE("a static map finds what was put into it, in the order of the keys") {
    ages map;
    CHECK(map.empty());
    CHECK(map.insert({"b", 2}).second);
    CHECK_FALSE(map.insert({"b", 3}).second);
    CHECK(map.emplace("a", 1u).first == map.begin());
    map["c"] += 3;
    CHECK(map.full());
    CHECK(keys_of(map) == "abc");
    CHECK(map.at("b") == 2);
    CHECK(map.find("c")->second == 3);
    CHECK(map.find("d") == map.end());
    CHECK(map.contains("a"));
    CHECK(map.count("x") == 0);
    CHECK_THROWS_AS(map.at("x"), std::out_of_range);
    CHECK(map.lower_bound("aa")->first == "b");
    CHECK(map.lower_bound("d") == map.end());
    CHECK_FALSE(map.insert_or_assign("a", 9u).second);
    CHECK(map.at("a") == 9);
    CHECK(std::as_const(map).find("a")->second == 9);
    CHECK(map.erase("b") == 1);
    CHECK(map.erase("b") == 0);
    CHECK(map.insert_or_assign("bb", 8u).second);
    CHECK(map.erase(map.begin())->first == "bb");
    CHECK(keys_of(map) == "bbc");
    map.erase(map.begin(), map.end());
    CHECK(map.empty());
}

TEST_CASE("what doesn't fit into a static map throws, and what is there stays") {
    ages map{{"a", 1}, {"b", 2}, {"c", 3}, {"a", 4}};
    CHECK(map.at("a") == 1);
    CHECK_THROWS_AS(map["d"], std::length_error);
    CHECK_THROWS_AS(map.insert({"d", 1}), std::length_error);
    CHECK_THROWS_AS(map.insert_or_assign("d", 1u), std::length_error);
    CHECK_FALSE(map.contains("a key that is longer than keys can be"));
    CHECK(map == ages{{"c", 3}, {"b", 2}, {"a", 1}});
    map.clear();
    CHECK_THROWS_AS(map["a key that is longer than keys can be"], std::length_error);
    CHECK(map.empty());
}

TEST_CASE("a static map does what std's does, whatever the order of insertions") {
    std::map<int, int> expected;
    squares map;
    for (int i = 0; i < 64; ++i) {
        const int key = i * 37 % 101;
        map[key] = key * key;
        expected[key] = key * key;
    }
    CHECK(map.size() == expected.size());
    for (int key = -1; key < 102; ++key) {
        CHECK(map.contains(key) == expected.contains(key));
        const auto bound = expected.lower_bound(key);
        if (bound == expected.end()) CHECK(map.lower_bound(key) == map.end());
        else CHECK(map.lower_bound(key)->second == bound->second);
        if (key % 3 == 0) CHECK(map.erase(key) == expected.erase(key));
    }
    CHECK(std::ranges::equal(map, expected, [](const auto& a, const auto& b) {
        return a.first == b.first && a.second == b.second;
    }));
    CHECK(squares(expected.begin(), expected.end()) == map);
}

TEST_CASE("static maps compare entry by entry, and are as new where there were other bytes") {
    CHECK(squares{{1, 1}} < squares{{1, 2}});
    CHECK(squares{{1, 1}} != squares{});
    CHECK((squares{{1, 1}} <=> squares{{1, 1}}) == std::strong_ordering::equal);
    alignas(ages) unsigned char bytes[sizeof(ages)];
    std::memset(bytes, 0xff, sizeof bytes);
    auto& map = *std::construct_at(reinterpret_cast<ages*>(bytes));
    CHECK(map.empty());
    map["a"];
    CHECK(map.at("a") == 0);
    map = {};
    CHECK(map.empty());
    CHECK(elkodon::type_name<static_map<static_string<8>, float, 5>>::value ==
          "static_map<static_string<8>, f32, 5>");
    CHECK(elkodon::type_name<ages::value_type>::value == "map_entry<static_string<8>, u32>");
}

}  // namespace tests::static_map_cases
