#include "world.hpp"

#include <algorithm>
#include <thread>

namespace tests::notify_one_cases {

using namespace tests::events;

TEST_CASE("one listener alone is rung by its id, with the default event id or another") {
    world here;
    const auto service = here.bell().create();
    auto a = service.listener().create(), b = service.listener().create(),
         c = service.listener().create();
    auto notifier = here.bell().open().notifier().default_event_id(event_id(32)).create();
    CHECK_FALSE(notifier.notify_one(b.id()));
    CHECK(a.try_wait().empty());
    CHECK(of(b.try_wait()) == ids{32});
    CHECK(c.try_wait().empty());
    for (std::uint64_t id = 37; id < 42; ++id) {
        CHECK_FALSE(notifier.notify_one(b.id(), event_id(id)));
        CHECK(a.try_wait().empty());
        CHECK(of(b.try_wait()) == ids{id});
        CHECK(c.try_wait().empty());
    }
}

TEST_CASE("several listeners are rung one by one, and whoever comes later can be rung, too") {
    world here;
    const auto service = here.bell().create();
    auto notifier = service.notifier().create();
    CHECK(notifier.listeners().empty());
    auto a = service.listener().create(), b = service.listener().create(),
         c = service.listener().create();
    auto found = notifier.listeners();
    std::vector<elkodon::port_id> there{a.id(), b.id(), c.id()};
    std::sort(found.begin(), found.end());
    std::sort(there.begin(), there.end());
    CHECK(found == there);
    for (const auto& id : {a.id(), c.id()}) CHECK_FALSE(notifier.notify_one(id, event_id(5)));
    CHECK(of(a.try_wait()) == ids{5});
    CHECK(b.try_wait().empty());
    CHECK(of(c.try_wait()) == ids{5});
    CHECK_FALSE(notifier.notify(event_id(6)));
    CHECK(of(a.try_wait()) == ids{6});
    CHECK(of(b.try_wait()) == ids{6});
}

TEST_CASE("a listener that has ended, or never was one of the service, can't be rung alone") {
    world here;
    const auto service = here.bell().create();
    auto notifier = service.notifier().create();
    auto listener = service.listener().create();
    const auto id = listener.id();
    CHECK_FALSE(notifier.notify_one(id));
    listener = {};
    const auto successor = service.listener().create();  // in the same place
    auto elsewhere = here.node.service("other").event().create().listener().create();
    for (const auto& wrong : {id, elsewhere.id(), notifier.id(), elkodon::port_id{}}) {
        CHECK(notifier.notify_one(wrong) == errc::listener_not_found);
        CHECK(notifier.notify_one(wrong, event_id(1)) == errc::listener_not_found);
    }
    CHECK(notifier.listeners() == std::vector{successor.id()});
    CHECK(elsewhere.try_wait().empty());
}

TEST_CASE("an id above event_id_max_value is refused for one listener as for all") {
    world here;
    const auto service = here.bell().event_id_max_value(10).create();
    auto notifier = service.notifier().default_event_id(event_id(3)).create();
    auto listener = service.listener().create();
    CHECK(notifier.notify_one(listener.id(), event_id(11)) == errc::event_id_out_of_range);
    CHECK(listener.try_wait().empty());
    CHECK_FALSE(notifier.notify_one(listener.id(), event_id(10)));
    CHECK(of(listener.try_wait()) == ids{10});
}

TEST_CASE("a listener that sleeps is woken by a ring for it alone, by one that knew it and one "
          "that didn't") {
    world here;
    const auto service = here.bell().create();
    auto listener = service.listener().create(), other = service.listener().create();
    auto early = service.notifier().create();
    for (std::uint64_t round = 0; round < 50; ++round) {
        std::thread elsewhere([&] {
            if (round % 2 == 0) early.notify_one(listener.id(), event_id(round));
            else service.notifier().create().notify_one(listener.id(), event_id(round));
        });
        CHECK(of(listener.blocking_wait()) == ids{round});
        elsewhere.join();
    }
    CHECK(other.try_wait().empty());
}

TEST_CASE("a notifier that skips its own node rings the listeners of other nodes alone") {
    world here;
    const auto service = here.bell().create();
    const auto node = elkodon::node::create();
    auto elsewhere = node.service("bell").event().open().listener().create();
    auto skipping = service.notifier().skip_own_node().create();
    auto listener = service.listener().create();
    CHECK_FALSE(skipping.notify(event_id(1)));
    auto later = service.listener().create();
    CHECK_FALSE(skipping.notify(event_id(2)));
    CHECK(listener.try_wait().empty());
    CHECK(later.try_wait().empty());
    CHECK(of(elsewhere.try_wait()) == ids{1, 2});
    // Asked for by name it is rung: that isn't an echo.
    CHECK_FALSE(skipping.notify_one(listener.id(), event_id(3)));
    CHECK(of(listener.try_wait()) == ids{3});
}

TEST_CASE("an empty notifier knows nobody") {
    elkodon::notifier nobody;
    CHECK(nobody.notify_one(elkodon::port_id{1}) == errc::closed);
    CHECK(nobody.notify_one(elkodon::port_id{1}, event_id(1)) == errc::closed);
    CHECK(caught([&] { return nobody.listeners(); }).code() == errc::closed);
    std::error_code ec;
    CHECK(nobody.listeners(ec).empty());
    CHECK(ec == errc::closed);
    CHECK(nobody.deadline() == 0s);
}

}  // namespace tests::notify_one_cases
