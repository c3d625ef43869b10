#include <elkodon/port/timer_queue.hpp>

#include <array>
#include <support/catch.hpp>
#include <vector>

namespace tests::timer_queue_cases {
namespace {

using elkodon::port::timer;
using namespace std::chrono_literals;

struct queue {
    elkodon::port::timer_queue timers;
    std::array<timer, 3> all;
    timer::clock::time_point start{100h};

    void add(std::size_t index, timer::clock::duration period, bool in_step = true) {
        all[index].period = period;
        all[index].in_step = in_step;
        timers.add(all[index], start);
    }
    std::vector<std::ptrdiff_t> due_after(timer::clock::duration time) {
        std::vector<std::ptrdiff_t> due;
        timers.take_due(start + time, [&](timer& what) { due.push_back(&what - all.data()); });
        return due;
    }
    using order = std::vector<std::ptrdiff_t>;
};

}  // namespace

TEST_CASE("each interval is due in its turn, and again after its period") {
    queue here;
    here.add(0, 30ms);
    here.add(1, 10ms);
    CHECK(here.timers.next() == here.start + 10ms);
    CHECK(here.due_after(9ms).empty());
    CHECK(here.due_after(10ms) == queue::order{1});
    CHECK(here.due_after(10ms).empty());
    CHECK(here.due_after(29ms) == queue::order{1});
    CHECK(here.due_after(30ms) == queue::order{0, 1});
    CHECK(here.timers.next() == here.start + 40ms);
}

TEST_CASE("an interval whose period has passed often is due once, and keeps its step") {
    queue here;
    here.add(0, 10ms);
    CHECK(here.due_after(47ms) == queue::order{0});
    CHECK(here.timers.next() == here.start + 50ms);
}

TEST_CASE("a deadline that is put off in time is never due; one that was missed begins anew") {
    queue here;
    here.add(0, 10ms, false);
    for (auto time = 5ms; time < 100ms; time += 5ms) {
        here.all[0].restart(here.start + time);
        CHECK(here.due_after(time + 4ms).empty());
    }
    CHECK(here.due_after(107ms) == queue::order{0});
    CHECK(here.due_after(116ms).empty());
    CHECK(here.due_after(117ms) == queue::order{0});
}

TEST_CASE("a timer that was removed is due no more, and one that never ends hides no other") {
    queue here;
    here.add(0, 10ms);
    here.add(1, timer::clock::duration::max());
    here.timers.remove(here.all[0]);
    CHECK_FALSE(here.timers.next());
    CHECK(here.due_after(24h).empty());
    here.add(2, 1h);
    CHECK(here.timers.next() == here.start + 1h);
    here.timers.remove(here.all[1]);
    here.timers.remove(here.all[2]);
    CHECK(here.timers.empty());
}

}  // namespace tests::timer_queue_cases
