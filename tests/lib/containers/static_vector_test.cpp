#include <elkodon/static_vector.hpp>
#include <support/catch.hpp>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <list>
#include <ranges>
#include <sstream>
#include <string>
#include <vector>

namespace tests::static_vector_cases {
namespace {

using elkodon::static_vector;
using numbers = static_vector<std::uint32_t, 4>;

static_assert(elkodon::shareable<numbers>);
static_assert(elkodon::shareable<static_vector<static_vector<double, 3>, 5>>);
static_assert(std::ranges::contiguous_range<numbers> && std::ranges::sized_range<numbers>);
static_assert(std::ranges::common_range<numbers> && std::ranges::contiguous_range<const numbers>);
static_assert(std::contiguous_iterator<numbers::iterator>);
static_assert(std::sized_sentinel_for<numbers::const_iterator, numbers::iterator>);
static_assert(std::convertible_to<numbers::iterator, numbers::const_iterator>);
static_assert(!std::convertible_to<numbers::const_iterator, numbers::iterator>);
static_assert(std::totally_ordered<numbers>);
static_assert(sizeof(static_vector<std::uint8_t, 3>) == 8);
static_assert(sizeof(static_vector<double, 3>) == 32);

struct point {
    point(float to_x, float to_y) : x(to_x), y(to_y) {}
    float x, y;
};

std::vector<std::uint32_t> content(const numbers& from) { return {from.begin(), from.end()}; }
using list = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("a static vector is filled and emptied as std's") {
    numbers vector;
    CHECK(vector.empty());
    CHECK(vector.capacity() == 4);
    vector.push_back(1);
    vector.emplace_back(2u) = 3;
    CHECK(content(vector) == list{1, 3});
    CHECK(vector.front() == 1);
    CHECK(vector.back() == 3);
    CHECK(vector[1] == 3);
    CHECK(vector.at(1) == 3);
    CHECK_THROWS_AS(vector.at(2), std::out_of_range);
    vector.pop_back();
    CHECK(vector.size() == 1);
    vector.resize(3);
    CHECK(content(vector) == list{1, 0, 0});
    vector.resize(4, 9);
    CHECK(vector.full());
    CHECK(vector.back() == 9);
    vector.resize(1);
    CHECK(content(vector) == list{1});
    vector.clear();
    CHECK(vector.empty());
    vector.pop_back();
    CHECK(vector.empty());
}

TEST_CASE("what doesn't fit into a static vector is refused or throws, and what is there stays") {
    numbers vector{1, 2, 3, 4};
    CHECK_FALSE(vector.try_push_back(5));
    CHECK_FALSE(vector.try_emplace_back(5u));
    CHECK_THROWS_AS(vector.push_back(5), std::length_error);
    CHECK_THROWS_AS(vector.emplace_back(5u), std::length_error);
    CHECK_THROWS_AS(vector.resize(5), std::length_error);
    CHECK_THROWS_AS(vector.insert(vector.begin(), 5u), std::length_error);
    CHECK_THROWS_AS(vector.insert(vector.begin(), ~std::size_t{0}, 5u), std::length_error);
    CHECK(content(vector) == list{1, 2, 3, 4});
    CHECK_THROWS_AS(numbers(5), std::length_error);
    CHECK_THROWS_AS((numbers{1, 2, 3, 4, 5}), std::length_error);
}

TEST_CASE("a static vector is made of counts, lists and ranges, and assigned from them") {
    CHECK(content(numbers(2)) == list{0, 0});
    CHECK(content(numbers(2, 7)) == list{7, 7});
    const std::list<std::uint32_t> from{4, 5};
    CHECK(content(numbers(from.begin(), from.end())) == list{4, 5});
    std::istringstream text("6 7 8");
    using words = std::istream_iterator<std::uint32_t>;
    numbers read(words{text}, words{});
    CHECK(content(read) == list{6, 7, 8});
    read = {1};
    CHECK(content(read) == list{1});
    read.assign(3, 2);
    CHECK(content(read) == list{2, 2, 2});
    read.assign(from.begin(), from.end());
    CHECK(content(read) == list{4, 5});
    const auto copy = read;
    CHECK(copy == read);
    read = numbers();
    CHECK(read.empty());
}

TEST_CASE("elements are inserted and erased anywhere in a static vector") {
    numbers vector{1, 4};
    auto at = vector.insert(vector.begin() + 1, 2u);
    CHECK(*at == 2);
    CHECK(content(vector) == list{1, 2, 4});
    at = vector.insert(vector.end(), vector[0]);
    CHECK(at - vector.begin() == 3);
    CHECK(content(vector) == list{1, 2, 4, 1});
    at = vector.erase(vector.begin());
    CHECK(*at == 2);
    CHECK(content(vector) == list{2, 4, 1});
    at = vector.erase(vector.begin() + 1, vector.end());
    CHECK(at == vector.end());
    CHECK(content(vector) == list{2});
    vector.insert(vector.begin(), {7, 8});
    CHECK(content(vector) == list{7, 8, 2});
    vector.insert(vector.begin() + 1, 1, vector[2]);
    CHECK(content(vector) == list{7, 2, 8, 2});
    CHECK(vector.erase(vector.end()) == vector.end());
    CHECK(vector.size() == 4);
    vector.erase(vector.begin(), vector.end());
    CHECK(vector.empty());
}

TEST_CASE("a static vector of what has no default constructor") {
    static_vector<point, 2> points;
    points.emplace_back(1.0f, 2.0f);
    points.push_back({3, 4});
    CHECK(points.begin()->y == 2.0f);
    CHECK(points.back().x == 3.0f);
}

TEST_CASE("static vectors compare element by element") {
    CHECK(numbers{1, 2} == numbers{1, 2});
    CHECK(numbers{1, 2} != numbers{1, 2, 3});
    CHECK(numbers{1, 2} < numbers{1, 2, 3});
    CHECK(numbers{2} > numbers{1, 2, 3});
    CHECK((numbers{2} <=> numbers{2}) == std::strong_ordering::equal);
    const static_vector<double, 1> nan{std::numeric_limits<double>::quiet_NaN()};
    CHECK((nan <=> nan) == std::partial_ordering::unordered);
}

TEST_CASE("the algorithms and views of std work on a static vector") {
    numbers vector{3, 1, 2};
    std::ranges::sort(vector);
    CHECK(content(vector) == list{1, 2, 3});
    std::sort(vector.rbegin(), vector.rend());
    CHECK(content(vector) == list{3, 2, 1});
    CHECK(std::ranges::find(vector, 2u) - vector.begin() == 1);
    CHECK(std::ranges::data(vector) == vector.data());
    CHECK(std::span(vector).size() == 3);
    CHECK(std::span<const std::uint32_t>(vector.cbegin(), vector.cend()).back() == 1);
    CHECK(std::to_address(vector.end()) == vector.data() + 3);
    auto odd = vector | std::views::filter([](auto each) { return each % 2 == 1; });
    CHECK(std::ranges::distance(odd) == 2);
    auto at = vector.begin();
    CHECK(at++ == vector.begin());
    CHECK(at-- - 1 == vector.begin());
    CHECK(1 + at > vector.cbegin());
    CHECK(at[2] == 1);
}

TEST_CASE("a static vector lies as documented, also where there were other bytes") {
    alignas(numbers) unsigned char bytes[sizeof(numbers)];
    std::memset(bytes, 0xff, sizeof bytes);
    auto& vector = *std::construct_at(reinterpret_cast<numbers*>(bytes));
    CHECK(vector.empty());
    vector.push_back(0x01020304);
    std::uint32_t size, first;
    std::memcpy(&size, bytes, 4);
    std::memcpy(&first, bytes + 4, 4);
    CHECK(size == 1);
    CHECK(first == 0x01020304);
    vector = {};
    CHECK(vector.empty());
    CHECK(elkodon::type_name<static_vector<std::uint64_t, 16>>::value == "static_vector<u64, 16>");
    CHECK(elkodon::type_name<static_vector<static_vector<float, 10>, 205>>::value ==
          "static_vector<static_vector<f32, 10>, 205>");
}

}  // namespace tests::static_vector_cases
