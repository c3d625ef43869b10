// One port that waits by itself, on either backend: how often it looks, and whether it sleeps. No time is asserted: the
// looks are counted, and the armings, which are one for each sleep.
#include "../caught.hpp"
#include "scripted_port.hpp"

#include <elkodon/elkodon.hpp>
#include <elkodon/port/lone_wait.hpp>

#include <atomic>
#include <thread>

namespace tests::lone_wait_cases {
namespace {

using namespace std::chrono_literals;
using elkodon::cores_in_reach;
using elkodon::wait_strategy;
using elkodon::layout::doorbell_kind;
using elkodon::port::lone_wait;
using scripted::scripted_port;
using clock_type = std::chrono::steady_clock;

doorbell_kind either() { return GENERATE(doorbell_kind::futex, doorbell_kind::eventfd); }

elkodon::configuration patient() {
    auto config = elkodon::configuration::load();
    config.liveness_bound = 1h;
    return config;
}

/// A port that waits alone, and its doorbell as a waker has it.
struct waiter : scripted::world {
    waiter(doorbell_kind kind,
           wait_strategy strategy,
           cores_in_reach cores = cores_in_reach::several,
           elkodon::configuration how = patient())
        : world(std::move(how)), port(*this, strategy), wait(port, kind, cores) {
        std::error_code failure;
        bell = node->process().bell(node->process().id(),
                                    elkodon::doorbell_id{port.wake_address().doorbell.load()},
                                    failure);
        REQUIRE(bell);
        // Lets the bell in where it has to be let in: nothing else ends this.
        while (wait.wait(clock_type::now() + 1ms, refused)) {}
        port.looks = 0;
        armed_before = armings();
    }

    /// From how many armings on there have been.
    std::uint64_t armings() const {
        const auto memory = elkodon::segment::foreign_segment::map(
            node->process().directories().doorbells.get(),
            elkodon::segment::doorbell_name(node->process().id(), bell->id()),
            elkodon::layout::segment_kind::doorbell, elkodon::os::access::read,
            sizeof(elkodon::layout::doorbell_segment));
        return memory.as<elkodon::layout::doorbell_segment>().armed.load() >> 2;
    }
    std::uint64_t sleeps() const { return armings() - armed_before; }

    /// The `n`-th look from now on finds news.
    void news_at_look(int n) {
        port.on_look = [this, at = port.looks + n] { port.news = port.looks >= at; };
    }
    bool wait_for_news(elkodon::port::deadline until = {}) {
        const bool woken = wait.wait(until, refused);
        REQUIRE_FALSE(refused);
        port.news = false;
        return woken;
    }

    scripted_port port;
    lone_wait wait;
    std::shared_ptr<elkodon::segment::bell> bell;
    std::error_code refused;
    std::uint64_t armed_before = 0;
};

}  // namespace

TEST_CASE("who blocks looks once before each sleep") {
    waiter here(either(), wait_strategy::block());
    for (int round = 1; round <= 5; ++round) {
        std::thread elsewhere([&] {
            while (!here.port.is_cold() || here.sleeps() < static_cast<std::uint64_t>(round))
                std::this_thread::yield();
            here.bell->mark(here.port.doorbell_slot());
            here.bell->ring_if_armed();
        });
        CHECK(here.wait_for_news());
        elsewhere.join();
        CHECK(here.port.looks == round);
        CHECK(here.sleeps() == static_cast<std::uint64_t>(round));
    }
}

TEST_CASE("who spins before it sleeps doesn't sleep while there is news in time") {
    waiter here(either(), GENERATE(wait_strategy::spin_then_block(1h), wait_strategy::busy()));
    for (int round = 0; round < 5; ++round) {
        here.port.looks = 0;
        here.news_at_look(1000);
        CHECK(here.wait_for_news());
        CHECK(here.port.looks == 1000);
    }
    CHECK(here.sleeps() == 0);
    here.news_at_look(1 << 30);  // and the time of the wait ends the spin as well
    CHECK_FALSE(here.wait_for_news(clock_type::now() + 1ms));
    CHECK(here.sleeps() == 0);
}

TEST_CASE("who has spun for long enough sleeps, and is woken") {
    waiter here(either(), wait_strategy::spin_then_block(1us));
    std::thread elsewhere([&] {
        while (here.sleeps() < 1) std::this_thread::yield();
        here.bell->mark(here.port.doorbell_slot());
        here.bell->ring_if_armed();
    });
    CHECK(here.wait_for_news());
    elsewhere.join();
    CHECK(here.port.looks >= 2);
}

TEST_CASE("on one core nobody spins before it sleeps, unless it is to be busy") {
    const auto kind = either();
    for (const auto strategy :
         {wait_strategy::adaptive(), wait_strategy::spin_then_block(1h), wait_strategy::block()}) {
        waiter here(kind, strategy, cores_in_reach::one);
        for (int round = 1; round <= 50; ++round) {
            here.news_at_look(1);  // as dense as it gets
            CHECK(here.wait_for_news());
            CHECK(here.port.looks == round);
            CHECK(here.sleeps() == static_cast<std::uint64_t>(round));
        }
    }
    waiter busy(kind, wait_strategy::busy(), cores_in_reach::one);
    busy.news_at_look(100);
    CHECK(busy.wait_for_news());
    CHECK(busy.sleeps() == 0);
}

TEST_CASE("adaptive: spins once news comes densely, and no longer when it doesn't") {
    waiter here(either(), wait_strategy::adaptive());
    for (int round = 0; round < 100; ++round) {
        here.news_at_look(1);
        CHECK(here.wait_for_news());
    }
    const auto learnt = here.sleeps();
    CHECK(learnt < 100);
    for (int round = 0; round < 10; ++round) {
        here.port.looks = 0;
        here.news_at_look(2);
        CHECK(here.wait_for_news());
    }
    CHECK(here.sleeps() < learnt + 10);  // some of them, had somebody taken our core
    // Nothing for longer than it spins, again and again: at last it sleeps after one look, the one before the sleep.
    here.port.on_look = nullptr;
    int looks = 0;
    for (int round = 0; round < 60; ++round) {
        here.port.looks = 0;
        CHECK_FALSE(here.wait_for_news(clock_type::now() + 1ms));
        looks = here.port.looks;
    }
    CHECK(looks == 1);
}

TEST_CASE("who never sleeps looks at its peers once a liveness bound") {
    auto config = patient();
    config.liveness_bound = 5ms;
    waiter here(either(), wait_strategy::busy(), cores_in_reach::several, config);
    const auto before = here.bell->id();
    CHECK(here.wait_for_news());  // without news: it is to look
    CHECK(here.wait_for_news());
    CHECK(here.sleeps() == 0);
    CHECK(before == here.bell->id());
}

TEST_CASE("a port says itself what is done before it sleeps, or its process' default holds") {
    auto config = patient();
    config.wait_strategy = wait_strategy::spin_then_block(7us);
    support::scratch_root root;
    const auto node = elkodon::node::create(config);
    const auto numbers = node.service("numbers").publish_subscribe<std::uint64_t>().create();
    const auto bells = node.service("bells").event().create();
    CHECK(numbers.subscriber().create().untyped()->strategy() == config.wait_strategy);
    CHECK(bells.listener().create().untyped()->strategy() == config.wait_strategy);
    const auto mine = wait_strategy::block();
    CHECK(numbers.subscriber().wait_strategy(mine).create().untyped()->strategy() == mine);
    CHECK(bells.listener().wait_strategy(mine).create().untyped()->strategy() == mine);
}

TEST_CASE(
    "subscriber, listener and blocked publisher: woken on either backend, with each strategy") {
    const auto backend =
        GENERATE(elkodon::doorbell_backend::futex, elkodon::doorbell_backend::eventfd);
    const auto strategy = GENERATE(wait_strategy::block(), wait_strategy::adaptive(),
                                   wait_strategy::spin_then_block(20us), wait_strategy::busy());
    auto config = patient();
    config.doorbell = backend;
    config.wait_strategy = strategy;
    support::scratch_root root;
    const auto node = elkodon::node::create(config);
    const auto numbers = node.service("numbers")
                             .publish_subscribe<std::uint64_t>()
                             .enable_safe_overflow(false)
                             .subscriber_max_buffer_size(2)
                             .create();
    const auto bells = node.service("bells").event().create();
    constexpr std::uint64_t rounds = 500;
    // Blocked most of the time: two are room enough.
    std::thread elsewhere([&, subscriber = numbers.subscriber().create(),
                           notifier = bells.notifier().create()]() mutable {
        for (std::uint64_t next = 0; next < rounds; ++next) {
            const auto sample =
                next % 2 == 0 ? subscriber.blocking_receive() : subscriber.timed_receive(24h);
            if (!sample || *sample != next) std::abort();
            if (next % 5 == 4) notifier.notify(elkodon::event_id(next % 7));
        }
    });
    auto publisher = numbers.publisher().create();
    auto listener = bells.listener().create();
    for (std::uint64_t next = 0; next < rounds; ++next) {
        REQUIRE_FALSE(publisher.send_copy(next));
        if (next % 5 != 4) continue;
        const auto ids = next % 2 == 0 ? listener.blocking_wait() : listener.timed_wait(24h);
        REQUIRE(ids.contains(elkodon::event_id(next % 7)));
    }
    elsewhere.join();
}

}  // namespace tests::lone_wait_cases
