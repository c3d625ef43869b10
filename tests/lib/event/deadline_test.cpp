#include "world.hpp"

#include <elkodon/layout/control_page.hpp>
#include <elkodon/segment/foreign_segment.hpp>

#include <fcntl.h>
#include <poll.h>
#include <thread>

namespace tests::event_deadline_cases {
namespace {

using namespace tests::events;
using clock = std::chrono::steady_clock;

// When the service says that it was notified last: any participant may write it.
class last_notified {
public:
    explicit last_notified(const support::scratch_root& root)
        : page_(elkodon::segment::foreign_segment::map(
              elkodon::os::open_directory(AT_FDCWD, root.services() / "bell.event").get(),
              "control",
              elkodon::layout::segment_kind::control,
              elkodon::os::access::read_write,
              sizeof(elkodon::layout::control_page))) {
        REQUIRE(page_);
    }
    void set(clock::time_point time) {
        word() = static_cast<std::uint64_t>(time.time_since_epoch() / 1ns);
    }
    clock::time_point get() { return clock::time_point(std::chrono::nanoseconds(word().load())); }

private:
    elkodon::atomic<std::uint64_t>& word() {
        return page_.as<elkodon::layout::control_page>().last_notified;
    }
    elkodon::segment::foreign_segment page_;
};

}  // namespace

TEST_CASE(
    "every wait of a listener ends when the deadline is over, says so, and goes on with the next") {
    world here;
    const auto service = here.bell().deadline(20ms).create();
    const auto begin = clock::now();
    auto listener = service.listener().create();
    for (int wait = 1; wait <= 5; ++wait) {
        const auto taken = wait == 1   ? listener.blocking_wait()
                           : wait == 2 ? listener.timed_wait(24h)
                           : wait == 3 ? listener.blocking_wait_one()
                           : wait == 4 ? listener.timed_wait_one(24h)
                                       : listener.timed_wait(std::chrono::hours::max());
        CHECK(taken.empty());
        CHECK(taken.error() == errc::deadline_missed);
        CHECK(taken.error() == std::errc::timed_out);
        CHECK(clock::now() - begin >= wait * 20ms);
    }
    while (!listener.try_wait().error()) std::this_thread::yield();
    CHECK(clock::now() - begin >= 6 * 20ms);
}

TEST_CASE("a timed wait that is shorter than the deadline ends without an error") {
    world here;
    const auto service = here.bell().deadline(1h).create();
    auto listener = service.listener().create();
    auto notifier = service.notifier().create();
    CHECK_FALSE(listener.timed_wait(5ms).error());
    CHECK_FALSE(listener.try_wait().error());
    CHECK_FALSE(listener.try_wait_one().error());
    CHECK_FALSE(notifier.notify());
    CHECK(of(listener.blocking_wait()) == ids{0});
    CHECK_FALSE(
        here.node.service("none").event().create().listener().create().timed_wait(5ms).error());
}

TEST_CASE("a notifier hears that it is late, and its ring arrives all the same") {
    world here;
    const auto service = here.bell().deadline(1ns).create();
    auto listener = service.listener().create();
    auto notifier = service.notifier().create(), other = here.bell().open().notifier().create();
    for (int round = 0; round < 3; ++round) {
        CHECK((round % 2 ? other : notifier).notify(event_id(7)) == errc::deadline_missed);
        CHECK(of(listener.try_wait()) == ids{7});
        CHECK(notifier.notify_one(listener.id(), event_id(8)) == errc::deadline_missed);
        CHECK(of(listener.try_wait()) == ids{8});
    }
}

TEST_CASE("a notifier that keeps the deadline is told nothing, whoever rang before it") {
    world here;
    const auto service = here.bell().deadline(30s).create();
    auto listener = service.listener().create();
    auto a = service.notifier().create(), b = here.bell().open().notifier().create();
    last_notified last(here.root);
    CHECK_FALSE(a.notify());
    CHECK_FALSE(b.notify());
    CHECK(clock::now() - last.get() < 30s);
    last.set(clock::now() - 60s);
    CHECK(a.notify() == errc::deadline_missed);
    CHECK_FALSE(b.notify());  // a has just rung
    last.set(clock::now() - 60s);
    CHECK(b.notify_one(listener.id()) == errc::deadline_missed);
    CHECK_FALSE(a.notify_one(listener.id()));
    CHECK(a.notify_one(elkodon::port_id{}) == errc::listener_not_found);
}

TEST_CASE("a time in the future, which only a hostile participant writes, keeps no deadline from "
          "being told") {
    world here;
    const auto service = here.bell().deadline(20ms).create();
    auto listener = service.listener().create();
    auto notifier = service.notifier().create();
    last_notified last(here.root);
    last.set(clock::now() + 24h);
    CHECK(listener.blocking_wait().error() == errc::deadline_missed);
    CHECK_FALSE(notifier.notify());
    CHECK(last.get() <= clock::now());
    CHECK(of(listener.blocking_wait()) == ids{0});
}

TEST_CASE("the deadline is the service's: a ring for others counts, and a listener that comes late "
          "begins anew") {
    world here;
    const auto service = here.bell().deadline(30ms).create();
    auto listener = service.listener().create();
    last_notified last(here.root);
    // As if somebody had rung another listener just now, while this one waits for the old deadline.
    const auto rung = clock::now() + 15ms;
    while (clock::now() < rung) std::this_thread::yield();
    last.set(rung);
    CHECK(listener.blocking_wait().error() == errc::deadline_missed);
    CHECK(clock::now() >= rung + 30ms);
    last.set(clock::now() - 24h);
    const auto begin = clock::now();
    CHECK(service.listener().create().blocking_wait().error() == errc::deadline_missed);
    CHECK(clock::now() >= begin + 30ms);
}

TEST_CASE("a descriptor becomes readable when the deadline is over") {
    world here;
    const auto service = here.bell().deadline(20ms).create();
    auto listener = service.listener().create();
    auto notifier = service.notifier().create();
    pollfd look{listener.native_handle(), POLLIN, 0};
    for (int round = 0; round < 3; ++round) {
        elkodon::event_ids taken;
        while (!taken.error()) {
            REQUIRE(poll(&look, 1, -1) == 1);
            taken = listener.try_wait();
            CHECK(taken.empty());
        }
        CHECK(taken.error() == errc::deadline_missed);
        static_cast<void>(notifier.notify(event_id(3)));
        REQUIRE(poll(&look, 1, -1) == 1);
        for (taken = {}; taken.empty(); taken = listener.try_wait()) {}
        CHECK(of(taken) == ids{3});
    }
}

}  // namespace tests::event_deadline_cases
