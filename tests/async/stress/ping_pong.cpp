// Two contexts in two threads that wake each other, tens of thousands of times; and ports that come and go meanwhile.
#include <elkodon/asio.hpp>

#include "../world.hpp"
#include "pacing.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <atomic>
#include <support/catch.hpp>
#include <thread>

namespace {

constexpr std::uint64_t rounds = 50'000;

using number_service = elkodon::publish_subscribe_service<std::uint64_t>;
using number_subscriber = elkodon::async::subscriber<std::uint64_t>;

asio::awaitable<void> serve(number_subscriber from,
                            elkodon::publisher<std::uint64_t> to,
                            std::uint64_t& got) {
    for (; got < rounds; ++got) {
        auto sample = co_await from.async_receive(asio::use_awaitable);
        if (*sample != got) co_return;
        to.send_copy(*sample);
    }
}
asio::awaitable<void> ask(number_subscriber from,
                          elkodon::publisher<std::uint64_t> to,
                          std::uint64_t& got) {
    for (; got < rounds; ++got) {
        to.send_copy(got);
        auto sample = co_await from.async_receive(asio::use_awaitable);
        if (*sample != got) co_return;
    }
}

TEST_CASE("two contexts in two threads: fifty thousand round trips") {
    test::world world;
    const auto there = world.publish_subscribe<std::uint64_t>("there").create();
    const auto back = world.publish_subscribe<std::uint64_t>("back").create();
    asio::io_context here{1}, elsewhere{1};
    std::uint64_t asked = 0, served = 0;
    asio::co_spawn(
        elsewhere,
        serve({elsewhere, there.subscriber().create()}, back.publisher().create(), served),
        asio::detached);
    asio::co_spawn(here, ask({here, back.subscriber().create()}, there.publisher().create(), asked),
                   asio::detached);
    std::thread thread([&] { elsewhere.run(); });
    here.run();
    thread.join();
    CHECK(asked == rounds);
    CHECK(served == rounds);
}

asio::awaitable<void> ring_back(elkodon::async::listener from,
                                elkodon::notifier to,
                                std::uint64_t& got) {
    for (; got < rounds; ++got) {
        auto ids = co_await from.async_wait(asio::use_awaitable);
        if (ids.size() != 1 || ids.begin()->value() != got % 256) co_return;
        to.notify(elkodon::event_id{got % 256});
    }
}
asio::awaitable<void> ring_first(elkodon::async::listener from,
                                 elkodon::notifier to,
                                 std::uint64_t& got) {
    for (; got < rounds; ++got) {
        to.notify(elkodon::event_id{got % 256});
        auto ids = co_await from.async_wait(asio::use_awaitable);
        if (ids.size() != 1 || ids.begin()->value() != got % 256) co_return;
    }
}

TEST_CASE("two listeners in two threads: fifty thousand round trips") {
    test::world world;
    const auto there = world.event("there").create();
    const auto back = world.event("back").create();
    asio::io_context here{1}, elsewhere{1};
    std::uint64_t asked = 0, served = 0;
    asio::co_spawn(
        elsewhere,
        ring_back({elsewhere, there.listener().create()}, back.notifier().create(), served),
        asio::detached);
    asio::co_spawn(here,
                   ring_first({here, back.listener().create()}, there.notifier().create(), asked),
                   asio::detached);
    std::thread thread([&] { elsewhere.run(); });
    here.run();
    thread.join();
    CHECK(asked == rounds);
    CHECK(served == rounds);
}

TEST_CASE("ports that come and go in one context disturb nobody who sleeps in it") {
    test::world world;
    const auto service = world.publish_subscribe<std::uint64_t>().max_subscribers(16).create();
    auto publisher = service.publisher().create();
    asio::io_context io{1};
    std::atomic<std::uint64_t> taken = 0;
    number_subscriber stays{io, service.subscriber().create()};
    const auto receive = [](number_subscriber& numbers,
                            std::atomic<std::uint64_t>& to) -> asio::awaitable<void> {
        for (std::uint64_t i = 0; i < 5'000; ++i) {
            auto sample = co_await numbers.async_receive(asio::use_awaitable);
            to.store(*sample);
        }
    };
    const auto come_and_go = [](asio::io_context& in, number_service of,
                                std::atomic<std::uint64_t>& to) -> asio::awaitable<void> {
        while (to.load() < 5'000) {
            number_subscriber comes{in, of.subscriber().create()};
            auto sample = co_await comes.async_receive(asio::use_awaitable);
        }
    };
    asio::co_spawn(io, receive(stays, taken), asio::detached);
    for (int i = 0; i < 3; ++i) asio::co_spawn(io, come_and_go(io, service, taken), asio::detached);
    std::atomic<bool> ended = false;
    std::thread publishing([&] {
        for (std::uint64_t i = 1; i <= 5'000; ++i) {
            publisher.send_copy(i);
            while (taken.load() != i) elkodon::pause_once();
        }
        while (!ended) publisher.send_copy(0);  // those that came last
    });
    io.run();
    ended = true;
    publishing.join();
    CHECK(stays.port().lost() == 0);
}

}  // namespace
