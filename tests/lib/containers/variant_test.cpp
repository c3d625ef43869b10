#include <elkodon/static_string.hpp>
#include <elkodon/variant.hpp>
#include <support/catch.hpp>

#include <cstring>
#include <string>

namespace tests::variant_cases {
namespace {

using elkodon::static_string;
using elkodon::variant;
using value = variant<std::monostate, std::uint32_t, static_string<8>>;

static_assert(elkodon::shareable<value> && elkodon::shareable<variant<value, double>>);
static_assert(std::totally_ordered<value>);
static_assert(sizeof(variant<std::uint8_t>) == 2 && sizeof(value) == 20);
static_assert(sizeof(variant<char, double>) == 16);
static_assert(!std::constructible_from<variant<std::uint32_t, float>, double>);  // would narrow
static_assert(std::is_same_v<decltype(elkodon::get<1>(std::declval<value&>())), std::uint32_t&>);

template <class... Fs>
struct overloaded : Fs... {
    using Fs::operator()...;
};
template <class... Fs>
overloaded(Fs...) -> overloaded<Fs...>;

std::string said(const value& of) {
    return visit(overloaded{[](std::monostate) { return std::string("nothing"); },
                            [](std::uint32_t number) { return std::to_string(number); },
                            [](const static_string<8>& text) { return std::string(text); }},
                 of);
}

}  // namespace

TEST_CASE("a variant holds one of its alternatives") {
    value of;
    CHECK(of.index() == 0);
    CHECK(said(of) == "nothing");
    of = 3u;
    CHECK(said(of) == "3");
    CHECK(holds_alternative<std::uint32_t>(of));
    CHECK(get<std::uint32_t>(of) == 3);
    CHECK(get<1>(of) == 3);
    CHECK(*get_if<1>(&of) == 3);
    CHECK(get_if<static_string<8>>(&of) == nullptr);
    CHECK_THROWS_AS(get<2>(of), std::bad_variant_access);
    get<1>(of) = 4;
    CHECK(get<1>(std::as_const(of)) == 4);
    of = "abc";
    CHECK(of.index() == 2);
    CHECK(said(of) == "abc");
    CHECK_THROWS_AS(of = "123456789", std::length_error);
    CHECK(said(of) == "abc");
    CHECK_THROWS_AS(of.emplace<2>("123456789"), std::length_error);
    CHECK(of.valueless_by_exception());
    CHECK_THROWS_AS(said(of), std::bad_variant_access);
    CHECK(of.emplace<std::uint32_t>(5u) == 5);
    of = {};
    CHECK(of.index() == 0);
    CHECK(get<2>(value(std::in_place_index<2>, "x")) == "x");
    CHECK(get<1>(value(std::in_place_type<std::uint32_t>, 6u)) == 6);
    const variant<value, double> outer = value(7u);
    CHECK(get<1>(get<0>(outer)) == 7);
}

TEST_CASE("a visitor may change the value, return references, and take several variants") {
    value of = 3u;
    visit(overloaded{[](std::uint32_t& number) { ++number; }, [](auto&) {}}, of);
    CHECK(get<1>(of) == 4);
    variant<int, int> both(std::in_place_index<1>, 2);
    visit([](int& number) -> int& { return number; }, both) = 8;
    CHECK(get<1>(both) == 8);
    const variant<char, int> other = 5;
    CHECK(visit([](auto a, auto b, auto c) { return a + b + c; }, both, other, both) == 21);
}

TEST_CASE("variants compare by alternative, then by value") {
    CHECK(value() == value());
    CHECK(value() < value(0u));
    CHECK(value(9u) < value("a"));
    CHECK(value("a") < value("b"));
    CHECK(value(1u) != value(2u));
    CHECK((value(1u) <=> value(1u)) == std::strong_ordering::equal);
}

TEST_CASE("a variant lies as documented, and an index of no alternative is valueless") {
    alignas(value) unsigned char bytes[sizeof(value)];
    for (const int garbage : {0, 1, 2, 3, 0x80, 0xff}) {
        std::memset(bytes, garbage, sizeof bytes);
        const auto& received = *reinterpret_cast<const value*>(bytes);
        CHECK(received.valueless_by_exception() == (garbage > 2));
        if (garbage > 2) {
            CHECK_THROWS_AS(said(received), std::bad_variant_access);
            CHECK(get_if<0>(&received) == nullptr);
            CHECK(received < value());
            CHECK(received == received);
        }
        auto& made = *std::construct_at(reinterpret_cast<value*>(bytes));
        CHECK(made.index() == 0);
        made = 0x01020304u;
        std::uint32_t number;
        std::memcpy(&number, bytes + 4, 4);
        CHECK(bytes[0] == 1);
        CHECK(number == 0x01020304);
    }
    CHECK(elkodon::type_name<value>::value == "variant<monostate, u32, static_string<8>>");
}

}  // namespace tests::variant_cases
