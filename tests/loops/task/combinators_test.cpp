#include <elkodon/task.hpp>

#include "by_hand.hpp"

#include <stdexcept>
#include <string>
#include <support/catch.hpp>

namespace combinators_test {
namespace {

using elkodon::sync_wait;
using elkodon::task;
using test::by_hand;

task<int> value_of(by_hand& event) { co_return co_await event; }
task<> just_waits(by_hand& event) { co_await event; }
task<int> number(int n) { co_return n; }
task<int> fails(const char* why) {
    throw std::runtime_error(why);
    co_return 0;
}

// Runs a task in the background, and keeps what came of it.
template <class T>
struct background {
    explicit background(task<T> what) { scope.spawn(keep(std::move(what), *this)); }
    static task<> keep(task<T> what, background& self) {
        try {
            self.result = co_await std::move(what);
        } catch (const std::exception& error) {
            self.thrown = error.what();
        }
        self.done = true;
    }
    std::optional<T> result;
    std::string thrown;
    bool done = false;
    elkodon::task_scope scope;
};

task<std::variant<int, std::monostate>> first_of(by_hand& a, by_hand& b) {
    auto any = elkodon::when_any(value_of(a), just_waits(b));
    co_return co_await std::move(any);
}

TEST_CASE("when_any gives the result of what ends first, and stops the other") {
    by_hand a, b;
    const int winner = GENERATE(0, 1);
    background<std::variant<int, std::monostate>> run(first_of(a, b));
    CHECK_FALSE(run.done);
    (winner == 0 ? a : b).set(5);
    REQUIRE(run.done);
    REQUIRE(run.result);
    CHECK(static_cast<int>(run.result->index()) == winner);
    if (winner == 0) CHECK(std::get<0>(*run.result) == 5);
    CHECK(a.stops() + b.stops() == 1);
}

TEST_CASE("when_any begins nothing more once one has ended") {
    by_hand never;
    const auto body = [](by_hand& event) -> task<int> {
        auto any = elkodon::when_any(number(3), value_of(event));
        auto first = co_await std::move(any);
        co_return std::get<0>(first);
    };
    CHECK(sync_wait(body(never)) == 3);
    CHECK(never.stops() == 0);
}

TEST_CASE("when_any throws what the first one throws, once the others have ended") {
    by_hand event;
    const auto body = [](by_hand& on) -> task<int> {
        auto any = elkodon::when_any(value_of(on), fails("first"));
        auto first = co_await std::move(any);
        co_return std::get<0>(first);
    };
    CHECK_THROWS_WITH(sync_wait(body(event)), "first");
    CHECK(event.stops() == 1);
}

TEST_CASE("when_any waits for a loser that takes its time") {
    by_hand quick, slow, last;
    bool left = false;
    const auto stubborn = [](by_hand& on, by_hand& then, bool& out) -> task<int> {
        try {
            co_await on;
        } catch (const elkodon::error&) {}
        // Stopped already: what it awaits now ends at once.
        CHECK_THROWS(co_await then);
        out = true;
        co_return 1;
    };
    const auto body = [](task<int> one, task<int> other) -> task<int> {
        auto any = elkodon::when_any(std::move(one), std::move(other));
        auto first = co_await std::move(any);
        co_return static_cast<int>(first.index());
    };
    background<int> run(body(value_of(quick), stubborn(slow, last, left)));
    quick.set(1);
    REQUIRE(run.done);
    CHECK(*run.result == 0);
    CHECK(left);
}

TEST_CASE("when_any of many says which") {
    by_hand events[3];
    const auto body = [](by_hand* on) -> task<int> {
        std::vector<task<int>> all;
        for (int i = 0; i < 3; ++i) all.push_back(value_of(on[i]));
        auto any = elkodon::when_any(std::move(all));
        auto first = co_await std::move(any);
        co_return static_cast<int>(first.first) * 100 + first.second;
    };
    background<int> run(body(events));
    events[2].set(7);
    REQUIRE(run.done);
    CHECK(*run.result == 207);
    CHECK(events[0].stops() + events[1].stops() == 2);
}

TEST_CASE("a stop of whoever awaits when_any stops all of it") {
    by_hand a, b;
    elkodon::task_scope scope;
    std::error_code got;
    const auto body = [](by_hand& on, by_hand& or_on, std::error_code& into) -> task<> {
        try {
            co_await first_of(on, or_on);
        } catch (const elkodon::error& error) {
            into = error.code();
        }
    };
    scope.spawn(body(a, b, got));
    scope.cancel();
    CHECK(scope.empty());
    CHECK(got == std::errc::operation_canceled);
    CHECK(a.stops() == 1);
    CHECK(b.stops() == 1);
}

TEST_CASE("when_all gives all results, in their order, whatever ends first") {
    by_hand a, b;
    const auto body = [](by_hand& on, by_hand& and_on) -> task<int> {
        auto all = elkodon::when_all(value_of(on), just_waits(and_on), number(3));
        auto [one, none, three] = co_await std::move(all);
        (void)none;
        co_return one * 10 + three;
    };
    background<int> run(body(a, b));
    b.set(0);
    CHECK_FALSE(run.done);
    a.set(4);
    REQUIRE(run.done);
    CHECK(*run.result == 43);
}

TEST_CASE("when_all throws what the first one threw, and stops the others") {
    by_hand event;
    const auto body = [](by_hand& on) -> task<int> {
        auto all = elkodon::when_all(value_of(on), fails("this"), fails("not this"));
        co_await std::move(all);
        co_return 0;
    };
    CHECK_THROWS_WITH(sync_wait(body(event)), "this");
    CHECK(event.stops() == 1);
}

TEST_CASE("when_all of many, and of none") {
    const auto body = [](int count) -> task<int> {
        std::vector<task<int>> all;
        for (int i = 0; i < count; ++i) all.push_back(number(i));
        auto each = elkodon::when_all(std::move(all));
        int sum = 0;
        auto values = co_await std::move(each);
        for (const int value : values) sum += value;
        co_return sum;
    };
    CHECK(sync_wait(body(5)) == 10);
    CHECK(sync_wait(body(0)) == 0);
}

TEST_CASE("a scope joins its children") {
    by_hand a, b;
    const auto body = [](by_hand& on, by_hand& and_on) -> task<int> {
        elkodon::task_scope children;
        children.spawn(just_waits(on));
        children.spawn(just_waits(and_on));
        co_await children.join();
        co_return 1;
    };
    background<int> run(body(a, b));
    a.set(0);
    CHECK_FALSE(run.done);
    b.set(0);
    CHECK(run.done);
}

TEST_CASE("a scope's child that throws stops its siblings, and whoever joins gets what it threw") {
    by_hand event;
    const auto child = []() -> task<> { co_await fails("child"); };
    const auto body = [](by_hand& on, task<> failing) -> task<int> {
        elkodon::task_scope children;
        children.spawn(just_waits(on));
        children.spawn(std::move(failing));
        co_await children.join();
        co_return 1;
    };
    background<int> run(body(event, child()));
    CHECK(run.done);
    CHECK(run.thrown == "child");
    CHECK(event.stops() == 1);
}

TEST_CASE("a scope's children are cancelled by name, and that is no failure") {
    by_hand event;
    const auto body = [](by_hand& on) -> task<int> {
        elkodon::task_scope children;
        children.spawn(just_waits(on));
        children.cancel();
        co_await children.join();
        co_return 1;
    };
    CHECK(sync_wait(body(event)) == 1);
}

TEST_CASE("whoever joins passes a stop on to the children") {
    by_hand event;
    elkodon::task_scope outer;
    const auto body = [](by_hand& on) -> task<> {
        elkodon::task_scope children;
        children.spawn(just_waits(on));
        co_await children.join();
    };
    outer.spawn(body(event));
    CHECK(event.waited_for());
    outer.cancel();
    CHECK(outer.empty());
    CHECK(event.stops() == 1);
}

elkodon::async_generator<int> count_up(by_hand& event, int to) {
    for (int i = 0; i < to; ++i) {
        co_yield i;
        if (i == 1) co_yield co_await event;
    }
    if (to == 7) throw std::runtime_error("seven");
}

task<int> sum_of(by_hand& event, int to) {
    int sum = 0;
    auto numbers = count_up(event, to);
    while (auto n = co_await numbers.next()) sum += *n;
    CHECK_FALSE(co_await numbers.next());
    co_return sum;
}

TEST_CASE("a generator yields, awaits in between, and ends") {
    by_hand event;
    background<int> run(sum_of(event, 4));
    REQUIRE(event.waited_for());
    event.set(100);
    REQUIRE(run.done);
    CHECK(*run.result == 106);
}

TEST_CASE("what a generator throws, its consumer gets") {
    by_hand event;
    background<int> run(sum_of(event, 7));
    event.set(100);
    CHECK(run.thrown == "seven");
}

TEST_CASE("a generator that is left early destroys what it holds") {
    const auto endless = []() -> elkodon::async_generator<int> {
        const test::counted held;
        for (int i = 0;; ++i) co_yield i;
    };
    const auto body = [](elkodon::async_generator<int> all) -> task<int> {
        int last = 0;
        for (int i = 0; i < 1'000'000; ++i) {
            auto n = co_await all.next();
            last = *n;
        }
        co_return last;
    };
    CHECK(sync_wait(body(endless())) == 999'999);
    CHECK(test::counted::alive == 0);
}

}  // namespace
}  // namespace combinators_test
