// Fragment 11 of the API by example: errors.
#include <elkodon/elkodon.hpp>
#include <support/catch.hpp>
#include <support/scratch_root.hpp>

#include <fmt/format.h>

namespace tests::fragment_11 {
namespace {

struct frame {
    unsigned char pixels[64];
};

}  // namespace

TEST_CASE("API 11: errors") {
    support::scratch_root root;
    auto node = elkodon::node::create();
    std::string printed;
    auto creator = node.service("camera").publish_subscribe<frame>().history_size(4).create();

    // 11  errors
    try {
        auto service = node.service("camera").publish_subscribe<frame>().history_size(10).open();
        FAIL("nothing was thrown");
    } catch (const elkodon::error& error) {  // property(), wanted(), found() for programs,
        printed += fmt::format("{}\n", error.what());  // what() for people
        CHECK(error.property() == "history_size");
        CHECK(error.wanted() == "at least 10");
        CHECK(error.found() == "4");
    }
    CHECK(printed ==
          "open \"camera\": history_size: at least 10 wanted, 4 found: incompatible property\n");

    creator = {};
    printed.clear();
    std::error_code ec;
    auto service =
        node.service("camera").publish_subscribe<frame>().open(ec);  // never throws; tests false
    if (ec == elkodon::errc::service_not_found)
        printed +=
            fmt::format("{}\n", ec.message());  // == std::errc::no_such_file_or_directory too
    CHECK_FALSE(service);
    CHECK(ec == std::errc::no_such_file_or_directory);
    CHECK(printed == "service not found\n");
}

}  // namespace tests::fragment_11
