// Receiving: ready, pending, many, cancelled, closed, refused.
#pragma once

#include "kit.hpp"

namespace conformance {

TEMPLATE_LIST_TEST_CASE("a message that is there is received, and one that comes later too",
                        "",
                        kits) {
    fixture<TestType> at;
    auto from = at.receiver();
    at.send(1);
    seen got;
    auto running = at.loop().spawn(receive(from, 3, got));
    at.kit.until([&] { return got.values.size() == 1; });
    CHECK_FALSE(running.done());
    at.send(2);
    at.kit.until([&] { return got.values.size() == 2; });
    at.send(3);
    at.kit.until([&] { return running.done(); });
    CHECK(got.values == std::vector<std::uint64_t>{1, 2, 3});
    CHECK(got.ended == 1);
}

TEMPLATE_LIST_TEST_CASE("one wake for many messages brings them all, and one for each brings each",
                        "",
                        kits) {
    fixture<TestType> at;
    auto from = at.receiver();
    seen got;
    auto running = at.loop().spawn(receive(from, 20, got));
    at.kit.settle();
    for (std::uint64_t i = 0; i < 2; ++i) at.send(i);
    at.kit.until([&] { return got.values.size() == 2; });
    for (std::uint64_t i = 2; i < 20; ++i) {
        at.send(i);
        at.kit.until([&] { return got.values.size() == i + 1; });
    }
    CHECK(running.done());
}

TEMPLATE_LIST_TEST_CASE("next() gives message after message, and ends when the object is closed",
                        "",
                        kits) {
    fixture<TestType> at;
    auto from = at.receiver();
    std::uint64_t sum = 0;
    const auto body = [](auto& numbers, std::uint64_t& into) -> task<> {
        while (auto sample = co_await numbers.next()) into += *sample;
    };
    auto running = at.loop().spawn(body(from, sum));
    at.send(3);
    at.kit.until([&] { return sum == 3; });
    at.send(4);
    at.kit.until([&] { return sum == 7; });
    from.close();
    at.kit.until([&] { return running.done(); });
    running.get();
    CHECK(sum == 7);
    CHECK_FALSE(from.is_open());
}

TEMPLATE_LIST_TEST_CASE("next() throws when it is cancelled", "", kits) {
    fixture<TestType> at;
    auto from = at.receiver();
    const auto body = [](auto& numbers) -> task<> { co_await numbers.next(); };
    auto running = at.loop().spawn(body(from));
    at.kit.settle();
    from.cancel();
    CHECK_THROWS_AS(at.result(running), elkodon::error);
    CHECK(from.is_open());
}

TEMPLATE_LIST_TEST_CASE("a batch waits for one message and takes what is there", "", kits) {
    fixture<TestType> at;
    auto from = at.receiver();
    std::vector<std::size_t> sizes;
    const auto body = [](auto& numbers, std::vector<std::size_t>& into) -> task<> {
        std::array<elkodon::sample<std::uint64_t>, 2> batch;
        for (int i = 0; i < 2; ++i) into.push_back(co_await numbers.async_receive_many(batch));
    };
    auto running = at.loop().spawn(body(from, sizes));
    at.kit.settle();
    at.send(1);
    at.send(2);
    at.kit.until([&] { return sizes.size() == 1; });
    at.send(3);
    at.kit.until([&] { return running.done(); });
    CHECK(sizes == std::vector<std::size_t>{2, 1});
}

TEMPLATE_LIST_TEST_CASE("async_wait takes nothing", "", kits) {
    fixture<TestType> at;
    auto from = at.receiver();
    const auto body = [](auto& numbers) -> task<std::uint64_t> {
        co_await numbers.async_wait();
        co_await numbers.async_wait();
        auto sample = co_await numbers.async_receive();
        co_return *sample;
    };
    auto running = at.loop().spawn(body(from));
    at.kit.settle();
    at.send(5);
    CHECK(at.result(running) == 5);
}

TEMPLATE_LIST_TEST_CASE("async_for_each calls with each message until the object is closed",
                        "",
                        kits) {
    fixture<TestType> at;
    auto from = at.receiver();
    std::uint64_t sum = 0;
    auto running = at.loop().spawn(
        from.async_for_each([&](const elkodon::sample<std::uint64_t>& each) { sum += *each; }));
    at.send(1);
    at.send(2);
    at.kit.until([&] { return sum == 3; });
    from.close();
    at.kit.until([&] { return running.done(); });
}

TEMPLATE_LIST_TEST_CASE(
    "a second operation while one is outstanding is refused, and the first goes on", "", kits) {
    fixture<TestType> at;
    auto from = at.receiver();
    seen first, second;
    auto running = at.loop().spawn(receive(from, 1, first));
    auto refused = at.loop().spawn(receive(from, 1, second));
    at.kit.until([&] { return refused.done(); });
    CHECK(second.error == errc::already_running);
    at.send(1);
    at.kit.until([&] { return running.done(); });
    CHECK(first.values.size() == 1);
}

TEMPLATE_LIST_TEST_CASE("too many borrowed samples are an error, and the message stays", "", kits) {
    fixture<TestType> at;
    auto service = at.world.template publish_subscribe<std::uint64_t>("few")
                       .subscriber_max_borrowed_samples(2)
                       .create();
    auto publisher = service.publisher().create();
    typename fixture<TestType>::subscriber from{at.loop(), service.subscriber().create()};
    for (std::uint64_t i = 0; i < 3; ++i) publisher.send_copy(i);
    const auto body = [](auto& numbers) -> task<std::uint64_t> {
        std::vector<elkodon::sample<std::uint64_t>> held;
        std::error_code error;
        for (int i = 0; i < 2; ++i) held.push_back(co_await numbers.async_receive());
        auto none = co_await numbers.async_receive(error);
        if (error != errc::too_many_borrowed || none) co_return 100;
        held.clear();
        auto last = co_await numbers.async_receive();
        co_return *last;
    };
    auto running = at.loop().spawn(body(from));
    CHECK(at.result(running) == 2);
}

TEMPLATE_LIST_TEST_CASE("a closed object, and one that was moved from, refuse", "", kits) {
    fixture<TestType> at;
    auto from = at.receiver();
    auto moved = std::move(from);
    moved.close();
    seen one, two;
    auto first = at.loop().spawn(receive(from, 1, one));
    auto second = at.loop().spawn(receive_or_throw(moved, two));
    at.kit.until([&] { return first.done() && second.done(); });
    CHECK(one.error == errc::closed);
    CHECK(two.error == errc::closed);
}

TEMPLATE_LIST_TEST_CASE("released, a port is its user's again", "", kits) {
    fixture<TestType> at;
    auto from = at.receiver();
    seen got;
    auto running = at.loop().spawn(receive(from, 1, got));
    at.kit.settle();
    auto port = from.release();
    at.kit.until([&] { return running.done(); });
    CHECK(got.error == stopped);
    at.send(9);
    CHECK(*port.receive() == 9);
    typename fixture<TestType>::subscriber again{at.loop(), std::move(port)};
    at.send(10);
    seen more;
    auto next = at.loop().spawn(receive(again, 1, more));
    at.kit.until([&] { return next.done(); });
    CHECK(more.values == std::vector<std::uint64_t>{10});
}

TEMPLATE_LIST_TEST_CASE("a port that waits elsewhere can't be awaited, nor one that is empty",
                        "",
                        kits) {
    fixture<TestType> at;
    auto port = at.numbers.subscriber().create();
    port.native_handle();
    using subscriber = typename fixture<TestType>::subscriber;
    CHECK_THROWS_AS(subscriber(at.loop(), std::move(port)), elkodon::error);
    CHECK_THROWS_AS(subscriber(at.loop(), {}), elkodon::error);
}

// A coroutine type that somebody else wrote: begins at once, tells nobody. One that throws keeps its frame.
struct foreign {
    std::coroutine_handle<> frame;
    struct promise_type {
        foreign get_return_object() noexcept {
            return {std::coroutine_handle<promise_type>::from_promise(*this)};
        }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() { throw; }
    };
};

TEMPLATE_LIST_TEST_CASE("a coroutine type that isn't ours awaits our operations", "", kits) {
    fixture<TestType> at;
    auto from = at.receiver();
    std::vector<std::uint64_t> got;
    const auto body = [](auto& numbers, auto& loop, std::vector<std::uint64_t>& into) -> foreign {
        for (int i = 0; i < 2; ++i) into.push_back(*co_await numbers.async_receive());
        co_await loop.async_sleep_for(1ms);
        into.push_back(99);
    };
    body(from, at.loop(), got);
    at.kit.settle();
    CHECK(got.empty());
    at.send(1);
    at.send(2);
    at.kit.until([&] { return got.size() == 2; });
    at.kit.pass(1ms, [&] { return got.size() == 3; });
}

TEMPLATE_LIST_TEST_CASE("what a foreign coroutine throws leaves the loop, which goes on afterwards",
                        "",
                        kits) {
    fixture<TestType> at;
    auto from = at.receiver();
    const auto body = [](auto& numbers) -> foreign {
        co_await numbers.async_receive();
        throw std::runtime_error("on purpose");
    };
    const auto thrown = body(from);
    at.kit.settle();
    at.send(1);
    CHECK_THROWS_WITH(at.kit.until([] { return false; }), "on purpose");
    thrown.frame.destroy();
    seen got;
    auto running = at.loop().spawn(receive(from, 1, got));
    at.send(2);
    at.kit.until([&] { return running.done(); });
    CHECK(got.values.size() == 1);
}

TEMPLATE_LIST_TEST_CASE("a million messages that are there at once don't grow the stack", "", kits) {
    fixture<TestType> at;
    auto from = at.receiver();
    const auto body = [](auto& numbers, auto& publisher) -> task<std::uint64_t> {
        std::uint64_t sum = 0;
        for (int i = 0; i < 1'000'000; ++i) {
            publisher.send_copy(1);
            auto sample = co_await numbers.async_receive();
            sum += *sample;
        }
        co_return sum;
    };
    auto running = at.loop().spawn(body(from, at.publisher));
    CHECK(at.result(running) == 1'000'000);
}

TEMPLATE_LIST_TEST_CASE("who always finds messages lets others have their turn", "", kits) {
    fixture<TestType> at;
    auto from = at.receiver();
    bool enough = false;
    const auto busy = [](auto& numbers, auto& publisher, const bool& end) -> task<> {
        while (!end) {
            publisher.send_copy(1);
            co_await numbers.async_receive();
        }
    };
    const auto other = [](auto& loop, bool& end) -> task<> {
        co_await loop.async_sleep_for(0s);
        end = true;
    };
    auto running = at.loop().spawn(busy(from, at.publisher, enough));
    auto waits = at.loop().spawn(other(at.loop(), enough));
    at.kit.until([&] { return running.done() && waits.done(); });
}

}  // namespace conformance
