// What a context does before it sleeps: it looks, in turns that leave the loop to others, and only while somebody waits.
#include <elkodon/asio.hpp>

#include "two_kinds.hpp"

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_future.hpp>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <support/catch.hpp>
#include <thread>
#include <vector>

namespace tests::wait_strategies {

namespace {

using namespace std::chrono_literals;
using test::samples;

TEST_CASE(
    "a loop that never sleeps runs its other handlers all the same, and ends when nobody waits") {
    samples numbers;
    asio::io_context io;
    elkodon::async::set_wait_strategy(io, elkodon::wait_strategy::busy());
    samples::object object{io, numbers.port()};
    test::outcome<samples::result> got;
    object.async_receive(got.handler());
    int posted = 0, timed = 0;
    std::function<void()> again = [&] {
        if (++posted < 1'000) asio::post(io, again);
    };
    asio::post(io, again);
    asio::steady_timer timer{io, 5ms};
    timer.async_wait([&](std::error_code) {
        ++timed;
        numbers.send(7);
    });
    io.run();
    CHECK(posted == 1'000);
    CHECK(timed == 1);
    CHECK(samples::is(got.result, 7));
}

TEST_CASE("a loop that never sleeps ends when what it waits for is cancelled") {
    samples numbers;
    asio::io_context io;
    elkodon::async::set_wait_strategy(io, elkodon::wait_strategy::busy());
    samples::object object{io, numbers.port()};
    test::outcome<samples::result> got;
    object.async_receive(got.handler());
    asio::post(io, [&] { asio::post(io, [&] { object.cancel(); }); });
    io.run();
    CHECK(got.error == asio::error::operation_aborted);
}

TEST_CASE("every strategy brings every message in order, and so does a change between them") {
    const auto strategy =
        GENERATE(elkodon::wait_strategy::block(), elkodon::wait_strategy::busy(),
                 elkodon::wait_strategy::adaptive(), elkodon::wait_strategy::spin_then_block(20us));
    samples numbers;
    asio::io_context io{1};
    elkodon::async::set_wait_strategy(io, strategy);
    samples::object object{io, numbers.port()}, idle{io, numbers.port()};
    const bool others_wait = GENERATE(false, true);
    test::world elsewhere;
    samples::object never{
        io, elsewhere.publish_subscribe<std::uint64_t>().create().subscriber().create()};
    test::outcome<samples::result> of_others;
    if (others_wait) never.async_receive(of_others.handler());
    constexpr std::uint64_t messages = 2'000;
    std::atomic<std::uint64_t> taken = 0;
    bool in_order = true;
    std::function<void(std::error_code, samples::result)> next =
        [&](std::error_code error, const samples::result& sample) {
            in_order = in_order && !error && *sample == taken.load();
            if (++taken == 1'000)
                elkodon::async::set_wait_strategy(io, elkodon::wait_strategy::adaptive());
            if (taken == messages) return never.close();
            object.async_receive(next);
        };
    object.async_receive(next);
    std::thread sending([&] {
        for (std::uint64_t i = 0; i < messages; ++i) {
            while (taken.load() + 2 < i) std::this_thread::yield();
            numbers.send(i);
        }
    });
    io.run();
    sending.join();
    CHECK(in_order);
    CHECK(object.port().lost() == 0);
    CHECK(of_others.calls == (others_wait ? 1 : 0));
}

TEST_CASE("a handler that waits in a thread of the context for another operation gets it") {
    const auto strategy = GENERATE(elkodon::wait_strategy::block(), elkodon::wait_strategy::busy());
    test::world world;
    const auto first = world.publish_subscribe<std::uint64_t>("first").create();
    const auto second = world.publish_subscribe<std::uint64_t>("second").create();
    auto to_first = first.publisher().create();
    auto to_second = second.publisher().create();
    asio::thread_pool pool{2};
    elkodon::async::set_wait_strategy(pool, strategy);
    samples::object one{pool, first.subscriber().create()}, two{pool, second.subscriber().create()};
    std::uint64_t got = 0;
    one.async_receive([&](std::error_code, const samples::result&) {
        auto other = two.async_receive(asio::use_future);
        to_second.send_copy(8);
        got = *other.get();
    });
    REQUIRE_FALSE(to_first.send_copy(7));
    pool.join();
    CHECK(got == 8);
}

TEST_CASE("of many ports in one context one is hot: its messages all come, the others' too") {
    constexpr std::size_t ports = 200;
    test::world world;
    const auto quiet =
        world.publish_subscribe<std::uint64_t>("quiet").max_subscribers(ports).create();
    const auto hot = world.publish_subscribe<std::uint64_t>("hot").create();
    auto to_quiet = quiet.publisher().create();
    auto to_hot = hot.publisher().create();
    asio::io_context io{1};
    std::vector<std::unique_ptr<samples::object>> objects;
    std::vector<test::outcome<samples::result>> got(ports);
    for (std::size_t i = 0; i < ports; ++i) {
        objects.push_back(std::make_unique<samples::object>(io, quiet.subscriber().create()));
        objects.back()->async_receive(got[i].handler());
    }
    samples::object busy{io, hot.subscriber().create()};
    for (std::uint64_t i = 0; i < 5'000; ++i) {
        test::outcome<samples::result> next;
        busy.async_receive(next.handler());
        if (i % 3 != 0) io.poll();
        REQUIRE_FALSE(to_hot.send_copy(i));
        io.poll();
        REQUIRE(samples::is(next.result, i));
    }
    REQUIRE_FALSE(to_quiet.send_copy(9));
    io.run();
    for (const auto& each : got) REQUIRE(samples::is(each.result, 9));
}

}  // namespace

}  // namespace tests::wait_strategies
