#include "../caught.hpp"

#include <elkodon/node.hpp>
#include <elkodon/service/names.hpp>
#include <support/scratch_root.hpp>

#include <algorithm>
#include <iterator>
#include <vector>

namespace tests::names_cases {
namespace {

using elkodon::errc;
using elkodon::service::decode_name;
using elkodon::service::encode_name;
using elkodon::service::longest_encoded_name;
using namespace std::string_literals;

std::string times(std::size_t count, const std::string& part) {
    std::string made;
    for (; count > 0; --count) made += part;
    return made;
}

const std::vector<std::string> awkward{
    "My/Funk/ServiceName",
    "/",
    "//",
    "/etc/passwd",
    "..",
    ".",
    "...",
    "../../../etc/passwd",
    "a/../../b",
    ".hidden",
    "a.b",
    "trailing.",
    "%",
    "%2F",
    "100%",
    "%%%",
    "%zz",
    " ",
    "  spaces  ",
    "-rf",
    "~",
    "*?[]",
    "a\nb",
    "\t",
    "\x01\x1f\x7f",
    "quote\"quote'quote\\",
    "camera.publish_subscribe",
    "service.toml",
    "member.0123456789abcdef.0123456789abcdef",
    "\u00e9",
    "\u65e5\u672c\u8a9e",
    "\U0001f99c",
    "\U0010ffff",
    "\u0080",
    "\ufeff",
    "\u202e",
    std::string(longest_encoded_name, 'a'),
    times(55, "\U0001f99c"),  // 220 bytes
    times(73, "/") + "a",     // 73 × 3 + 1
    times(73, "%") + "a",
    "." + std::string(217, '.'),
};

struct refused {
    std::string name;
    std::string wanted, found;  // parts of what the error says
};

const std::vector<refused> impossible{
    {"", "1 byte or more", "0"},
    {"a\0b"s, "no NUL", "byte 1"},
    {"\0"s, "no NUL", "byte 0"},
    {std::string(221, 'a'), "at most 220", "221"},
    {std::string(10'000, 'a'), "at most 220", "10000"},
    {times(74, "/"), "at most 220", "222"},
    {times(56, "\U0001f99c"), "at most 220", "224"},
    {"." + std::string(218, 'x'), "at most 220", "221"},
    {"\xff", "UTF-8", "other bytes"},
    {"a\x80", "UTF-8", ""},
    {"\xc3", "UTF-8", ""},              // cut off
    {"\xe2\x82", "UTF-8", ""},          // cut off
    {"\xf0\x9f\xa6", "UTF-8", ""},      // cut off
    {"\xc3(", "UTF-8", ""},             // not continued
    {"\xc0\xaf", "UTF-8", ""},          // an overlong '/'
    {"\xc0\xae\xc0\xae", "UTF-8", ""},  // overlong dots
    {"\xc1\xbf", "UTF-8", ""},
    {"\xe0\x80\xaf", "UTF-8", ""},
    {"\xe0\x9f\xbf", "UTF-8", ""},
    {"\xf0\x80\x80\xaf", "UTF-8", ""},
    {"\xf0\x8f\xbf\xbf", "UTF-8", ""},
    {"\xed\xa0\x80", "UTF-8", ""},  // a surrogate
    {"\xed\xbf\xbf", "UTF-8", ""},
    {"\xf4\x90\x80\x80", "UTF-8", ""},  // above U+10FFFF
    {"\xf8\x88\x80\x80\x80", "UTF-8", ""},
    {std::string(10'000, '\xff'), "UTF-8", ""},
};

bool printable(const std::string& text) {
    for (const char c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
    return true;
}

}  // namespace

TEST_CASE("every possible name becomes a file name of its own and comes back unchanged") {
    std::vector<std::string> encoded;
    for (const auto& name : awkward) {
        CAPTURE(name);
        const auto made = encode_name(name, "open");
        CHECK(decode_name(made) == name);
        CHECK(made.size() <= longest_encoded_name);
        CHECK(made.find('/') == std::string::npos);
        CHECK(made.front() != '.');
        CHECK(printable(made));
        CHECK(std::find(encoded.begin(), encoded.end(), made) == encoded.end());
        encoded.push_back(made);
    }
    CHECK(encode_name("My/Funk/ServiceName", "open") == "My%2FFunk%2FServiceName");
    CHECK(encode_name("..", "open") == "%2E.");
    for (const auto& foreign : {"plain", "%", "%4", "%zz", "50%", "%2f"})
        CHECK(decode_name(foreign) == foreign);
}

TEST_CASE("a service of any possible name lies in its own directory and nowhere else, and can be "
          "found again") {
    support::scratch_root root;
    auto node = elkodon::node::create();
    for (const auto& name : awkward) {
        CAPTURE(name);
        auto service = node.service(name).publish_subscribe<int>().create();
        auto publisher = service.publisher().create();
        const auto directory = root.services() / (encode_name(name, "") + ".publish_subscribe");
        REQUIRE(std::filesystem::is_directory(directory));
        CHECK(std::distance(std::filesystem::directory_iterator(root.services()), {}) == 1);
        CHECK(std::distance(std::filesystem::directory_iterator(root.path()), {}) == 1);
        auto subscriber = node.service(name).publish_subscribe<int>().open().subscriber().create();
        publisher.send_copy(5);
        CHECK(*subscriber.receive() == 5);
    }
    node = {};
    CHECK(root.listing() == support::nothing);
}

TEST_CASE("a name that can't be is an error that says what was wanted and what was found") {
    support::scratch_root root;
    const auto node = elkodon::node::create();
    const auto before = root.listing();
    for (const auto& [name, wanted, found] : impossible) {
        CAPTURE(name.substr(0, 20), name.size());
        const auto service = node.service(name).publish_subscribe<int>();
        for (const auto& error :
             {caught([&] { return service.create(); }), caught([&] { return service.open(); }),
              caught([&] { return service.open_or_create(); }),
              caught([&] { return node.service(name).event().open(); })}) {
            CHECK(error.code() == errc::invalid_name);
            CHECK(error.code() == std::errc::invalid_argument);
            CHECK(contains(error.property(), "name"));
            CHECK(contains(error.wanted(), wanted));
            CHECK(contains(error.found(), found));
            CHECK(contains(error.what(), "\""));
            CHECK(contains(error.what(), error.wanted()));
            CHECK(printable(error.what()));
            CHECK(std::string(error.what()).size() < 500);
        }
        std::error_code ec;
        CHECK_FALSE(service.open_or_create(ec));
        CHECK(ec == errc::invalid_name);
    }
    CHECK(root.listing() == before);
}

TEST_CASE("what an error quotes of a name is UTF-8, however the name is cut") {
    support::scratch_root root;
    const auto node = elkodon::node::create();
    for (std::size_t ahead = 0; ahead < 4; ++ahead) {
        const auto name = std::string(ahead, 'a') + times(60, "\U0001f99c");
        const std::string what = caught([&] { return node.service(name).event().open(); }).what();
        const auto begin = what.find('"') + 1;
        const auto quoted = what.substr(begin, what.find("\xe2\x80\xa6", begin) - begin);
        CAPTURE(what);
        CHECK(quoted.size() >= 70);
        CHECK_NOTHROW(encode_name(quoted, ""));  // which refuses what isn't UTF-8
    }
}

TEST_CASE("a domain's name is as free as a service's, and two domains don't meet") {
    support::scratch_root root;
    auto config = elkodon::configuration::load();
    for (const auto& domain : {"../outside"s, ".."s, "a/b"s, "\U0001f99c"s}) {
        config.domain = domain;
        auto here = elkodon::node::create(config);
        auto service = here.service("camera").event().create();
        CHECK(std::filesystem::is_directory(root.path() / encode_name(domain, "") / "services" /
                                            "camera.event"));
        std::error_code ec;
        CHECK_FALSE(elkodon::node::create().service("camera").event().open(ec));
        CHECK(ec == errc::service_not_found);
    }
    for (const auto& [name, wanted, found] : impossible) {
        config.domain = name;
        CHECK(caught([&] { return elkodon::node::create(config); }).code() == errc::invalid_name);
    }
}

}  // namespace tests::names_cases
