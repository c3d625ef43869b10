// Listeners, wait sets and watches; time.
#pragma once

#include "kit.hpp"

namespace conformance {

TEMPLATE_LIST_TEST_CASE("an event wakes, its ids are a set, and can be taken one by one", "", kits) {
    fixture<TestType> at;
    auto service = at.world.event().create();
    auto notifier = service.notifier().create();
    typename TestType::listener bell{at.loop(), service.listener().create()};
    const auto body = [](auto& bells, std::vector<std::size_t>& counts) -> task<> {
        auto all = co_await bells.async_wait();
        counts.push_back(static_cast<std::size_t>(std::distance(all.begin(), all.end())));
        for (int i = 0; i < 2; ++i) {
            auto one = co_await bells.async_wait_one();
            counts.push_back((*one.begin()).value());
        }
    };
    std::vector<std::size_t> counts;
    auto running = at.loop().spawn(body(bell, counts));
    at.kit.settle();
    for (int i = 0; i < 2; ++i)
        for (std::uint64_t id : {3, 4, 5}) REQUIRE_FALSE(notifier.notify(elkodon::event_id{id}));
    at.kit.until([&] { return counts.size() == 1; });
    notifier.notify(elkodon::event_id{9});
    notifier.notify(elkodon::event_id{7});
    at.kit.until([&] { return running.done(); });
    CHECK(counts == std::vector<std::size_t>{3, 7, 9});
}

TEMPLATE_LIST_TEST_CASE("a wait set waits for many ports at once", "", kits) {
    fixture<TestType> at;
    auto port = at.numbers.subscriber().create();
    auto set = at.world.node().wait_set().create();
    const auto attached = set.attach(port);
    typename TestType::wait_set waits{at.loop(), std::move(set)};
    const auto body = [](auto& all, auto& key, auto& from) -> task<std::uint64_t> {
        auto ready = co_await all.async_wait();
        if (!ready.contains(key)) co_return 0;
        co_return *from.receive();
    };
    auto running = at.loop().spawn(body(waits, attached, port));
    at.kit.settle();
    at.send(8);
    CHECK(at.result(running) == 8);
}

TEMPLATE_LIST_TEST_CASE("a watch tells what appears", "", kits) {
    fixture<TestType> at;
    typename TestType::watch watch{at.loop(), at.world.node().watch().create()};
    bool appeared = false;
    const auto body = [](auto& changes, bool& there) -> task<> {
        while (auto change = co_await changes.next())
            if (change.kind == elkodon::change::appeared && change.name == "late") there = true;
    };
    auto running = at.loop().spawn(body(watch, appeared));
    at.kit.settle();
    auto late = at.world.template publish_subscribe<int>("late").create();
    at.kit.until([&] { return appeared; });
    watch.close();
    at.kit.until([&] { return running.done(); });
}

TEMPLATE_LIST_TEST_CASE("sleepers wake in the order of their times", "", kits) {
    fixture<TestType> at;
    std::vector<int> order;
    const auto body = [](auto& loop, std::chrono::milliseconds time, int which,
                         std::vector<int>& into) -> task<> {
        const auto begin = loop.now();
        co_await loop.async_sleep_for(time);
        if (loop.now() - begin >= time) into.push_back(which);
    };
    for (int i : {3, 1, 2}) at.loop().spawn(body(at.loop(), i * 10ms, i, order));
    at.kit.pass(30ms, [&] { return order.size() == 3; });
    CHECK(order == std::vector<int>{1, 2, 3});
}

}  // namespace conformance
