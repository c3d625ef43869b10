#include "../caught.hpp"
#include "scripted_port.hpp"

#include <elkodon/port/waiting_room.hpp>

#include <chrono>
#include <memory>
#include <vector>

namespace tests::waiting_room_cases {
namespace {

namespace port = elkodon::port;
using scripted::scripted_port;
using scripted::world;
namespace os = elkodon::os;
using seats = std::vector<std::uint32_t>;

struct room : world {
    port::waiting_room waits{node->process().doorbell_place()};
    std::vector<std::unique_ptr<scripted_port>> ports;
    std::shared_ptr<elkodon::segment::bell> bell;

    explicit room(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            ports.push_back(std::make_unique<scripted_port>(*this));
            REQUIRE(waits.attach(*ports.back()) == i);
        }
        std::error_code failure;
        const auto id = ports.front()->wake_address().doorbell.load();
        bell = node->process().bell(node->process().id(), elkodon::doorbell_id{id}, failure);
        REQUIRE(bell);
        waits.on_wake();  // lets the bell in
    }
    ~room() { ports.clear(); }

    // As a publisher does it.
    void publish(std::uint32_t seat) {
        ports[seat]->news = true;
        if (!ports[seat]->is_cold()) return;
        bell->mark(seat);
        bell->ring_if_armed();
    }
    seats ready() {
        seats all;
        waits.take_ready([&](std::uint32_t seat) { all.push_back(seat); });
        return all;
    }
    bool readable() {
        return os::wait_readable(waits.descriptor(), std::chrono::steady_clock::now()) ==
               os::wait_end::woken;
    }
    void await_all() {
        for (std::uint32_t seat = 0; seat < ports.size(); ++seat) waits.await(seat);
    }
    int looks() const {
        int sum = 0;
        for (const auto& each : ports) sum += each->looks;
        return sum;
    }
};

}  // namespace

TEST_CASE("who awaits a port is told of its news once, and of no other's") {
    room here(3);
    here.await_all();
    REQUIRE(here.waits.prepare_sleep());
    CHECK(here.ready().empty());
    CHECK_FALSE(here.readable());
    here.publish(1);
    CHECK(here.readable());
    here.waits.on_wake();
    CHECK(here.ready() == seats{1});
    CHECK(here.waits.awaited() == 2);
    here.publish(1);  // nobody awaits it now
    REQUIRE(here.waits.prepare_sleep());
    CHECK(here.ready().empty());
    here.waits.await(1);
    CHECK(here.ready() == seats{1});
}

TEST_CASE("nobody sleeps while nobody is awaited, nor rings who doesn't sleep") {
    room here(2);
    CHECK_FALSE(here.waits.prepare_sleep());
    here.waits.await(0);
    REQUIRE(here.waits.prepare_sleep());
    here.waits.forget(0);
    CHECK_FALSE(here.waits.prepare_sleep());
    here.waits.stay_awake();
    here.publish(0);
    CHECK_FALSE(here.readable());
}

TEST_CASE(
    "news that come while the room falls asleep are found before it sleeps, at whichever look") {
    for (int look = 1; look <= 2; ++look) {
        room here(1);
        scripted_port& port = *here.ports[0];
        // The publisher stores its message right after this look, and sees the bit only when it is set.
        port.on_look = [&] {
            if (port.looks == look) here.publish(0);
        };
        here.waits.await(0);
        here.waits.prepare_sleep();
        const bool told = !here.ready().empty() || here.readable();
        CHECK(told);
    }
}

TEST_CASE("a port that is detached is told of no more, and its seat is the next one's") {
    room here(2);
    here.await_all();
    REQUIRE(here.waits.prepare_sleep());
    here.publish(0);
    here.waits.detach(*here.ports[0]);
    here.waits.on_wake();
    CHECK(here.ready().empty());
    CHECK(here.waits.awaited() == 1);
    CHECK_FALSE(here.ports[0]->is_cold());
    scripted_port next(here);
    CHECK(here.waits.attach(next) == 0);
    here.waits.await(0);
    REQUIRE(here.waits.prepare_sleep());
    CHECK(here.ready().empty());
}

TEST_CASE("a port that is ready and detached before anybody was told is told of no more") {
    room here(2);
    here.ports[0]->news = true;
    here.await_all();
    here.waits.detach(*here.ports[0]);
    CHECK(here.ready().empty());
}

TEST_CASE(
    "after a notice each awaited port looks at its peers, any other when it is awaited again") {
    room here(2);
    here.waits.await(0);
    REQUIRE(here.waits.prepare_sleep());
    {
        std::error_code failure;  // a peer that comes and goes
        const auto id = here.ports[0]->wake_address().doorbell.load();
        const auto peer = elkodon::segment::bell::open(
            here.node->process().directories().doorbells.get(), here.node->process().id(),
            elkodon::doorbell_id{id}, failure);
        REQUIRE(peer);
    }
    CHECK(here.readable());
    const auto before = here.ports[0]->looks_at_peers;
    here.waits.on_wake();
    CHECK(here.ports[0]->looks_at_peers == before + 1);
    const auto others = here.ports[1]->looks_at_peers;
    here.waits.await(1);
    CHECK(here.ports[1]->looks_at_peers == others + 1);
}

TEST_CASE("among ten thousand ports that wait, ten with traffic cost what ten alone cost") {
    const auto looks_of = [](std::size_t ports) {
        room here(ports);
        here.await_all();
        REQUIRE(here.waits.prepare_sleep());
        const auto before = here.looks();
        for (int round = 0; round < 50; ++round) {
            for (std::uint32_t seat = 0; seat < 10; ++seat)
                here.publish(seat * static_cast<std::uint32_t>(ports / 10));
            REQUIRE(here.readable());
            here.waits.on_wake();
            const auto ready = here.ready();
            REQUIRE(ready.size() == 10);
            for (const auto seat : ready) {
                here.ports[seat]->take(round % 2 == 0 ? 1 : 100);  // every other time it turns hot
                here.waits.await(seat);
            }
            REQUIRE(here.waits.prepare_sleep());
        }
        return here.looks() - before;
    };
    const auto alone = looks_of(10);
    CHECK(looks_of(10'000) == alone);
    CHECK(alone <= 50 * 10 * 3);
}

}  // namespace tests::waiting_room_cases
