// Races that lose nothing: each message is taken once, by whoever won.
#pragma once

#include "kit.hpp"

namespace conformance {

struct tally {
    std::uint64_t samples = 0, others = 0, next = 0;
    bool in_order = true;
    void take(std::uint64_t value) {
        in_order = in_order && value == next;
        ++next;
        ++samples;
    }
};

// A producer that posts itself, and a consumer that races it against a sleep that is over at once: who comes first is
// a matter of turns, and both come first often enough.
template <class Kit>
task<> produce(fixture<Kit>& at, const tally& seen, std::uint64_t each_side) {
    std::uint64_t sent = 0;
    for (std::uint64_t round = 0; seen.samples < each_side || seen.others < each_side; ++round) {
        for (auto burst = round % 3; burst > 0 && sent - seen.next < 2; --burst)
            at.publisher.send_copy(sent++);
        for (auto waits = round % 5; waits > 0; --waits)
            co_await at.kit.loop.async_sleep_for(Kit::tick);
        co_await at.kit.loop.async_sleep_for(Kit::tick);
    }
    while (seen.next < sent) co_await at.kit.loop.async_sleep_for(Kit::tick);
}

template <class Kit>
task<> consume(fixture<Kit>& at, typename fixture<Kit>::subscriber& from, tally& into) {
    for (;;) {
        auto any = elkodon::when_any(from.async_receive(), at.kit.loop.async_sleep_for(Kit::tick));
        auto first = co_await std::move(any);
        if (auto* sample = std::get_if<0>(&first)) into.take(**sample);
        else ++into.others;
    }
}

inline constexpr std::uint64_t each_side =
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    10'000;
#else
    100'000;
#endif

TEMPLATE_LIST_TEST_CASE("a receive that races a timer loses nothing, whoever wins", "", kits) {
    fixture<TestType> at;
    auto from = at.receiver();
    tally seen;
    auto consuming = at.loop().spawn(consume(at, from, seen));
    auto producing = at.loop().spawn(produce(at, seen, each_side));
    at.kit.until([&] { return producing.done(); });
    producing.get();
    consuming.cancel();
    at.kit.until([&] { return consuming.done(); });
    CHECK(seen.samples >= each_side);
    CHECK(seen.others >= each_side);
    CHECK(seen.in_order);
    CHECK(from.port().lost() == 0);
}

TEMPLATE_LIST_TEST_CASE("of two receives that race, the loser takes nothing", "", kits) {
    fixture<TestType> at;
    auto one = at.receiver(), two = at.receiver();
    tally first, second;
    const auto race = [](auto& a, auto& b, tally& x, tally& y) -> task<> {
        for (int i = 0; i < 2'000; ++i) {
            auto any = elkodon::when_any(a.async_receive(), b.async_receive());
            auto winner = co_await std::move(any);
            if (auto* sample = std::get_if<0>(&winner)) x.take(**sample);
            else y.take(*std::get<1>(winner));
        }
    };
    auto running = at.loop().spawn(race(one, two, first, second));
    for (std::uint64_t i = 0; i < 1'000; ++i) {
        at.send(i);
        at.kit.until([&] { return first.samples + second.samples == 2 * i + 2; });
    }
    at.kit.until([&] { return running.done(); });
    CHECK(first.in_order);
    CHECK(second.in_order);
    CHECK(first.samples + second.samples == 2'000);
}

TEMPLATE_LIST_TEST_CASE("when_all of two receives gives both", "", kits) {
    fixture<TestType> at;
    auto one = at.receiver(), two = at.receiver();
    const auto body = [](auto& a, auto& b) -> task<std::uint64_t> {
        auto both = elkodon::when_all(a.async_receive(), b.async_receive());
        auto got = co_await std::move(both);
        co_return *std::get<0>(got) + *std::get<1>(got);
    };
    auto running = at.loop().spawn(body(one, two));
    at.kit.settle();
    at.send(21);
    CHECK(at.result(running) == 42);
}

TEMPLATE_LIST_TEST_CASE("a stop of a race stops both sides, and takes nothing", "", kits) {
    fixture<TestType> at;
    auto from = at.receiver();
    const auto body = [](auto& numbers, auto& loop) -> task<bool> {
        try {
            auto any = elkodon::when_any(numbers.async_receive(), loop.async_sleep_for(1h));
            co_await std::move(any);
        } catch (const std::system_error& failure) {
            co_return failure.code() == stopped;
        }
        co_return false;
    };
    auto running = at.loop().spawn(body(from, at.loop()));
    at.kit.settle();
    at.send(1);
    running.cancel();
    CHECK(at.result(running));
    CHECK(*from.port().receive() == 1);
}

}  // namespace conformance
