// Sleepers in Asio, publishers at the worst instants: each message is acknowledged before the next one, so that a
// single wake-up that is lost stops the test for good (the liveness bound of test::world is an hour).
#include <elkodon/asio.hpp>

#include "../world.hpp"
#include "pacing.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>
#include <atomic>
#include <cstdio>
#include <memory>
#include <support/catch.hpp>
#include <thread>
#include <vector>

namespace {

using number_subscriber = elkodon::async::subscriber<std::uint64_t>;
using number_publisher = elkodon::publisher<std::uint64_t>;

constexpr std::uint64_t last = ~std::uint64_t{0};
constexpr std::uint64_t ring = 128;

struct receiver {
    std::atomic<std::uint64_t> taken = 0;
    std::uint64_t wrong = 0;
};

asio::awaitable<void> acknowledge(number_subscriber numbers, receiver& to) {
    for (std::uint64_t expected = 0;; ++expected) {
        auto sample = co_await numbers.async_receive(asio::use_awaitable);
        if (*sample == last) break;
        if (*sample != expected) ++to.wrong;
        to.taken.store(expected + 1);
    }
    to.wrong += numbers.port().lost();
}

// Bursts of one to a hundred, most of them one: a burst of more than 32 makes the port hot, and its end must make it
// cold again. Before each burst a random wait that ends anywhere between the receiver's last look and its deep sleep.
void publish_bursts(number_publisher& publisher,
                    const std::vector<std::unique_ptr<receiver>>& receivers,
                    std::uint64_t bursts) {
    test::dice dice(10);
    std::uint64_t sent = 0;
    for (std::uint64_t i = 0; i < bursts; ++i) {
        const auto burst = dice.one_in(16) ? 1 + dice.up_to(99) : 1;
        test::spin(dice.one_in(8) ? dice.up_to(2'000) : dice.up_to(100));
        for (std::uint64_t j = 0; j < burst; ++j) {
            publisher.send_copy(sent++);
            if (dice.one_in(4)) test::spin(dice.up_to(50));
        }
        for (const auto& each : receivers)
            while (each->taken.load() != sent) elkodon::pause_once();
    }
    publisher.send_copy(last);
}

TEST_CASE("no wake-up is lost: one sleeping subscriber") {
    test::world world;
    const auto service =
        world.publish_subscribe<std::uint64_t>().subscriber_max_buffer_size(ring).create();
    asio::io_context io{1};
    std::vector<std::unique_ptr<receiver>> receivers;
    receivers.push_back(std::make_unique<receiver>());
    asio::co_spawn(io, acknowledge({io, service.subscriber().create()}, *receivers[0]),
                   asio::detached);
    auto publisher = service.publisher().create();
    std::thread publishing([&] { publish_bursts(publisher, receivers, 200'000); });
    io.run();
    publishing.join();
    CHECK(receivers[0]->wrong == 0);
}

TEST_CASE("no wake-up is lost: several subscribers of one service in one context") {
    test::world world;
    const auto service =
        world.publish_subscribe<std::uint64_t>().subscriber_max_buffer_size(ring).create();
    asio::io_context io{1};
    std::vector<std::unique_ptr<receiver>> receivers;
    for (int i = 0; i < 4; ++i) {
        receivers.push_back(std::make_unique<receiver>());
        asio::co_spawn(io, acknowledge({io, service.subscriber().create()}, *receivers.back()),
                       asio::detached);
    }
    auto publisher = service.publisher().create();
    std::thread publishing([&] { publish_bursts(publisher, receivers, 60'000); });
    io.run();
    publishing.join();
    for (const auto& each : receivers) CHECK(each->wrong == 0);
}

TEST_CASE("no wake-up is lost: several subscribers on strands of a thread pool") {
    test::world world;
    const auto service =
        world.publish_subscribe<std::uint64_t>().subscriber_max_buffer_size(ring).create();
    asio::thread_pool pool{2};
    std::vector<std::unique_ptr<receiver>> receivers;
    for (int i = 0; i < 3; ++i) {
        receivers.push_back(std::make_unique<receiver>());
        const asio::any_io_executor strand = asio::make_strand(pool.get_executor());
        asio::co_spawn(strand,
                       acknowledge({strand, service.subscriber().create()}, *receivers.back()),
                       asio::detached);
    }
    auto publisher = service.publisher().create();
    publish_bursts(publisher, receivers, 30'000);
    pool.join();
    for (const auto& each : receivers) CHECK(each->wrong == 0);
}

// Each service has its own messages: while one port is armed and asleep, others fall asleep beside it, hot or cold.
TEST_CASE("no wake-up is lost: ports of several services, hot and cold, fall asleep one by one") {
    constexpr std::size_t services = 4;
    test::world world;
    asio::io_context io{1};
    std::vector<std::unique_ptr<receiver>> receivers;
    std::vector<number_publisher> publishers;
    for (std::size_t i = 0; i < services; ++i) {
        const auto service = world.publish_subscribe<std::uint64_t>("service " + std::to_string(i))
                                 .subscriber_max_buffer_size(ring)
                                 .create();
        receivers.push_back(std::make_unique<receiver>());
        publishers.push_back(service.publisher().create());
        asio::co_spawn(io, acknowledge({io, service.subscriber().create()}, *receivers.back()),
                       asio::detached);
    }
    std::thread publishing([&] {
        test::dice dice(11);
        std::vector<std::uint64_t> sent(services);
        for (std::uint64_t i = 0; i < 150'000; ++i) {
            const auto which = dice.up_to(services - 1);
            while (receivers[which]->taken.load() != sent[which]) elkodon::pause_once();
            const auto burst = dice.one_in(32) ? 1 + dice.up_to(99) : 1;
            for (std::uint64_t j = 0; j < burst; ++j) {
                publishers[which].send_copy(sent[which]++);
                // Now and then another one's in between.
                const auto other = dice.up_to(services - 1);
                if (dice.one_in(16) && sent[other] < receivers[other]->taken.load() + 20)
                    publishers[other].send_copy(sent[other]++);
            }
            test::spin(dice.up_to(100));
            if (dice.one_in(2)) continue;  // the others may be anywhere
            for (std::size_t k = 0; k < services; ++k)
                while (receivers[k]->taken.load() != sent[k]) elkodon::pause_once();
        }
        for (auto& each : publishers) each.send_copy(last);
    });
    io.run();
    publishing.join();
    for (const auto& each : receivers) CHECK(each->wrong == 0);
}

asio::awaitable<void> acknowledge_rings(elkodon::async::listener bells,
                                        std::atomic<std::uint64_t>& seen) {
    for (bool ended = false; !ended;) {
        auto ids = co_await bells.async_wait(asio::use_awaitable);
        ended = ids.contains(elkodon::event_id{200});
        seen.fetch_add(ids.size());
    }
}

TEST_CASE("no wake-up is lost: a sleeping listener") {
    test::world world;
    const auto service = world.event().create();
    asio::io_context io{1};
    std::atomic<std::uint64_t> seen = 0;
    asio::co_spawn(io, acknowledge_rings({io, service.listener().create()}, seen), asio::detached);
    auto notifier = service.notifier().create();
    std::thread notifying([&] {
        test::dice dice(12);
        std::uint64_t rung = 0;
        for (int i = 0; i < 200'000; ++i) {
            const auto burst = dice.one_in(16) ? 1 + dice.up_to(63) : 1;
            test::spin(dice.one_in(8) ? dice.up_to(2'000) : dice.up_to(100));
            for (std::uint64_t id = 0; id < burst; ++id) notifier.notify(elkodon::event_id{id});
            rung += burst;
            while (seen.load() != rung) elkodon::pause_once();
        }
        notifier.notify(elkodon::event_id{200});
    });
    io.run();
    notifying.join();
    CHECK(seen.load() > 0);
}

}  // namespace
