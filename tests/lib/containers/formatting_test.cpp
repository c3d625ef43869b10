#include <elkodon/fmt.hpp>
#include <support/catch.hpp>

namespace tests::container_formatting_cases {

using namespace elkodon;

TEST_CASE("containers are formatted as fmt's ranges, strings as strings") {
    using text = static_string<8>;
    CHECK(fmt::format("{}", static_vector<int, 4>{1, 2}) == "[1, 2]");
    CHECK(fmt::format("{::02x}", static_vector<int, 4>{10, 11}) == "[0a, 0b]");
    CHECK(fmt::format("{}", static_vector<int, 4>{}) == "[]");
    CHECK(fmt::format("{}|{:>4}|{:.1}", text("ab"), text("ab"), text("ab")) == "ab|  ab|a");
    CHECK(fmt::format("{}", static_vector<text, 4>{"a", "b\n"}) == R"(["a", "b\n"])");
    CHECK(fmt::format("{}", static_map<text, int, 4>{{"b", 2}, {"a", 1}}) == R"({"a": 1, "b": 2})");
    CHECK(fmt::format("{}", static_map<int, static_vector<text, 2>, 4>{{1, {"x"}}}) ==
          R"({1: ["x"]})");
    CHECK(fmt::format("{}", static_map<int, int, 4>{}) == "{}");
}

TEST_CASE("an optional is formatted with its value, a variant as its value") {
    using text = static_string<8>;
    using either = variant<std::monostate, std::uint32_t, text>;
    CHECK(fmt::format("{} {}", optional<int>(3), optional<int>()) == "optional(3) none");
    CHECK(fmt::format("{:03}", optional<int>(3)) == "optional(003)");
    CHECK(fmt::format("{}", optional<text>("a")) == R"(optional("a"))");
    CHECK(fmt::format("{} {} {}", either(), either(3u), either("a")) == "monostate 3 a");
    CHECK(fmt::format("{}", optional<either>(either("a"))) == R"(optional("a"))");
    CHECK(fmt::format("{}", static_vector<optional<either>, 4>{either(3u), {}, either("a")}) ==
          R"([optional(3), none, optional("a")])");
}

}  // namespace tests::container_formatting_cases
