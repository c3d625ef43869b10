// A context that ends, stops, or is destroyed while operations wait or have completions that nobody ran.
#include <elkodon/asio.hpp>

#include "two_kinds.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>
#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <support/catch.hpp>
#include <vector>

namespace {

using test::events;
using test::samples;

TEMPLATE_TEST_CASE("run() returns when no operation waits, whatever objects there are",
                   "",
                   samples,
                   events) {
    TestType kind;
    asio::io_context io;
    typename TestType::object object{io, kind.port()};
    io.run();
    CHECK(io.stopped());
    test::outcome<typename TestType::result> got;
    for (std::uint64_t i = 0; i < 3; ++i) {
        TestType::begin(object, got.handler());
        io.restart();
        io.poll();
        CHECK_FALSE(io.stopped());  // not before
        kind.send(i);
        io.run();
        CHECK(io.stopped());
        CHECK(TestType::is(got.result, i));
    }
    TestType::begin(object, got.handler());
    io.restart();
    io.poll();
    object.cancel();
    io.run();
    CHECK(got.calls == 4);
}

TEMPLATE_TEST_CASE("a context that was stopped goes on when it is started again",
                   "",
                   samples,
                   events) {
    TestType kind;
    asio::io_context io;
    typename TestType::object object{io, kind.port()};
    test::outcome<typename TestType::result> got, next;
    TestType::begin(object, got.handler());
    asio::post(io, [&] { io.stop(); });
    io.run();
    kind.send(7);
    CHECK(io.poll() == 0);
    CHECK(got.calls == 0);
    io.restart();
    io.run();
    CHECK(TestType::is(got.result, 7));

    // Stopped by the very handler that the wake-up runs.
    TestType::begin(object, [&](std::error_code, const typename TestType::result&) {
        io.stop();
        TestType::begin(object, next.handler());
    });
    io.restart();
    io.poll();
    kind.send(8);
    io.run();
    kind.send(9);
    io.restart();
    io.run();
    CHECK(TestType::is(next.result, 9));
}

TEMPLATE_TEST_CASE("a context that is destroyed calls nobody and leaks nothing",
                   "",
                   samples,
                   events) {
    TestType kind;
    enum class state { waiting, ready, cancelled, refused };
    const auto where = GENERATE(state::waiting, state::ready, state::cancelled, state::refused);
    const auto owned = std::make_shared<int>();
    std::future<typename TestType::result> future;
    {
        auto context = std::make_unique<asio::io_context>();
        auto& io = *context;
        typename TestType::object object{io, kind.port()}, other{io, kind.port()};
        if (where == state::refused) {
            object.close();
            other.close();
        }
        TestType::begin(
            object, [owned](std::error_code, const typename TestType::result&) { FAIL("called"); });
        future = TestType::begin(other, asio::use_future);
        if (where == state::waiting || where == state::ready) io.poll();
        if (where == state::ready) kind.send(7);
        if (where == state::cancelled) {
            object.cancel();
            other.cancel();
        }
        CHECK(owned.use_count() == 2);
        if (GENERATE(false, true))
            context.reset();  // the objects end before their context, or after it
    }
    CHECK(owned.use_count() == 1);
    CHECK_THROWS_AS(future.get(), std::future_error);
}

// Owns its object, as a session of a server does; and a sample.
asio::awaitable<void> hold_one_and_wait(elkodon::async::subscriber<std::uint64_t> numbers,
                                        std::shared_ptr<int> alive,
                                        int& taken) {
    auto first = co_await numbers.async_receive(asio::use_awaitable);
    ++taken;
    auto second = co_await numbers.async_receive(asio::use_awaitable);
    ++taken;
    *alive = static_cast<int>(*first + *second);
}

TEST_CASE(
    "a context that is destroyed under coroutines frees their frames, and every chunk comes back") {
    test::world world;
    constexpr std::uint64_t loans = 3, subscribers = 2;
    const auto service = world.publish_subscribe<std::uint64_t>()
                             .max_subscribers(subscribers)
                             .subscriber_max_borrowed_samples(2)
                             .publisher_max_loaned_samples(loans)
                             .create();
    auto publisher = service.publisher().create();
    const auto alive = std::make_shared<int>();
    const bool second_is_ready = GENERATE(false, true);
    int taken = 0;
    {
        asio::io_context io;
        for (std::uint64_t i = 0; i < subscribers; ++i)
            asio::co_spawn(io, hold_one_and_wait({io, service.subscriber().create()}, alive, taken),
                           asio::detached);
        io.poll();
        REQUIRE_FALSE(publisher.send_copy(1));
        io.poll();
        REQUIRE(taken == 2);
        if (second_is_ready) REQUIRE_FALSE(publisher.send_copy(2));
        CHECK(alive.use_count() == 1 + static_cast<long>(subscribers));
    }
    CHECK(taken == 2);
    CHECK(alive.use_count() == 1);
    // The subscribers and their samples have gone: their places are free.
    std::vector<elkodon::subscriber<std::uint64_t>> again;
    for (std::uint64_t i = 0; i < subscribers; ++i) again.push_back(service.subscriber().create());
    for (std::uint64_t i = 0; i < 1'000; ++i) {
        std::vector<elkodon::loan<std::uint64_t>> out;
        for (std::uint64_t j = 0; j < loans; ++j) out.push_back(publisher.loan());
        for (auto& each : out) REQUIRE_FALSE(publisher.send(std::move(each)));
    }
}

TEMPLATE_TEST_CASE("an object may outlive its context", "", samples, events) {
    TestType kind;
    auto io = std::make_unique<asio::io_context>();
    typename TestType::object object{*io, kind.port()};
    TestType::begin(object,
                    [](std::error_code, const typename TestType::result&) { FAIL("called"); });
    io->poll();
    io.reset();
    kind.send(7);
    CHECK(object.is_open());
    auto port = object.release();
    CHECK(TestType::finds(port, 7));
}

TEMPLATE_TEST_CASE("a thread pool may be destroyed while operations wait in it",
                   "",
                   samples,
                   events) {
    TestType kind;
    std::atomic<int> calls = 0;
    {
        asio::thread_pool pool{2};
        typename TestType::object first{pool, kind.port()},
            second{asio::make_strand(pool), kind.port()};
        const auto handler = [&](std::error_code, const typename TestType::result&) { ++calls; };
        TestType::begin(first, handler);
        TestType::begin(second, handler);
        pool.stop();
        pool.join();
    }
    CHECK(calls == 0);
}

TEMPLATE_TEST_CASE("a thread pool's join() waits for the operations, and no longer",
                   "",
                   samples,
                   events) {
    TestType kind;
    asio::thread_pool pool{2};
    typename TestType::object object{pool, kind.port()};
    test::outcome<typename TestType::result> got;
    TestType::begin(object, got.handler());
    kind.send(7);
    pool.join();
    CHECK(got.calls == 1);
    CHECK(TestType::is(got.result, 7));
}

TEST_CASE("a context may be destroyed and made anew again and again, and leaves no file and no "
          "descriptor") {
    samples numbers;
    const auto count = [](const std::string& path) {
        const std::filesystem::recursive_directory_iterator all(path);
        return std::distance(begin(all), end(all));
    };
    const auto descriptors = [] {
        const std::filesystem::directory_iterator all("/proc/self/fd");
        return std::distance(begin(all), end(all));
    };
    const auto once = [&] {
        asio::io_context io;
        samples::object object{io, numbers.port()};
        test::outcome<samples::result> got;
        object.async_receive(got.handler());
        io.poll();
        numbers.send(7);
        io.run();
        REQUIRE(samples::is(got.result, 7));
        object.async_receive(got.handler());
    };
    once();
    numbers.send(0);  // the publisher looks again, and lets go of the bell
    const auto files = count(numbers.world.configuration().root);
    const auto open = descriptors();
    for (int i = 0; i < 50; ++i) once();
    numbers.send(0);
    CHECK(count(numbers.world.configuration().root) == files);
    CHECK(descriptors() == open);
}

}  // namespace
