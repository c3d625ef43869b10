#include <elkodon/static_string.hpp>
#include <support/catch.hpp>

#include <cstring>
#include <ranges>
#include <string>
#include <unordered_set>

namespace tests::static_string_cases {
namespace {

using namespace std::string_view_literals;
using elkodon::static_string;
using text = static_string<8>;

static_assert(elkodon::shareable<text>);
static_assert(std::ranges::contiguous_range<text> && std::ranges::contiguous_range<const text>);
static_assert(std::totally_ordered<text> && std::totally_ordered_with<text, std::string_view>);
static_assert(std::convertible_to<text, std::string_view>);
static_assert(sizeof(static_string<3>) == 8 && sizeof(static_string<4>) == 12);

template <class T>
concept gives_c_string = requires(T& of) { of.c_str(); };
static_assert(gives_c_string<text> && !gives_c_string<const text>);

}  // namespace

TEST_CASE("a static string is made of text, appended to, cut and cleared") {
    text string = "abc";
    CHECK(string == "abc");
    string += "de";
    string += 'f';
    string.append(std::string("gh"));
    CHECK(string == "abcdefgh"sv);
    CHECK(string.full());
    CHECK(string.size() == 8);
    CHECK(std::strlen(string.c_str()) == 8);
    string.pop_back();
    CHECK(string.back() == 'g');
    CHECK(string.front() == 'a');
    string.resize(2);
    string.push_back('x');
    string[0] = 'A';
    CHECK(string.view() == "Abx");
    CHECK(string.at(2) == 'x');
    CHECK_THROWS_AS(string.at(3), std::out_of_range);
    CHECK(string[3] == '\0');
    string = "other";
    CHECK(string == "other");
    string.assign(string.view().substr(2));
    CHECK(string == "her");
    string.append(string.view());
    CHECK(string == "herher");
    string.clear();
    CHECK(string.empty());
    string.pop_back();
    CHECK(string.empty());
    CHECK(text(3, 'z') == "zzz");
    CHECK(text("a\0b"sv).size() == 3);
}

TEST_CASE("text that doesn't fit into a static string throws or is refused, and changes nothing") {
    text string = "1234567";
    CHECK_FALSE(string.try_append("89"));
    CHECK_THROWS_AS(string.append("89"), std::length_error);
    CHECK_THROWS_AS(string.assign("123456789"), std::length_error);
    CHECK_THROWS_AS(string.resize(9), std::length_error);
    CHECK(string == "1234567");
    CHECK(string.try_append("8"));
    CHECK_THROWS_AS(string.push_back('9'), std::length_error);
    CHECK_THROWS_AS(text("123456789"), std::length_error);
    CHECK_THROWS_AS(text(static_string<9>("123456789")), std::length_error);
}

TEST_CASE("static strings compare with text and with each other, and hash as text does") {
    const text a = "a", b = "b";
    CHECK(a < b);
    CHECK(a != b);
    CHECK(a == static_string<20>("a"));
    CHECK(a < static_string<20>("b"));
    CHECK("a" == a);
    CHECK(a < "b");
    CHECK("b"sv > a);
    CHECK(a == std::string("a"));
    CHECK((a <=> b) == std::strong_ordering::less);
    CHECK(std::hash<text>{}(a) == std::hash<std::string_view>{}("a"));
    std::unordered_set<text> set{a, b, a};
    CHECK(set.size() == 2);
    CHECK(std::string(a.begin(), a.end()) == "a");
    CHECK(std::string(b) == "b");
    const text abc = "abc";
    CHECK(std::string(abc.rbegin(), abc.rend()) == "cba");
}

TEST_CASE("a static string lies as documented, also where there were other bytes") {
    alignas(text) unsigned char bytes[sizeof(text)];
    std::memset(bytes, 0xff, sizeof bytes);
    auto& string = *std::construct_at(reinterpret_cast<text*>(bytes));
    CHECK(string.empty());
    CHECK(std::strlen(string.c_str()) == 0);
    string = "xy";
    std::uint32_t size;
    std::memcpy(&size, bytes, 4);
    CHECK(size == 2);
    CHECK(std::memcmp(bytes + 4, "xy", 3) == 0);
    string = {};
    CHECK(string.empty());
    CHECK(elkodon::type_name<static_string<16>>::value == "static_string<16>");
}

}  // namespace tests::static_string_cases
