#include "caught.hpp"

#include <elkodon/elkodon.hpp>
#include <support/scratch_root.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace tests::event_cases {
namespace {

using elkodon::errc;
using elkodon::event_id;
using ids = std::vector<std::uint64_t>;
using namespace std::chrono_literals;

struct world {
    support::scratch_root root;
    elkodon::node node = elkodon::node::create();
    elkodon::event_builder bell() const { return node.service("bell").event(); }
};

ids of(const elkodon::event_ids& taken) {
    ids numbers;
    for (const auto id : taken) numbers.push_back(id.value());
    return numbers;
}

}  // namespace

TEST_CASE("a notification without an id rings id 0, or the notifier's own default") {
    world here;
    auto service = here.bell().create();
    auto plain = service.notifier().create();
    auto custom = service.notifier().default_event_id(event_id(12)).create();
    auto listener = service.listener().create();
    CHECK(of(listener.try_wait()).empty());
    CHECK_FALSE(plain.notify());
    CHECK(of(listener.try_wait()) == ids{0});
    CHECK_FALSE(custom.notify());
    CHECK(of(listener.try_wait()) == ids{12});
    CHECK_FALSE(custom.notify(event_id(3)));
    CHECK(of(listener.try_wait()) == ids{3});
    CHECK(of(listener.try_wait()).empty());
    CHECK(plain.id() != custom.id());
    CHECK(listener.id());
}

TEST_CASE("ids coalesce, and come in ascending order, each once") {
    world here;
    auto service = here.bell().event_id_max_value(5000).create();
    auto notifier = service.notifier().create(), other = service.notifier().create();
    auto listener = service.listener().create();
    for (int i = 0; i < 5; ++i)
        for (const auto id : std::initializer_list<std::uint64_t>{5000, 3, 4096, 63, 64, 3, 0, 4095})
            (i % 2 ? notifier : other).notify(event_id(id));
    const auto taken = listener.try_wait();
    CHECK(of(taken) == ids{0, 3, 63, 64, 4095, 4096, 5000});
    CHECK(taken.contains(event_id(64)));
    CHECK_FALSE(taken.contains(event_id(65)));
    CHECK(listener.try_wait().empty());
}

TEST_CASE("an id above event_id_max_value is refused, and rings nothing") {
    world here;
    auto service = here.bell().event_id_max_value(7).create();
    auto notifier = service.notifier().create();
    auto listener = service.listener().create();
    for (const std::uint64_t id :
         {std::uint64_t{8}, std::uint64_t{64}, std::uint64_t{1} << 32, ~std::uint64_t{0}}) {
        CHECK(notifier.notify(event_id(id)) == errc::event_id_out_of_range);
        CHECK(notifier.notify(event_id(id)) == std::errc::result_out_of_range);
        const auto error =
            caught([&] { return service.notifier().default_event_id(event_id(id)).create(); });
        CHECK(error.code() == errc::event_id_out_of_range);
        CHECK(error.property() == "default event id");
        CHECK(contains(error.wanted(), "7"));
        CHECK(error.found() == std::to_string(id));
    }
    CHECK(listener.try_wait().empty());
    CHECK_FALSE(notifier.notify(event_id(7)));
    CHECK(of(listener.try_wait()) == ids{7});
    auto only = here.node.service("only").event().event_id_max_value(0).create();
    auto single = only.notifier().create();
    CHECK_FALSE(single.notify());
    CHECK(single.notify(event_id(1)) == errc::event_id_out_of_range);
}

TEST_CASE("every listener gets every id, whichever notifier rang it, from the moment it is there") {
    world here;
    auto service = here.bell().create();
    auto first = service.notifier().create();
    first.notify(event_id(1));  // nobody is there yet
    auto a = service.listener().create(), b = service.listener().create();
    auto second = service.notifier().create();
    first.notify(event_id(2));
    second.notify(event_id(3));
    CHECK(of(a.try_wait()) == ids{2, 3});
    first.notify(event_id(4));
    CHECK(of(b.try_wait()) == ids{2, 3, 4});
    CHECK(of(a.try_wait()) == ids{4});
    a = {};
    auto c = service.listener().create();  // in the place of a
    second.notify(event_id(5));
    CHECK(of(c.try_wait()) == ids{5});
    CHECK(of(b.try_wait()) == ids{5});
}

TEST_CASE("timed_wait comes back empty when the time is over, and at once when something was rung "
          "before") {
    world here;
    auto service = here.bell().create();
    auto notifier = service.notifier().create();
    auto listener = service.listener().create();
    for (const auto time : {0ms, 1ms, 20ms, -5ms}) {
        const auto begin = std::chrono::steady_clock::now();
        const auto taken = listener.timed_wait(time);
        CHECK(taken.empty());
        CHECK_FALSE(taken.error());
        CHECK(std::chrono::steady_clock::now() - begin >= time);
    }
    notifier.notify(event_id(9));
    CHECK(of(listener.timed_wait(24h)) == ids{9});
    notifier.notify(event_id(10));
    CHECK(of(listener.blocking_wait()) == ids{10});
    notifier.notify(event_id(11));
    CHECK(of(listener.timed_wait(std::chrono::hours::max())) == ids{11});
}

TEST_CASE(
    "a listener that sleeps is woken, by a notifier that was there and by one that comes later") {
    world here;
    auto service = here.bell().create();
    auto listener = service.listener().create();
    auto early = service.notifier().create();
    for (std::uint64_t round = 0; round < 100; ++round) {
        std::thread elsewhere([&] {
            if (round % 2 == 0) early.notify(event_id(round));
            else service.notifier().create().notify(event_id(round));
        });
        CHECK(of(round % 3 == 0 ? listener.timed_wait(24h) : listener.blocking_wait()) ==
              ids{round});
        elsewhere.join();
    }
}

TEST_CASE(
    "every id that four threads ring through one notifier is seen by a listener that blocks") {
    constexpr std::uint64_t count = 10'000, threads = 4;
    world here;
    auto service = here.bell().event_id_max_value(count - 1).create();
    auto notifier = service.notifier().create();
    auto listener = service.listener().create();
    std::atomic<int> refused{0};
    std::vector<std::thread> ringing;
    for (std::uint64_t which = 0; which < threads; ++which)
        ringing.emplace_back([&, which] {
            for (std::uint64_t id = which; id < count; id += threads)
                refused += notifier.notify(event_id(id)) ? 1 : 0;
        });
    std::vector<int> seen(count);
    std::size_t waits = 0;
    for (std::uint64_t left = count; left > 0; ++waits)
        for (const auto id : listener.blocking_wait()) {
            if (seen[id.value()]++ == 0) --left;
        }
    for (auto& thread : ringing) thread.join();
    CHECK(refused == 0);
    CHECK(std::all_of(seen.begin(), seen.end(), [](int times) { return times == 1; }));
    CHECK(listener.try_wait().empty());
    CHECK(waits <= count);
}

TEST_CASE("the same ids rung again and again are seen after every ring that was accepted") {
    world here;
    auto service = here.bell().create();
    auto listener = service.listener().create();
    std::atomic<std::uint64_t> accepted{0}, answered{0};
    constexpr std::uint64_t rounds = 5'000;
    std::thread ringing([&] {
        auto notifier = service.notifier().create();
        for (std::uint64_t round = 1; round <= rounds; ++round) {
            notifier.notify(event_id(round % 3));
            accepted = round;
            while (answered < round) std::this_thread::yield();
        }
    });
    for (std::uint64_t round = 1; round <= rounds; ++round) {
        const auto taken = round % 2 ? listener.blocking_wait() : listener.timed_wait(24h);
        if (of(taken) != ids{round % 3}) FAIL_CHECK("round " << round);
        answered = round;
    }
    ringing.join();
    CHECK(accepted == rounds);
}

TEST_CASE("ten thousand ids at once come in one set") {
    world here;
    auto service = here.bell().event_id_max_value(9'999).create();
    auto notifier = service.notifier().create();
    auto listener = service.listener().create();
    for (std::uint64_t id = 10'000; id > 0; --id) notifier.notify(event_id(id - 1));
    const auto taken = listener.try_wait();
    REQUIRE(taken.size() == 10'000);
    CHECK(taken.begin()->value() == 0);
    CHECK(std::is_sorted(taken.begin(), taken.end()));
    CHECK(listener.try_wait().empty());
}

TEST_CASE("the largest event_id_max_value works, its first and its last id") {
    world here;
    constexpr std::uint64_t largest = (1U << 24) - 1;
    auto service = here.bell().event_id_max_value(largest).create();
    auto notifier = service.notifier().create();
    auto listener = service.listener().create();
    for (const std::uint64_t id : {largest, std::uint64_t{0}, largest / 2})
        CHECK_FALSE(notifier.notify(event_id(id)));
    CHECK(notifier.notify(event_id(largest + 1)) == errc::event_id_out_of_range);
    CHECK(of(listener.blocking_wait()) == ids{0, largest / 2, largest});
}

TEST_CASE("what was moved from, or is empty, answers closed") {
    world here;
    auto service = here.bell().create();
    auto notifier = service.notifier().create();
    auto listener = service.listener().create();
    auto moved_notifier = std::move(notifier);
    auto moved_listener = std::move(listener);
    CHECK_FALSE(notifier);
    CHECK_FALSE(listener);
    CHECK(notifier.notify() == errc::closed);
    CHECK(notifier.notify(event_id(1)) == errc::closed);
    CHECK_FALSE(notifier.id());
    CHECK(listener.try_wait().error() == errc::closed);
    CHECK(listener.timed_wait(1h).error() == errc::closed);
    CHECK(listener.blocking_wait().error() == errc::closed);
    CHECK(caught([&] { return listener.native_handle(); }).code() == errc::closed);
    CHECK_FALSE(moved_notifier.notify(event_id(1)));
    CHECK(of(moved_listener.try_wait()) == ids{1});
}

TEST_CASE("ports of events keep their service and node, and leave nothing behind") {
    support::scratch_root root;
    {
        elkodon::notifier notifier;
        elkodon::listener listener;
        {
            auto service = elkodon::node::create().service("bell").event().create();
            notifier = service.notifier().create();
            listener = service.listener().create();
        }
        CHECK_FALSE(notifier.notify(event_id(4)));
        CHECK(of(listener.blocking_wait()) == ids{4});
        listener.native_handle();
    }
    CHECK(root.listing() == support::nothing);
}

}  // namespace tests::event_cases
