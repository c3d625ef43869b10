// Fragment 17 of the API: a listener; callbacks and futures instead of coroutines.
#include <elkodon/asio.hpp>

#include "../world.hpp"

#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>
#include <future>
#include <string>
#include <support/catch.hpp>
#include <thread>
#include <vector>

namespace tests::fragment_17_cases {

namespace {

using tick = int;

std::string printed;
namespace fmt {
void print(const char*, elkodon::event_id id) {
    printed += "event " + std::to_string(id.value()) + "\n";
}
void print(std::FILE*, const char*, const std::string& what) { printed += what + "\n"; }
}  // namespace fmt

std::vector<std::uint64_t> used;
void use(std::uint64_t number) { used.push_back(number); }

void begin(elkodon::async::listener& bell, elkodon::async::subscriber<tick>& ticks) {
    bell.async_wait([](std::error_code error, elkodon::event_ids ids) {
        for (auto id : ids) fmt::print("event {}\n", id);
        if (error) fmt::print(stderr, "{}\n", error.message());
    });
    ticks.async_for_each([](elkodon::sample<tick> each) { use(static_cast<std::uint64_t>(*each)); },
                         asio::detached);  // until close()
}

TEST_CASE("fragment 17: callbacks, until the object is closed") {
    test::world world;
    const auto bells = world.event().create();
    const auto service = world.publish_subscribe<tick>("ticks").create();
    auto notifier = bells.notifier().create();
    auto publisher = service.publisher().create();
    asio::io_context io;
    printed.clear();
    used.clear();
    elkodon::async::listener bell{io, bells.listener().create()};
    elkodon::async::subscriber<tick> ticks{io, service.subscriber().create()};
    begin(bell, ticks);
    io.poll();
    REQUIRE_FALSE(notifier.notify(elkodon::event_id{3}));
    for (int i = 1; i <= 3; ++i) REQUIRE_FALSE(publisher.send_copy(i));
    io.poll();
    CHECK(printed == "event 3\n");
    CHECK(used == std::vector<std::uint64_t>{1, 2, 3});
    CHECK_FALSE(io.stopped());
    ticks.close();
    io.run();
}

TEST_CASE("fragment 17: a future, in a thread that does not run the context") {
    test::world world;
    const auto service = world.publish_subscribe<std::uint64_t>().create();
    auto publisher = service.publisher().create();
    asio::io_context io;
    used.clear();
    elkodon::async::subscriber<std::uint64_t> numbers{io, service.subscriber().create()};
    std::future<elkodon::sample<std::uint64_t>> sample = numbers.async_receive(asio::use_future);
    std::thread running([&] { io.run(); });
    REQUIRE_FALSE(publisher.send_copy(7));
    use(*sample.get());  // in a thread that does not run the context
    running.join();
    CHECK(used == std::vector<std::uint64_t>{7});
}

}  // namespace

}  // namespace tests::fragment_17_cases
