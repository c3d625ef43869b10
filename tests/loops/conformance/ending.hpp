// Cancelling, closing, destroying, stopping: nothing is lost, nothing is called that should not be, nothing leaks.
#pragma once

#include "kit.hpp"

#include <optional>

namespace conformance {

TEMPLATE_LIST_TEST_CASE("a pending receive that is cancelled has taken nothing", "", kits) {
    fixture<TestType> at;
    auto from = at.receiver();
    seen got, more;
    auto running = at.loop().spawn(receive(from, 1, got));
    at.kit.settle();
    from.cancel();
    CHECK_FALSE(running.done());  // not inside of cancel()
    at.kit.until([&] { return running.done(); });
    CHECK(got.error == stopped);
    at.send(1);
    auto next = at.loop().spawn(receive(from, 1, more));
    at.kit.until([&] { return next.done(); });
    CHECK(more.values == std::vector<std::uint64_t>{1});
}

TEMPLATE_LIST_TEST_CASE("a receive that is cancelled when its message has come has taken nothing",
                        "",
                        kits) {
    fixture<TestType> at;
    auto from = at.receiver();
    seen got, more;
    auto running = at.loop().spawn(receive(from, 1, got));
    at.kit.settle();
    at.send(1);
    from.cancel();
    at.kit.until([&] { return running.done(); });
    CHECK(got.error == stopped);
    auto next = at.loop().spawn(receive(from, 1, more));
    at.kit.until([&] { return next.done(); });
    CHECK(more.values == std::vector<std::uint64_t>{1});
}

TEMPLATE_LIST_TEST_CASE("a stop of its task ends a receive, before and after it has begun",
                        "",
                        kits) {
    fixture<TestType> at;
    auto from = at.receiver();
    seen pending, early;
    auto running = at.loop().spawn(receive(from, 1, pending));
    at.kit.settle();
    running.cancel();
    at.kit.until([&] { return running.done(); });
    CHECK(pending.error == stopped);
    at.send(1);
    auto never = at.loop().spawn(receive_or_throw(from, early));
    never.cancel();
    at.kit.until([&] { return never.done(); });
    CHECK(early.error == stopped);
    CHECK(*from.port().receive() == 1);
}

TEMPLATE_LIST_TEST_CASE("a stop of its task ends a sleep", "", kits) {
    fixture<TestType> at;
    std::error_code error;
    const auto body = [](auto& loop, std::error_code& ec) -> task<> {
        co_await loop.async_sleep_for(1h, ec);
    };
    auto running = at.loop().spawn(body(at.loop(), error));
    at.kit.settle();
    running.cancel();
    at.kit.until([&] { return running.done(); });
    CHECK(error == stopped);
}

// Each kind of operation, pending.
template <class Kit>
struct everything {
    fixture<Kit>& at;
    typename Kit::template subscriber<std::uint64_t> one = at.receiver(), many = at.receiver(),
                                                     news = at.receiver();
    typename Kit::listener bell{at.kit.loop, at.world.event().open_or_create().listener().create()};
    typename Kit::listener other{at.kit.loop, at.world.event().open_or_create().listener().create()};
    typename Kit::wait_set waits{at.kit.loop, at.world.node().wait_set().create()};
    std::vector<std::error_code> errors{6};

    template <class Await>
    static task<> keep(Await what, std::error_code& into) {
        try {
            (void)co_await std::move(what);
        } catch (const std::system_error& failure) {
            into = failure.code();
        }
    }
    static task<> batch(typename Kit::template subscriber<std::uint64_t>& from,
                        std::error_code& into) {
        std::array<elkodon::sample<std::uint64_t>, 4> samples;
        co_await from.async_receive_many(samples, into);
    }

    auto begin() {
        auto& loop = at.kit.loop;
        std::vector<decltype(loop.spawn(task<>()))> running;
        running.push_back(loop.spawn(keep(one.async_receive(), errors[0])));
        running.push_back(loop.spawn(batch(many, errors[1])));
        running.push_back(loop.spawn(keep(news.async_wait(), errors[2])));
        running.push_back(loop.spawn(keep(bell.async_wait(), errors[3])));
        running.push_back(loop.spawn(keep(other.async_wait_one(), errors[4])));
        running.push_back(loop.spawn(keep(waits.async_wait(), errors[5])));
        at.kit.settle();
        for (const auto& each : running) CHECK_FALSE(each.done());
        return running;
    }
    template <class F>
    void for_each(F f) {
        f(one), f(many), f(news), f(bell), f(other), f(waits);
    }
};

TEMPLATE_LIST_TEST_CASE("close() and cancel() end every kind of operation", "", kits) {
    fixture<TestType> at;
    const bool closes = GENERATE(false, true);
    everything<TestType> all{at};
    auto running = all.begin();
    all.for_each([&](auto& each) { closes ? each.close() : each.cancel(); });
    at.kit.until([&] {
        for (const auto& each : running)
            if (!each.done()) return false;
        return true;
    });
    for (const auto& each : all.errors) CHECK(each == stopped);
}

TEMPLATE_LIST_TEST_CASE("an object that is destroyed ends what is outstanding", "", kits) {
    fixture<TestType> at;
    std::optional<typename fixture<TestType>::subscriber> from{at.receiver()};
    seen got;
    auto running = at.loop().spawn(receive(*from, 1, got));
    at.kit.settle();
    from.reset();
    at.kit.until([&] { return running.done(); });
    CHECK(got.error == stopped);
}

TEMPLATE_LIST_TEST_CASE("a task that is destroyed while it waits leaves the port as it was",
                        "",
                        kits) {
    fixture<TestType> at;
    auto from = at.receiver();
    const auto child = [](auto& numbers) -> task<> {
        const counted held;
        co_await numbers.async_receive();
    };
    const auto parent = [child](auto& numbers, auto& loop) -> task<> {
        elkodon::task_scope scope;
        scope.spawn(child(numbers));
        co_await loop.async_sleep_for(0s);
        CHECK(counted::alive == 1);
    };
    auto running = at.loop().spawn(parent(from, at.loop()));
    at.kit.until([&] { return running.done(); });
    CHECK(counted::alive == 0);
    at.send(4);
    seen got;
    auto next = at.loop().spawn(receive(from, 1, got));
    at.kit.until([&] { return next.done(); });
    CHECK(got.values == std::vector<std::uint64_t>{4});
}

TEMPLATE_LIST_TEST_CASE("an object may be destroyed by the coroutine that it has woken", "", kits) {
    fixture<TestType> at;
    auto from = std::make_unique<typename fixture<TestType>::subscriber>(at.receiver());
    const auto body = [](auto& numbers) -> task<std::uint64_t> {
        auto sample = co_await numbers->async_receive();
        numbers.reset();
        co_return *sample;
    };
    auto running = at.loop().spawn(body(from));
    at.kit.settle();
    at.send(6);
    CHECK(at.result(running) == 6);
}

TEMPLATE_LIST_TEST_CASE(
    "a loop that ends with operations outstanding calls nothing and leaks nothing", "", kits) {
    test::world world;
    auto service = world.publish_subscribe<std::uint64_t>().create();
    auto publisher = service.publisher().create();
    const auto holds = [](auto numbers, auto& loop, auto& calls) -> task<> {
        const counted held;
        auto sample = co_await numbers.async_receive();
        ++calls;
        auto any = elkodon::when_any(numbers.async_receive(), loop.async_sleep_for(1h));
        co_await std::move(any);
        ++calls;
    };
    int calls = 0;
    std::optional<typename TestType::template subscriber<std::uint64_t>> outlives;
    decltype(std::declval<typename TestType::loop_type&>().spawn(task<>())) handle, other;
    {
        TestType kit;
        outlives.emplace(kit.loop, service.subscriber().create());
        handle = kit.loop.spawn(holds(
            typename TestType::template subscriber<std::uint64_t>{kit.loop,
                                                                  service.subscriber().create()},
            kit.loop, calls));
        publisher.send_copy(1);
        kit.until([&] { return calls == 1; });
        other = kit.loop.spawn(holds(
            typename TestType::template subscriber<std::uint64_t>{kit.loop,
                                                                  service.subscriber().create()},
            kit.loop, calls));
        publisher.send_copy(2);
        CHECK(counted::alive == 1);
    }
    CHECK(counted::alive == 0);
    CHECK(calls == 1);
    CHECK_FALSE(handle.done());
    CHECK_THROWS_AS(handle.get(), elkodon::error);
    auto port = outlives->release();
    CHECK(port.has_samples());
    // All chunks are free again: as many as may be in use at once are sent.
    for (std::uint64_t i = 0; i < 10'000; ++i) REQUIRE_FALSE(publisher.send_copy(i));
}

TEMPLATE_LIST_TEST_CASE("stop() ends a run; what is outstanding goes on with the next one",
                        "",
                        kits) {
    fixture<TestType> at;
    auto from = at.receiver();
    seen got;
    auto running = at.loop().spawn(receive(from, 2, got));
    at.send(1);
    at.kit.until([&] { return got.values.size() == 1; });
    at.loop().post([&] { at.loop().stop(); });
    at.kit.run_until_stopped();
    CHECK_FALSE(running.done());
    at.send(2);
    at.kit.until([&] { return running.done(); });
    CHECK(got.values.size() == 2);
}

TEMPLATE_LIST_TEST_CASE("what a task throws, its handle gets; without a handle it leaves the loop",
                        "",
                        kits) {
    fixture<TestType> at;
    const auto fails = [](auto& loop) -> task<int> {
        co_await loop.async_sleep_for(0s);
        throw std::runtime_error("on purpose");
    };
    auto running = at.loop().spawn(fails(at.loop()));
    CHECK_THROWS_WITH(at.result(running), "on purpose");
    at.loop().spawn(fails(at.loop()));
    CHECK_THROWS_WITH(at.kit.until([] { return false; }), "on purpose");
}

TEMPLATE_LIST_TEST_CASE("what was posted is called in order", "", kits) {
    fixture<TestType> at;
    std::vector<int> calls;
    for (int i = 0; i < 3; ++i)
        at.loop().post([&calls, own = std::make_unique<int>(i)] { calls.push_back(*own); });
    CHECK(calls.empty());
    at.kit.until([&] { return calls.size() == 3; });
    CHECK(calls == std::vector<int>{0, 1, 2});
}

}  // namespace conformance
