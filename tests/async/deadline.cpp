// An awaited wait of a listener whose service has a deadline.
#include <elkodon/asio.hpp>

#include "world.hpp"

#include <asio/io_context.hpp>
#include <chrono>
#include <support/catch.hpp>
#include <vector>

using namespace std::chrono_literals;

TEST_CASE("an awaited wait ends when the service's deadline is over, again and again, and with ids "
          "in time") {
    const test::world here;
    const auto service = here.event().deadline(20ms).create();
    asio::io_context io;
    elkodon::async::listener bell{io, service.listener().create()};
    auto notifier = service.notifier().create();
    const auto begin = std::chrono::steady_clock::now();
    for (int round = 1; round <= 3; ++round) {
        std::error_code said;
        bell.async_wait([&](std::error_code ec, elkodon::event_ids ids) {
            said = ec;
            CHECK(ids.empty());
        });
        io.restart();
        io.run();
        CHECK(said == elkodon::errc::deadline_missed);
        CHECK(std::chrono::steady_clock::now() - begin >= (round - 1) * 20ms);
    }
    static_cast<void>(notifier.notify(elkodon::event_id{3}));
    std::vector<std::uint64_t> heard;
    bell.async_wait([&](std::error_code, elkodon::event_ids ids) {
        for (const auto id : ids) heard.push_back(id.value());
    });
    io.restart();
    io.run();
    CHECK(heard == std::vector<std::uint64_t>{3});
}
