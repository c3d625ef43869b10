#include <elkodon/optional.hpp>
#include <elkodon/static_string.hpp>
#include <support/catch.hpp>

#include <cstring>
#include <limits>

namespace tests::optional_cases {
namespace {

using elkodon::optional;
using number = optional<std::uint32_t>;
using name = optional<elkodon::static_string<8>>;

static_assert(elkodon::shareable<number> && elkodon::shareable<optional<optional<double>>>);
static_assert(std::totally_ordered<number>);
static_assert(sizeof(number) == 8 && sizeof(optional<char>) == 2 && sizeof(optional<double>) == 16);
static_assert(std::convertible_to<int, optional<int>> && !std::convertible_to<number, bool>);
static_assert(std::is_same_v<decltype(optional(3)), optional<int>>);

}  // namespace

TEST_CASE("an optional has a value or none") {
    number none, three = 3u;
    CHECK_FALSE(none);
    CHECK_FALSE(number(std::nullopt).has_value());
    CHECK(three);
    CHECK(*three == 3);
    CHECK(three.value() == 3);
    CHECK(none.value_or(7u) == 7);
    CHECK(three.value_or(7u) == 3);
    CHECK_THROWS_AS(none.value(), std::bad_optional_access);
    CHECK_THROWS_AS(std::as_const(none).value(), std::bad_optional_access);
    none = 4u;
    CHECK(*none == 4);
    none = three;
    CHECK(none == three);
    none = std::nullopt;
    CHECK_FALSE(none);
    three.reset();
    CHECK_FALSE(three);
    three = 5u;
    three = {};
    CHECK_FALSE(three);
    CHECK(three.emplace(6u) == 6);
    name called("abc");
    CHECK(called->size() == 3);
    CHECK_THROWS_AS(called.emplace("123456789"), std::length_error);
    CHECK_FALSE(called);
    called = "x";
    CHECK_THROWS_AS(called = "123456789", std::length_error);
    CHECK(*called == "x");
    CHECK(*name(std::in_place, std::size_t{2}, 'z') == "zz");
    const optional<number> outer = number();
    CHECK(outer.has_value());
    CHECK_FALSE(outer->has_value());
}

TEST_CASE("none is equal to none and less than any value") {
    CHECK(number() == number());
    CHECK(number() < number(0u));
    CHECK(number(1u) < number(2u));
    CHECK(number(1u) != number());
    CHECK(number(1u) == 1u);
    CHECK(number(1u) < 2u);
    CHECK(number() == std::nullopt);
    CHECK(number(0u) > std::nullopt);
    const optional<double> nan(std::numeric_limits<double>::quiet_NaN());
    CHECK((nan <=> nan) == std::partial_ordering::unordered);
}

TEST_CASE("an optional lies as documented, also where there were other bytes") {
    alignas(number) unsigned char bytes[sizeof(number)];
    for (const int garbage : {0, 1, 2, 0x80, 0xff}) {
        std::memset(bytes, garbage, sizeof bytes);
        const auto& received = *reinterpret_cast<const number*>(bytes);
        CHECK(received.has_value() == (garbage == 1));
        CHECK((received == number()) == (garbage != 1));
        auto& made = *std::construct_at(reinterpret_cast<number*>(bytes));
        CHECK_FALSE(made);
        made = 0x01020304u;
        std::uint32_t value;
        std::memcpy(&value, bytes + 4, 4);
        CHECK(bytes[0] == 1);
        CHECK(value == 0x01020304);
    }
    CHECK(elkodon::type_name<optional<number>>::value == "optional<optional<u32>>");
}

}  // namespace tests::optional_cases
