#include "../caught.hpp"

#include <elkodon/elkodon.hpp>
#include <support/scratch_root.hpp>

namespace tests::attribute_cases {
namespace {

using elkodon::errc;
using attributes = std::vector<elkodon::attribute>;

struct world {
    support::scratch_root root;
    elkodon::node node = elkodon::node::create();

    auto camera() const { return node.service("camera").publish_subscribe<int>(); }
    auto bell() const { return node.service("bell").event(); }
};

template <class Builder>
void refused(const Builder& builder, const std::string& key, const std::string& found) {
    const auto thrown = caught([&] { return builder.open(); });
    CHECK(thrown.code() == errc::incompatible_attribute);
    CHECK(contains(thrown.property(), key));
    CHECK(thrown.found() == found);
    CHECK(caught([&] { return builder.open_or_create(); }).code() == errc::incompatible_attribute);
}

}  // namespace

TEST_CASE("attributes that the creator gave can be read by whoever opens, in his order") {
    const world here;
    const attributes given{{"resolution", "1920x1080"}, {"colour", "yes"}, {"colour", "\"grün\"\n"}};
    auto builder = here.camera();
    for (const auto& each : given) builder.define_attribute(each.key, each.value);
    const auto made = builder.create();
    CHECK(made.attributes() == given);
    CHECK(made.name() == "camera");
    CHECK(here.camera().open().attributes() == given);
    const auto bell = here.bell().define_attribute("tone", "a'").create();
    CHECK(here.bell().open_or_create().attributes() == attributes{{"tone", "a'"}});
    CHECK(here.node.service("plain").event().create().attributes().empty());
}

TEST_CASE("who requires attributes that are there opens, also one key with several values") {
    const world here;
    const auto made =
        here.camera().define_attribute("lens", "wide").define_attribute("lens", "tele").create();
    CHECK(here.camera().require_attribute("lens", "wide").open());
    CHECK(here.camera().require_attribute("lens", "tele").require_attribute("lens", "wide").open());
    CHECK(here.camera().require_attribute("lens").open());
    CHECK(here.camera().open_or_create().attributes().size() == 2);
}

TEST_CASE("requiring another value, a missing key, or one value too many fails with both") {
    const world here;
    const auto made =
        here.camera().define_attribute("lens", "wide").define_attribute("lens", "tele").create();
    refused(here.camera().require_attribute("lens", "fish"), "lens", "\"wide\", \"tele\"");
    refused(here.camera().require_attribute("filter", "red"), "filter", "none");
    refused(here.camera().require_attribute("filter"), "filter", "none");
    refused(here.camera().require_attribute("lens", "wide").require_attribute("lens", "fish"),
            "lens", "\"wide\", \"tele\"");
    // Another type is told first, whatever the attributes.
    CHECK(caught([&] {
              return here.node.service("camera")
                  .publish_subscribe<double>()
                  .require_attribute("lens", "wide")
                  .open_or_create();
          }).code() == errc::incompatible_type);
}

TEST_CASE("open_or_create makes a service with the attributes that it requires, so that the next "
          "one finds them") {
    const world here;
    const auto made = here.camera().require_attribute("lens", "wide").open_or_create();
    CHECK(made.attributes() == attributes{{"lens", "wide"}});
    CHECK(here.camera().require_attribute("lens", "wide").open_or_create());
    const auto thrown =
        caught([&] { return here.bell().require_attribute("tone").open_or_create(); });
    CHECK(thrown.code() == errc::incompatible_attribute);
    CHECK(thrown.wanted() == "any value");
    std::error_code ec;
    CHECK_FALSE(here.bell().open(ec));
    CHECK(ec == errc::service_not_found);
}

TEST_CASE("attributes that can't be stored are refused, with what can") {
    const world here;
    const auto refused = [&](const std::string& key, const std::string& value) {
        const auto thrown =
            caught([&] { return here.camera().define_attribute(key, value).create(); });
        CHECK(thrown.code() == errc::invalid_value);
        CHECK(caught([&] { return here.camera().require_attribute(key, value).open(); }).code() ==
              errc::invalid_value);
    };
    refused("", "empty key");
    refused(std::string(256, 'k'), "long key");
    refused("long value", std::string(4097, 'v'));
    refused("not UTF-8", "\xff");
    refused(std::string("k\0", 2), "NUL");
    auto many = here.camera();
    for (int i = 0; i < 257; ++i) many.define_attribute("k", std::to_string(i));
    CHECK(caught([&] { return many.create(); }).property() == "attributes");
    auto large = here.camera();
    for (int i = 0; i < 16; ++i) large.define_attribute("k", std::string(4096, 'v'));
    CHECK(contains(caught([&] { return large.create(); }).property(), "static configuration"));
    CHECK(here.root.listing().size() == 3);  // the node's
    CHECK(here.camera().define_attribute(std::string(255, 'k'), std::string(4096, 'v')).create());
}

}  // namespace tests::attribute_cases
