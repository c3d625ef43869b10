#include "../caught.hpp"

#include <elkodon/elkodon.hpp>
#include <support/scratch_root.hpp>

namespace tests::container_sending_cases {
namespace {

using name = elkodon::static_string<8>;
using reading = elkodon::variant<std::uint32_t, name>;
using readings = elkodon::static_vector<elkodon::optional<reading>, 4>;
using table = elkodon::static_map<name, elkodon::static_vector<float, 3>, 5>;

struct report {
    readings recent;
    table positions;
    friend bool operator==(const report&, const report&) = default;
};

report example() {
    report made;
    made.recent = {reading(3u), std::nullopt, reading("three")};
    made.positions["left"] = {1, 2, 3};
    made.positions["right"] = {4};
    return made;
}

}  // namespace

TEST_CASE("containers in containers are sent and received in place") {
    support::scratch_root root;
    auto service = elkodon::node::create().service("reports").publish_subscribe<report>().create();
    auto publisher = service.publisher().create();
    auto subscriber = service.subscriber().create();
    for (std::uint32_t round = 0; round < 100; ++round) {
        auto loan =
            publisher.loan_uninit();  // from the second turn on with an older report's bytes
        auto& made = loan.emplace();
        CHECK(made == report{});
        made = example();
        made.recent.push_back(reading(round));
        CHECK_FALSE(publisher.send(std::move(loan)));
        const auto sample = subscriber.receive();
        REQUIRE(sample);
        CHECK(sample->positions == example().positions);
        CHECK(sample->positions.at("left")[2] == 3.0f);
        CHECK(sample->recent.size() == 4);
        CHECK_FALSE(sample->recent[1]);
        CHECK(get<name>(*sample->recent[2]) == "three");
        CHECK(get<std::uint32_t>(*sample->recent[3]) == round);
        auto copy = *sample;
        CHECK(std::string(get<name>(*copy.recent[2]).c_str()) == "three");
    }
}

TEST_CASE("a service knows containers by a name that is made of their parts") {
    support::scratch_root root;
    auto node = elkodon::node::create();
    auto service = node.service("table").publish_subscribe<table>().create();
    using shorter = elkodon::static_map<name, elkodon::static_vector<float, 3>, 4>;
    const auto error =
        caught([&] { return node.service("table").publish_subscribe<shorter>().open(); });
    CHECK(error.found() == "static_map<static_string<8>, static_vector<f32, 3>, 5>");
    CHECK(error.wanted() == "static_map<static_string<8>, static_vector<f32, 3>, 4>");
}

}  // namespace tests::container_sending_cases
