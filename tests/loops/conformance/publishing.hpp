// Publishers: waiting for a chunk, for the slowest subscriber, for subscribers to come.
#pragma once

#include "kit.hpp"

namespace conformance {

template <class Kit>
using publisher_of = typename Kit::template publisher<std::uint64_t>;

template <class Kit>
auto lossless(fixture<Kit>& at) {
    return at.world.template publish_subscribe<std::uint64_t>("all")
        .enable_safe_overflow(false)
        .subscriber_max_buffer_size(2)
        .max_subscribers(4)
        .create();
}

TEMPLATE_LIST_TEST_CASE("a lossless publisher waits for its slowest subscriber, in the loop",
                        "",
                        kits) {
    fixture<TestType> at;
    auto service = lossless(at);
    auto slow = service.subscriber().create();
    publisher_of<TestType> to{at.loop(), service.publisher().create()};
    std::uint64_t sent = 0;
    const auto body = [](auto& publisher, std::uint64_t& count) -> task<> {
        for (; count < 10; ++count) {
            auto loan = co_await publisher.async_loan();
            *loan = count;
            co_await publisher.async_send(std::move(loan));
        }
    };
    auto running = at.loop().spawn(body(to, sent));
    at.kit.settle();
    CHECK(sent >= 2);
    CHECK(sent < 10);
    for (std::uint64_t got = 0; got < 10;) {
        while (auto sample = slow.receive()) CHECK(*sample == got++);
        const auto before = sent;
        if (got < 10) at.kit.until([&] { return sent > before || slow.has_samples(); });
    }
    at.kit.until([&] { return running.done(); });
    CHECK(slow.lost() == 0);
}

TEMPLATE_LIST_TEST_CASE("a send that is cancelled gives its loan back, and has sent nothing",
                        "",
                        kits) {
    fixture<TestType> at;
    auto service = lossless(at);
    auto slow = service.subscriber().create();
    publisher_of<TestType> to{at.loop(), service.publisher().create()};
    const auto body = [](auto& publisher, std::uint64_t& sent, bool& back) -> task<> {
        std::error_code error;
        for (;;) {
            auto loan = co_await publisher.async_loan();
            *loan = sent;
            auto unsent = co_await publisher.async_send(std::move(loan), error);
            if (error) {
                back = error == stopped && unsent && *unsent == sent;
                co_return;
            }
            ++sent;
        }
    };
    std::uint64_t sent = 0;
    bool back = false;
    auto running = at.loop().spawn(body(to, sent, back));
    at.kit.settle();
    to.cancel();
    at.kit.until([&] { return running.done(); });
    running.get();
    CHECK(back);
    std::uint64_t got = 0;
    while (auto sample = slow.receive()) CHECK(*sample == got++);
    CHECK(got == sent);
}

TEMPLATE_LIST_TEST_CASE("a send that loses a race has sent nothing", "", kits) {
    fixture<TestType> at;
    auto service = lossless(at);
    auto slow = service.subscriber().create();
    publisher_of<TestType> to{at.loop(), service.publisher().create()};
    const auto body = [](auto& loop, auto& publisher, std::uint64_t& sent) -> task<> {
        for (;;) {
            auto loan = co_await publisher.async_loan();
            *loan = sent;
            auto any =
                elkodon::when_any(publisher.async_send(std::move(loan)), loop.async_sleep_for(1ms));
            auto first = co_await std::move(any);
            if (first.index() == 1) co_return;
            ++sent;
        }
    };
    std::uint64_t sent = 0;
    auto running = at.loop().spawn(body(at.loop(), to, sent));
    at.kit.settle();
    at.kit.pass(1ms, [&] { return running.done(); });
    std::uint64_t got = 0;
    while (auto sample = slow.receive()) CHECK(*sample == got++);
    CHECK(got == sent);
    CHECK(got >= 2);
}

TEMPLATE_LIST_TEST_CASE("a publisher waits for a chunk, until a loan comes back", "", kits) {
    fixture<TestType> at;
    publisher_of<TestType> to{at.loop(), at.numbers.publisher().create()};
    std::vector<elkodon::loan<std::uint64_t>> held;
    while (auto loan = to.port().try_loan()) held.push_back(std::move(loan));
    bool got = false;
    const auto body = [](auto& publisher, bool& into) -> task<> {
        auto loan = co_await publisher.async_loan();
        into = static_cast<bool>(loan);
    };
    auto running = at.loop().spawn(body(to, got));
    at.kit.settle();
    CHECK_FALSE(got);
    held.pop_back();
    at.kit.until([&] { return got; });
}

TEMPLATE_LIST_TEST_CASE("a publisher waits for subscribers to come", "", kits) {
    fixture<TestType> at;
    publisher_of<TestType> to{at.loop(), at.numbers.publisher().create()};
    const auto body = [](auto& publisher) -> task<> {
        co_await publisher.async_wait_subscribers(2);
    };
    auto running = at.loop().spawn(body(to));
    auto one = at.numbers.subscriber().create();
    at.kit.settle();
    CHECK_FALSE(running.done());
    auto two = at.numbers.subscriber().create();
    at.kit.until([&] { return running.done(); });
}

}  // namespace conformance
