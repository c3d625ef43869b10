#include "world.hpp"

#include <optional>

namespace tests::event_settings_cases {

using namespace tests::events;

TEST_CASE("an event service says what its creator chose, whoever opened it") {
    world here;
    const auto made = here.bell()
                          .max_notifiers(3)
                          .max_listeners(4)
                          .max_nodes(5)
                          .event_id_max_value(99)
                          .deadline(556s)
                          .notifier_created_event(event_id(31))
                          .notifier_dropped_event(event_id(28))
                          .notifier_dead_event(event_id(0))
                          .create();
    for (const auto& service : {made, here.bell().open(), here.bell().open_or_create()}) {
        CHECK(service.max_notifiers() == 3);
        CHECK(service.max_listeners() == 4);
        CHECK(service.max_nodes() == 5);
        CHECK(service.event_id_max_value() == 99);
        CHECK(service.deadline() == 556s);
        CHECK(service.notifier_created_event() == event_id(31));
        CHECK(service.notifier_dropped_event() == event_id(28));
        CHECK(service.notifier_dead_event() == event_id(0));
        CHECK(service.notifier().create().deadline() == 556s);
        CHECK(service.listener().create().deadline() == 556s);
    }
}

TEST_CASE(
    "what the creator of an event service doesn't choose has a default, and no event of its own") {
    world here;
    const auto service = here.bell().create();
    CHECK(service.max_notifiers() == 16);
    CHECK(service.max_listeners() == 16);
    CHECK(service.max_nodes() == 16'384);
    CHECK(service.event_id_max_value() == 255);
    CHECK(service.deadline() == 0s);
    CHECK(service.notifier_created_event() == std::nullopt);
    CHECK(service.notifier_dropped_event() == std::nullopt);
    CHECK(service.notifier_dead_event() == std::nullopt);
    CHECK(service.notifier().create().deadline() == 0s);
    CHECK(service.listener().create().deadline() == 0s);
    const elkodon::event_service empty;
    CHECK(empty.max_nodes() == 0);
    CHECK(empty.notifier_dead_event() == std::nullopt);
}

TEST_CASE("an event service is opened with the deadline and the events that it has, or with none "
          "in mind") {
    world here;
    const auto service = here.bell().deadline(2s).notifier_dead_event(event_id(7)).create();
    CHECK(here.bell().open());
    CHECK(here.bell().deadline(2000ms).open());
    CHECK(here.bell().notifier_dead_event(event_id(7)).open());
    CHECK(here.bell().notifier_created_event(std::nullopt).open());
    struct {
        elkodon::event_builder builder;
        std::string property, wanted, found;
    } const wrong[] = {
        {here.bell().deadline(1s), "deadline_ns", "1000000000", "2000000000"},
        {here.bell().deadline(0s), "deadline_ns", "0", "2000000000"},
        {here.bell().notifier_dead_event(event_id(8)), "notifier_dead_event", "8", "7"},
        {here.bell().notifier_dead_event(std::nullopt), "notifier_dead_event", "none", "7"},
        {here.bell().notifier_created_event(event_id(0)), "notifier_created_event", "0", "none"},
        {here.bell().notifier_dropped_event(event_id(7)), "notifier_dropped_event", "7", "none"}};
    for (const auto& each : wrong) {
        CAPTURE(each.property, each.wanted);
        for (const auto& error : {caught([&] { return each.builder.open(); }),
                                  caught([&] { return each.builder.open_or_create(); })}) {
            CHECK(error.code() == errc::incompatible_property);
            CHECK(error.property() == each.property);
            CHECK(error.wanted() == each.wanted);
            CHECK(error.found() == each.found);
            CHECK(contains(error.what(), "\"bell\""));
        }
    }
}

TEST_CASE("an event of a notifier's life above event_id_max_value can't be rung, so no service is "
          "made with it") {
    world here;
    for (const std::uint64_t id : {std::uint64_t{8}, std::uint64_t{(1U << 24) - 1}}) {
        for (const auto& error : {caught([&] {
                                      return here.bell()
                                          .event_id_max_value(7)
                                          .notifier_created_event(event_id(id))
                                          .create();
                                  }),
                                  caught([&] {
                                      return here.bell()
                                          .event_id_max_value(7)
                                          .notifier_dropped_event(event_id(id))
                                          .create();
                                  }),
                                  caught([&] {
                                      return here.bell()
                                          .event_id_max_value(7)
                                          .notifier_dead_event(event_id(id))
                                          .open_or_create();
                                  })}) {
            CHECK(error.code() == errc::event_id_out_of_range);
            CHECK(contains(error.property(), "notifier_"));
            CHECK(error.wanted() == "at most 7");
            CHECK(error.found() == std::to_string(id));
        }
        CHECK(std::filesystem::is_empty(here.root.services()));
    }
    for (const std::uint64_t id : {std::uint64_t{1} << 24, ~std::uint64_t{0}})
        CHECK(caught([&] {
                  return here.bell().notifier_dead_event(event_id(id)).create();
              }).code() == errc::invalid_value);
    CHECK(here.bell().event_id_max_value(7).notifier_dead_event(event_id(7)).create());
    // Who opens asks for what is there, whatever his own largest id.
    const auto service = here.node.service("wide")
                             .event()
                             .event_id_max_value(999)
                             .notifier_dead_event(event_id(900))
                             .create();
    CHECK(here.node.service("wide").event().notifier_dead_event(event_id(900)).open());
}

TEST_CASE(
    "a deadline is kept to the nanosecond, and one that can't be is refused with its bounds") {
    world here;
    CHECK(here.bell().deadline(1ns).create().deadline() == 1ns);
    CHECK(here.bell().deadline(std::chrono::duration<double>(0.5)).create().deadline() == 500ms);
    CHECK(here.bell().deadline(std::chrono::duration<double, std::nano>(0.1)).create().deadline() ==
          1ns);
    CHECK(here.bell().deadline(24h * 365 * 100).create().deadline() == 24h * 365 * 100);
    for (const auto& builder : {here.bell().deadline(-1ns), here.bell().deadline(24h * 365 * 101),
                                here.bell().deadline(std::chrono::hours::max())}) {
        const auto error = caught([&] { return builder.create(); });
        CHECK(error.code() == errc::invalid_value);
        CHECK(error.property() == "deadline_ns");
    }
}

TEST_CASE("no more nodes than agreed have an event service open, each counted once, and a place "
          "that becomes free "
          "is taken again") {
    world here;
    const auto service = here.bell().max_nodes(2).create();
    auto second = elkodon::node::create();
    const auto third = elkodon::node::create();
    for (int round = 0; round < 2; ++round) {
        std::vector<elkodon::event_service> opened;
        for (int i = 0; i < 3; ++i) opened.push_back(second.service("bell").event().open());
        for (int i = 0; i < 3; ++i) opened.push_back(here.bell().open());
        for (const auto& error :
             {caught([&] { return third.service("bell").event().open(); }),
              caught([&] { return third.service("bell").event().open_or_create(); })}) {
            CHECK(error.code() == errc::node_limit_reached);
            CHECK(error.property() == "max_nodes");
            CHECK(error.wanted() == "3");
            CHECK(error.found() == "2");
            CHECK(contains(error.what(), "\"bell\""));
        }
        opened.erase(opened.begin(), opened.begin() + 2);
        CHECK(caught([&] { return third.service("bell").event().open(); }).code() ==
              errc::node_limit_reached);
        opened.clear();
        CHECK(third.service("bell").event().open());
    }
}

TEST_CASE(
    "what the creator of an event service doesn't choose comes from its node's configuration") {
    support::scratch_root root;
    auto config = elkodon::configuration::load();
    config.event.max_notifiers = 5;
    config.event.max_listeners = 6;
    config.event.max_nodes = 7;
    config.event.event_id_max_value = 8;
    config.event.deadline = 9ms;
    const auto strict = elkodon::node::create(config), plain = elkodon::node::create();
    const auto made = strict.service("bell").event().create();
    for (const auto& service : {made, plain.service("bell").event().open()}) {
        CHECK(service.max_notifiers() == 5);
        CHECK(service.max_listeners() == 6);
        CHECK(service.max_nodes() == 7);
        CHECK(service.event_id_max_value() == 8);
        CHECK(service.deadline() == 9ms);
    }
    // Whoever opens gets what there is, whatever he is configured with.
    const auto other = plain.service("other").event().create();
    CHECK(strict.service("other").event().open().deadline() == 0ms);
    // And the creator can do without.
    const auto without = strict.service("without").event().deadline(0s).create();
    CHECK(without.deadline() == 0s);
    CHECK(without.notifier().create().deadline() == 0s);
    CHECK(plain.service("without").event().open().listener().create().deadline() == 0s);
}

}  // namespace tests::event_settings_cases
