// Many ports in one context, one doorbell for all of them; who wakes them, and how often.
#include <elkodon/asio.hpp>

#include "two_kinds.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <support/catch.hpp>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using namespace std::chrono_literals;
using test::events;
using test::samples;

std::ptrdiff_t open_descriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return std::distance(begin(all), end(all));
}

TEST_CASE("a hundred subscribers in one context share one doorbell, and each gets every message") {
    constexpr std::size_t ports = 100;
    test::world world;
    const auto service = world.publish_subscribe<std::uint64_t>().max_subscribers(ports).create();
    auto publisher = service.publisher().create();
    asio::io_context io;
    std::vector<std::unique_ptr<samples::object>> objects;
    objects.push_back(std::make_unique<samples::object>(io, service.subscriber().create()));
    REQUIRE_FALSE(publisher.send_copy(0));
    const auto with_one = open_descriptors();
    while (objects.size() < ports)
        objects.push_back(std::make_unique<samples::object>(io, service.subscriber().create()));
    REQUIRE_FALSE(publisher.send_copy(0));
    CHECK(open_descriptors() == with_one);

    std::vector<test::outcome<samples::result>> got(ports);
    REQUIRE(objects.front()->port().receive());  // it alone was there for the first message
    for (auto& each : objects) REQUIRE(each->port().receive());
    for (std::uint64_t message = 1; message <= 20; ++message) {
        for (std::size_t i = 0; i < ports; ++i) objects[i]->async_receive(got[i].handler());
        io.restart();
        io.poll();
        REQUIRE_FALSE(publisher.send_copy(message));
        io.run();
        for (const auto& each : got) {
            REQUIRE(each.calls == static_cast<int>(message));
            REQUIRE(samples::is(each.result, message));
        }
    }
}

TEST_CASE("a hundred services in one context: the message wakes its own subscriber alone") {
    constexpr std::size_t ports = 100;
    test::world world;
    asio::io_context io;
    std::vector<elkodon::publisher<std::uint64_t>> publishers;
    std::vector<std::unique_ptr<samples::object>> objects;
    std::vector<test::outcome<samples::result>> got(ports);
    for (std::size_t i = 0; i < ports; ++i) {
        const auto service =
            world.publish_subscribe<std::uint64_t>("service " + std::to_string(i)).create();
        publishers.push_back(service.publisher().create());
        objects.push_back(std::make_unique<samples::object>(io, service.subscriber().create()));
        objects.back()->async_receive(got[i].handler());
    }
    io.poll();
    for (std::size_t i = ports; i-- > 0;) {
        REQUIRE_FALSE(publishers[i].send_copy(i));
        io.poll();
        for (std::size_t j = 0; j < ports; ++j) REQUIRE(got[j].calls == (j >= i ? 1 : 0));
        REQUIRE(samples::is(got[i].result, i));
    }
    CHECK(io.stopped());
}

asio::awaitable<void> collect(samples::object& numbers, std::vector<std::uint64_t>& got) {
    for (;;) {
        auto taken = co_await numbers.async_receive(asio::use_awaitable);
        got.push_back(*taken);
    }
}

TEST_CASE("one wake-up brings all messages that were sent before it") {
    samples numbers;
    asio::io_context io;
    samples::object object{io, numbers.port()};
    std::vector<std::uint64_t> got;
    asio::co_spawn(io, collect(object, got), asio::detached);
    io.poll();
    for (std::uint64_t i = 0; i < 5; ++i) numbers.send(i);
    io.poll();
    CHECK(got == std::vector<std::uint64_t>{0, 1, 2, 3, 4});
}

TEST_CASE("many rings for one id are one completion") {
    events bells;
    asio::io_context io;
    events::object object{io, bells.port()};
    test::outcome<events::result> got;
    object.async_wait(got.handler());
    io.poll();
    for (int i = 0; i < 1'000; ++i) bells.send(7);
    io.run();
    CHECK(got.calls == 1);
    CHECK(events::is(got.result, 7));
    object.async_wait(got.handler());
    io.restart();
    io.poll();
    CHECK(got.calls == 1);
}

TEST_CASE("a wake-up whose message has been taken completes nothing") {
    samples numbers;
    asio::io_context io;
    samples::object object{io, numbers.port()};
    test::outcome<samples::result> cancelled, got;
    object.async_receive(cancelled.handler());
    io.poll();
    numbers.send(7);  // rings
    object.cancel();
    io.run();
    CHECK(samples::is(object.port().receive(), 7));
    object.async_receive(got.handler());
    io.restart();
    io.poll();
    CHECK(got.calls == 0);
    CHECK_FALSE(io.stopped());
    numbers.send(8);
    io.run();
    CHECK(samples::is(got.result, 8));
}

TEMPLATE_TEST_CASE("one port's operation is cancelled, the other's in the same context is woken",
                   "",
                   samples,
                   events) {
    TestType kind;
    asio::io_context io;
    typename TestType::object first{io, kind.port()}, second{io, kind.port()};
    test::outcome<typename TestType::result> cancelled, got;
    TestType::begin(first, cancelled.handler());
    TestType::begin(second, got.handler());
    io.poll();
    SECTION("before the message") {
        first.cancel();
        io.poll();
        kind.send(7);
    }
    SECTION("after the message") {
        kind.send(7);
        first.cancel();
    }
    SECTION("by its end") {
        first.close();
        kind.send(7);
    }
    io.run();
    CHECK(cancelled.error == asio::error::operation_aborted);
    CHECK(TestType::is(got.result, 7));
}

TEST_CASE("objects of two domains wait in one context") {
    samples here, there;
    asio::io_context io;
    samples::object first{io, here.port()}, second{io, there.port()};
    test::outcome<samples::result> got_here, got_there;
    first.async_receive(got_here.handler());
    second.async_receive(got_there.handler());
    io.poll();
    there.send(8);
    io.poll();
    CHECK(samples::is(got_there.result, 8));
    CHECK(got_here.calls == 0);
    here.send(7);
    io.run();
    CHECK(samples::is(got_here.result, 7));
}

TEST_CASE("a sleeping coroutine is woken by the first message of a publisher that came later") {
    test::world world;
    const auto service = world.publish_subscribe<std::uint64_t>().create();
    asio::io_context io;
    samples::object object{io, service.subscriber().create()};
    std::vector<std::uint64_t> got;
    asio::co_spawn(io, collect(object, got), asio::detached);
    io.poll();
    SECTION("of the same node") {
        auto publisher = service.publisher().create();
        REQUIRE_FALSE(publisher.send_copy(7));
        io.poll();
        CHECK(got == std::vector<std::uint64_t>{7});
    }
    SECTION("of another node") {
        const auto node = elkodon::node::create(world.configuration());
        auto publisher =
            node.service("numbers").publish_subscribe<std::uint64_t>().open().publisher().create();
        REQUIRE_FALSE(publisher.send_copy(7));
        io.poll();
        CHECK(got == std::vector<std::uint64_t>{7});
    }
    SECTION("after it has slept again") {
        for (std::uint64_t i = 0; i < 5; ++i) {
            auto publisher = service.publisher().create();
            io.poll();
            REQUIRE_FALSE(publisher.send_copy(i));
            io.poll();
            REQUIRE(got.size() == i + 1);
        }
    }
    SECTION("and gone again before the coroutine ran") {
        {
            auto publisher = service.publisher().create();
            REQUIRE_FALSE(publisher.send_copy(7));
        }
        io.poll();
        CHECK(got == std::vector<std::uint64_t>{7});
    }
    SECTION("in another thread, while run() blocks") {
        std::thread publishing([&] {
            auto publisher = service.publisher().create();
            publisher.send_copy(7);
        });
        while (got.empty()) io.run_one();
        publishing.join();
        CHECK(got == std::vector<std::uint64_t>{7});
    }
}

TEST_CASE("a sleeping coroutine outlives its publisher, and is woken by the next one") {
    test::world world;
    const auto service = world.publish_subscribe<std::uint64_t>().max_publishers(1).create();
    asio::io_context io;
    samples::object object{io, service.subscriber().create()};
    std::vector<std::uint64_t> got;
    asio::co_spawn(io, collect(object, got), asio::detached);
    for (std::uint64_t i = 0; i < 20; ++i) {
        auto publisher = std::make_optional(service.publisher().create());
        io.poll();
        REQUIRE_FALSE(publisher->send_copy(2 * i));
        io.poll();
        REQUIRE_FALSE(publisher->send_copy(2 * i + 1));  // not taken before its publisher's end
        publisher.reset();
        io.poll();
        REQUIRE(got.size() == 2 * i + 2);
        REQUIRE(got.back() == 2 * i + 1);
    }
    CHECK(object.port().lost() == 0);
}

TEST_CASE("a sleeping listener is woken by the first notifier") {
    test::world world;
    const auto service = world.event().create();
    asio::io_context io;
    events::object object{io, service.listener().create()};
    for (std::uint64_t i = 0; i < 5; ++i) {
        test::outcome<events::result> got;
        object.async_wait(got.handler());
        io.restart();
        io.poll();
        auto notifier = service.notifier().create();
        REQUIRE_FALSE(notifier.notify(elkodon::event_id{i}));
        io.run();
        REQUIRE(events::is(got.result, i));
    }
}

TEST_CASE("several publishers into one sleeping subscriber: every message arrives, each "
          "publisher's in order") {
    test::world world;
    const auto service = world.publish_subscribe<std::uint64_t>().max_publishers(4).create();
    asio::io_context io;
    samples::object object{io, service.subscriber().create()};
    std::vector<std::uint64_t> got;
    asio::co_spawn(io, collect(object, got), asio::detached);
    std::vector<elkodon::publisher<std::uint64_t>> publishers;
    for (int i = 0; i < 4; ++i) publishers.push_back(service.publisher().create());
    std::vector<std::uint64_t> next(4);
    for (std::uint64_t round = 0; round < 200; ++round) {
        io.poll();
        for (std::uint64_t i = 0; i < 4; ++i)
            if (round % (i + 1) == 0) REQUIRE_FALSE(publishers[i].send_copy(i * 1'000 + next[i]++));
    }
    io.poll();
    std::vector<std::uint64_t> expected(4);
    for (const auto value : got) REQUIRE(value % 1'000 == expected[value / 1'000]++);
    CHECK(expected == next);
    CHECK(object.port().lost() == 0);
}

// A subscriber on a strand of its own, that counts.
struct on_strand {
    using strand = asio::strand<asio::thread_pool::executor_type>;
    elkodon::async::basic_subscriber<std::uint64_t, strand> numbers;
    std::atomic<std::uint64_t>& taken;
    std::uint64_t expected = 0;
    bool in_order = true;

    void next() {
        numbers.async_receive([this](std::error_code error, const samples::result& sample) {
            if (error) return;
            in_order = in_order && numbers.get_executor().running_in_this_thread() &&
                       *sample == expected++;
            ++taken;
            next();
        });
    }
};

TEST_CASE("in a thread pool, with a strand for each subscriber, each gets every message in order") {
    constexpr std::size_t ports = 8;
    constexpr std::uint64_t messages = 5'000;
    test::world world;
    constexpr std::uint64_t ahead = 4;
    const auto service = world.publish_subscribe<std::uint64_t>()
                             .max_subscribers(ports)
                             .subscriber_max_buffer_size(2 * ahead * ports)
                             .create();
    auto publisher = service.publisher().create();
    asio::thread_pool pool{4};
    std::atomic<std::uint64_t> taken = 0;
    std::vector<std::unique_ptr<on_strand>> all;
    for (std::size_t i = 0; i < ports; ++i) {
        all.push_back(std::make_unique<on_strand>(on_strand{
            {asio::make_strand(pool.get_executor()), service.subscriber().create()}, taken}));
        all.back()->next();
    }
    for (std::uint64_t i = 0; i < messages; ++i) {
        // Ahead of what all have taken together: one of them may owe all of it, and still loses nothing.
        while (taken.load() + ahead * ports < i * ports) std::this_thread::yield();
        if (publisher.send_copy(i)) break;
    }
    while (taken.load() < messages * ports) std::this_thread::yield();
    std::vector<std::future<bool>> in_order;
    for (auto& each : all) {
        std::promise<bool> result;
        in_order.push_back(result.get_future());
        asio::post(each->numbers.get_executor(), [&, result = std::move(result)]() mutable {
            result.set_value(each->in_order && each->expected == messages &&
                             each->numbers.port().lost() == 0);
            each->numbers.close();
        });
    }
    for (auto& each : in_order) CHECK(each.get());
    pool.join();
}

// How often the kernel has put this thread to sleep.
std::string voluntary_switches(pid_t thread) {
    std::ifstream status("/proc/self/task/" + std::to_string(thread) + "/status");
    std::string line;
    while (std::getline(status, line))
        if (line.starts_with("voluntary_ctxt_switches")) return line;
    return {};
}

TEMPLATE_TEST_CASE("while nothing comes, nothing runs", "", samples, events) {
    TestType kind;
    asio::io_context io;
    typename TestType::object object{io, kind.port()};
    test::outcome<typename TestType::result> got;
    TestType::begin(object, got.handler());
    SECTION("poll() finds nothing to do") {
        io.poll();
        for (int i = 0; i < 10; ++i) CHECK(io.poll() == 0);
    }
    SECTION("a thread in run() stays asleep") {
        std::promise<pid_t> started;
        std::thread running([&] {
            asio::post(io, [&] { started.set_value(gettid()); });
            io.run();
        });
        const auto thread = started.get_future().get();
        const auto asleep = [&] {
            std::ifstream stat("/proc/self/task/" + std::to_string(thread) + "/stat");
            std::string text((std::istreambuf_iterator<char>(stat)), {});
            return text.find(") S ") != std::string::npos;
        };
        // Settled: asleep, and the count stands still between two looks.
        std::string before;
        do {
            before = voluntary_switches(thread);
            std::this_thread::sleep_for(10ms);
        } while (!asleep() || voluntary_switches(thread) != before);
        REQUIRE_FALSE(before.empty());
        std::this_thread::sleep_for(200ms);  // what is watched, not what is waited for
        CHECK(voluntary_switches(thread) == before);
        kind.send(7);
        running.join();
        CHECK(got.calls == 1);
    }
}

}  // namespace
