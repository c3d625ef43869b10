#include "world.hpp"

#include <atomic>
#include <map>
#include <set>
#include <thread>

namespace tests::event_life_cases {

using namespace tests::events;

TEST_CASE(
    "an event service is created once, opened while it is there, and gone with its last port") {
    world here;
    CHECK(caught([&] { return here.bell().open(); }).code() == errc::service_not_found);
    for (int round = 0; round < 2; ++round) {
        auto service = here.bell().create();
        CHECK(caught([&] { return here.bell().create(); }).code() == errc::service_exists);
        CHECK(here.bell().open());
        auto notifier = service.notifier().create();
        auto listener = service.listener().create();
        service = {};
        CHECK_FALSE(notifier.notify(event_id(1)));  // the ports go on
        CHECK(of(listener.try_wait()) == ids{1});
        CHECK(caught([&] { return here.bell().create(); }).code() == errc::service_exists);
        if (round == 0) notifier = {};
        else listener = {};
        // One port alone keeps it, and meets who comes then.
        auto other = here.bell().open();
        if (round == 0) other.notifier().create().notify(event_id(2));
        else listener = other.listener().create();
        other = {};
        if (round == 1) notifier.notify(event_id(2));
        CHECK(of(listener.try_wait()) == ids{2});
        notifier = {};
        listener = {};
        CHECK(caught([&] { return here.bell().open(); }).code() == errc::service_not_found);
    }
    CHECK(here.bell().open_or_create());
}

TEST_CASE("every notifier reaches every listener, with as many of both as agreed") {
    constexpr std::uint64_t ports = 6;
    world here;
    const auto service = here.bell().max_notifiers(ports).max_listeners(ports).create();
    std::vector<elkodon::notifier> notifiers;
    std::vector<elkodon::listener> listeners;
    for (std::uint64_t i = 0; i < ports; ++i) {
        notifiers.push_back(service.notifier().default_event_id(event_id(10 + i)).create());
        listeners.push_back(here.bell().open().listener().create());
    }
    for (std::uint64_t i = 0; i < ports; ++i) {
        CHECK_FALSE(notifiers[i].notify());
        for (auto& each : listeners) CHECK(of(each.try_wait()) == ids{10 + i});
    }
    ids all;
    for (std::uint64_t i = 0; i < ports; ++i) {
        for (std::uint64_t id = 0; id < 4; ++id) {
            CHECK_FALSE(notifiers[i].notify(event_id(20 + 4 * i + id)));
            all.push_back(20 + 4 * i + id);
        }
    }
    for (auto& each : listeners) CHECK(of(each.try_wait()) == all);
}

TEST_CASE("a listener that comes and goes while others ring hears them each time") {
    world here;
    const auto service = here.bell().create();
    std::atomic<bool> enough{false};
    std::vector<std::thread> ringing;
    for (const std::uint64_t id : ids{3, 4})
        ringing.emplace_back([&, id] {
            auto notifier = service.notifier().create();
            while (!enough) {
                notifier.notify(event_id(id));
                std::this_thread::yield();
            }
        });
    for (int round = 0; round < 50; ++round) {
        auto listener = service.listener().create();
        for (const auto id : listener.blocking_wait())
            if (id != event_id(3) && id != event_id(4)) FAIL_CHECK(id.value());
    }
    enough = true;
    for (auto& thread : ringing) thread.join();
}

TEST_CASE("each notifier and each listener has an id of its own") {
    world here;
    const auto service = here.bell().create();
    std::vector<elkodon::notifier> notifiers;
    std::vector<elkodon::listener> listeners;
    std::set<elkodon::port_id> seen;
    for (int i = 0; i < 10; ++i) {
        notifiers.push_back(service.notifier().create());
        listeners.push_back(service.listener().create());
        seen.insert(notifiers.back().id());
        seen.insert(listeners.back().id());
    }
    CHECK(seen.size() == 20);
    CHECK(seen.count(elkodon::port_id{}) == 0);
}

TEST_CASE("listeners hear that a notifier was created and that it was dropped, where the service "
          "says so") {
    world here;
    const auto service = here.bell()
                             .notifier_created_event(event_id(31))
                             .notifier_dropped_event(event_id(28))
                             .create();
    auto listener = service.listener().counting().create();
    auto notifier = here.bell().open().notifier().create();
    auto heard = listener.try_wait();
    CHECK(of(heard) == ids{31});
    CHECK(heard.count(event_id(31)) == 1);
    auto moved = std::move(notifier);
    notifier = {};
    CHECK(listener.try_wait().empty());
    moved = {};
    heard = listener.try_wait();
    CHECK(of(heard) == ids{28});
    CHECK(heard.count(event_id(28)) == 1);
}

TEST_CASE("a notifier that comes and goes wakes a listener that sleeps") {
    world here;
    const auto service =
        here.bell().notifier_created_event(event_id(1)).notifier_dropped_event(event_id(2)).create();
    auto listener = service.listener().create();
    for (int round = 0; round < 20; ++round) {
        std::thread elsewhere([&] { service.notifier().create(); });
        ids heard;
        while (heard.empty() || heard.back() != 2)
            for (const auto id : listener.blocking_wait()) heard.push_back(id.value());
        elsewhere.join();
        CHECK(heard.front() == 1);
    }
}

TEST_CASE("a notifier comes and goes unheard where the service has no such events") {
    world here;
    const auto service = here.bell()
                             .notifier_created_event(std::nullopt)
                             .notifier_dropped_event(std::nullopt)
                             .create();
    auto listener = service.listener().create();
    auto notifier = here.bell().open().notifier().create();
    CHECK(listener.try_wait().empty());
    notifier = {};
    CHECK(listener.try_wait().empty());
}

TEST_CASE("a notifier that could not be created rings nothing") {
    world here;
    const auto service = here.bell()
                             .max_notifiers(1)
                             .notifier_created_event(event_id(1))
                             .notifier_dropped_event(event_id(2))
                             .create();
    auto listener = service.listener().create();
    const auto only = service.notifier().create();
    CHECK(of(listener.try_wait()) == ids{1});
    CHECK(caught([&] { return service.notifier().create(); }).code() == errc::port_limit_reached);
    CHECK(caught([&] {
              return service.notifier().default_event_id(event_id(999)).create();
          }).code() == errc::event_id_out_of_range);
    CHECK(listener.try_wait().empty());
}

TEST_CASE("notifiers and listeners have the name that they were given, and none otherwise") {
    world here;
    const auto service = here.bell().create();
    const auto notifier = service.notifier().name("door").create();
    const auto listener = service.listener().name("hall").create();
    CHECK(notifier.name() == "door");
    CHECK(listener.name() == "hall");
    CHECK(service.notifier().create().name().empty());
    CHECK(service.listener().create().name().empty());
    CHECK(elkodon::notifier{}.name().empty());
    CHECK(elkodon::listener{}.name().empty());
    const std::string too_long(65, 'x');
    CHECK(caught([&] { return service.notifier().name(too_long).create(); }).code() ==
          errc::invalid_name);
    CHECK(caught([&] { return service.listener().name(too_long).create(); }).code() ==
          errc::invalid_name);
}

TEST_CASE(
    "an event service's details name its nodes, notifiers and listeners, while they are there") {
    world here;
    const auto other = elkodon::node::create();
    const auto details = [] {
        auto found = elkodon::find_service("bell", elkodon::messaging_pattern::event);
        REQUIRE(found);
        return *found;
    };
    const auto service = here.bell().create();
    CHECK(details().nodes == std::vector{here.node.id()});
    CHECK(details().ports.empty());
    auto opened = other.service("bell").event().open();
    CHECK(details().nodes.size() == 2);
    auto notifier = service.notifier().name("door").create();
    auto a = opened.listener().create(), b = service.listener().create();
    std::map<elkodon::port_id, std::pair<elkodon::port_role, std::string>> found;
    for (const auto& port : details().ports) found[port.id] = {port.role, port.name};
    const auto role = elkodon::port_role::listener;
    CHECK(found == decltype(found){{notifier.id(), {elkodon::port_role::notifier, "door"}},
                                   {a.id(), {role, ""}},
                                   {b.id(), {role, ""}}});
    a = {};
    opened = {};
    CHECK(details().nodes.size() == 1);
    CHECK(details().ports.size() == 2);
    notifier = {};
    b = {};
    CHECK(details().ports.empty());
}

}  // namespace tests::event_life_cases
