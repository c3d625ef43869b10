#include "world.hpp"

#include <elkodon/layout/event_segments.hpp>

#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>

namespace tests::event_taking_cases {
namespace {

using namespace tests::events;

bool readable(int descriptor) {
    pollfd look{descriptor, POLLIN, 0};
    return poll(&look, 1, 0) > 0 && (look.revents & POLLIN) != 0;
}

// Overwrites the event set of the first listener, from `offset` to its end, as any participant may.
void scribble(const support::scratch_root& root, std::size_t offset, int byte) {
    const auto path = root.services() / "bell.event" / "listener.0.events";
    const auto size = std::filesystem::file_size(path);
    const int file = open(path.c_str(), O_RDWR | O_CLOEXEC);
    auto* const bytes = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    REQUIRE(bytes != MAP_FAILED);
    std::memset(static_cast<std::byte*>(bytes) + offset, byte, size - offset);
    munmap(bytes, size);
}

}  // namespace

TEST_CASE("ids are taken one at a time, the lowest first, by each of the three waits") {
    world here;
    const auto service = here.bell().create();
    auto notifier = service.notifier().create();
    auto listener = service.listener().create();
    CHECK(listener.try_wait_one().empty());
    CHECK(listener.timed_wait_one(1ms).empty());
    for (const std::uint64_t id : ids{9, 3, 7, 5}) notifier.notify(event_id(id));
    CHECK(of(listener.try_wait_one()) == ids{3});
    CHECK(of(listener.timed_wait_one(24h)) == ids{5});
    CHECK(of(listener.blocking_wait_one()) == ids{7});
    CHECK(of(listener.try_wait_one()) == ids{9});
    CHECK(listener.try_wait_one().empty());
}

TEST_CASE(
    "what one wait has left comes before what was rung since, and nothing is lost or told twice") {
    world here;
    const auto service = here.bell().create();
    auto notifier = service.notifier().create();
    auto listener = service.listener().create();
    for (const std::uint64_t id : ids{4, 6, 8}) notifier.notify(event_id(id));
    CHECK(of(listener.try_wait_one()) == ids{4});
    for (const std::uint64_t id : ids{1, 6}) notifier.notify(event_id(id));
    CHECK(of(listener.try_wait()) == ids{6, 8});
    CHECK(of(listener.blocking_wait()) == ids{1, 6});
    CHECK(listener.try_wait().empty());
}

TEST_CASE(
    "behind its descriptor a listener that gives one id at a time stays readable until the last") {
    world here;
    const auto service = here.bell().create();
    auto notifier = service.notifier().create();
    auto listener = service.listener().create();
    const int handle = listener.native_handle();
    CHECK_FALSE(readable(handle));
    for (int round = 0; round < 3; ++round) {
        for (const std::uint64_t id : ids{2, 1, 3}) notifier.notify(event_id(id));
        for (const std::uint64_t id : ids{1, 2, 3}) {
            CHECK(readable(handle));
            CHECK(of(listener.try_wait_one()) == ids{id});
        }
        CHECK(listener.try_wait_one().empty());
        CHECK_FALSE(readable(handle));
    }
    CHECK(listener.blocking_wait_one().error() == errc::already_attached);
    CHECK(listener.timed_wait_one(24h).error() == errc::already_attached);
}

TEST_CASE("a listener that counts says how often each id was rung since it was taken last") {
    world here;
    const auto service = here.bell().create();
    auto notifier = service.notifier().create(), other = service.notifier().create();
    auto counting = service.listener().counting().create(), plain = service.listener().create();
    for (int i = 0; i < 5; ++i) (i % 2 ? notifier : other).notify(event_id(12));
    notifier.notify(event_id(200));
    const auto counted = counting.try_wait();
    CHECK(of(counted) == ids{12, 200});
    CHECK(counted.count(event_id(12)) == 5);
    CHECK(counted.count(event_id(200)) == 1);
    for (const std::uint64_t id : {std::uint64_t{0}, std::uint64_t{13}, ~std::uint64_t{0}})
        CHECK(counted.count(event_id(id)) == 0);
    const auto uncounted = plain.try_wait();
    CHECK(uncounted.count(event_id(12)) == 1);
    CHECK(uncounted.count(event_id(13)) == 0);
    CHECK(counting.try_wait().empty());
    for (int i = 0; i < 3; ++i) notifier.notify(event_id(12));
    notifier.notify(event_id(13));
    const auto first = counting.try_wait_one();
    CHECK(of(first) == ids{12});
    CHECK(first.count(event_id(12)) == 3);
    CHECK(first.count(event_id(13)) == 0);
    CHECK(counting.try_wait_one().count(event_id(13)) == 1);
    CHECK(elkodon::event_ids{}.count(event_id(1)) == 0);
}

TEST_CASE("no ring of several threads is lost to a listener that counts, and none counted twice") {
    constexpr std::uint64_t threads = 3, rounds = 5'000;
    world here;
    const auto service = here.bell().create();
    auto listener = service.listener().counting().create();
    std::vector<std::thread> ringing;
    for (std::uint64_t which = 0; which < threads; ++which)
        ringing.emplace_back([&] {
            auto notifier = service.notifier().create();
            for (std::uint64_t i = 0; i < rounds; ++i) notifier.notify(event_id(i % 2));
        });
    std::uint64_t rung[2] = {};
    while (rung[0] + rung[1] < threads * rounds) {
        const auto taken = listener.blocking_wait();
        for (const auto id : taken) rung[id.value()] += taken.count(id);
    }
    for (auto& thread : ringing) thread.join();
    CHECK(rung[0] == threads * rounds / 2);
    CHECK(rung[1] == threads * rounds / 2);
    CHECK(listener.try_wait().empty());
}

TEST_CASE(
    "whatever a hostile participant writes into an event set, a wait gives ids that there are") {
    for (const bool counting : {false, true}) {
        CAPTURE(counting);
        world here;
        const auto service = here.bell().event_id_max_value(70).create();
        auto builder = service.listener();
        auto listener = counting ? builder.counting().create() : builder.create();
        auto notifier = service.notifier().create();
        scribble(here.root, offsetof(elkodon::layout::event_set_segment, words), 0xff);
        const auto taken = listener.blocking_wait();
        CHECK(taken.size() == 71);
        CHECK(of(taken).back() == 70);
        CHECK(taken.count(event_id(70)) == (counting ? 1U << 31 : 1));
        CHECK(taken.count(event_id(71)) == 0);
        // What it says of itself, too: newcomers look at that.
        scribble(here.root, offsetof(elkodon::layout::event_set_segment, id_count), 0xff);
        auto newcomer = service.notifier().create();
        CHECK(listener.try_wait().size() == 71);
        scribble(here.root, offsetof(elkodon::layout::event_set_segment, words), 0);
        CHECK_FALSE(newcomer.notify(event_id(70)));
        CHECK_FALSE(notifier.notify(event_id(1)));
        CHECK(of(listener.blocking_wait()) == ids{1, 70});
        CHECK(listener.try_wait().empty());
    }
}

TEST_CASE("an empty listener has no ids to give one at a time") {
    elkodon::listener nobody;
    CHECK(nobody.try_wait_one().error() == errc::closed);
    CHECK(nobody.timed_wait_one(24h).error() == errc::closed);
    CHECK(nobody.blocking_wait_one().error() == errc::closed);
    CHECK(nobody.deadline() == 0s);
}

}  // namespace tests::event_taking_cases
