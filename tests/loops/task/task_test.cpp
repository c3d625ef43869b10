#include <elkodon/task.hpp>

#include "by_hand.hpp"

#include <array>
#include <memory>
#include <memory_resource>
#include <stdexcept>
#include <string>
#include <support/catch.hpp>
#include <thread>

namespace task_test {
namespace {

using elkodon::sync_wait;
using elkodon::task;

task<int> number(int n) { co_return n; }
task<> nothing_at_all() { co_return; }
task<int> fails() {
    throw std::runtime_error("on purpose");
    co_return 0;
}

TEST_CASE("a task runs when it is awaited, and not before") {
    int runs = 0;
    const auto body = [](int& count) -> task<int> { co_return ++count; };
    auto waiting = body(runs);
    CHECK(runs == 0);
    CHECK(sync_wait(std::move(waiting)) == 1);
    CHECK(runs == 1);
    { auto never = body(runs); }
    CHECK(runs == 1);
}

TEST_CASE("a task gives values, references, move-only things and nothing") {
    const auto refer = [](int& to) -> task<int&> { co_return to; };
    const auto own = []() -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(3); };
    int there = 5;
    CHECK(&sync_wait(refer(there)) == &there);
    CHECK(*sync_wait(own()) == 3);
    sync_wait(nothing_at_all());
}

TEST_CASE("what a task throws, its awaiter gets") {
    CHECK_THROWS_WITH(sync_wait(fails()), "on purpose");
    const auto outer = []() -> task<std::string> {
        try {
            co_await fails();
        } catch (const std::runtime_error& error) {
            co_return error.what();
        }
        co_return "nothing";
    };
    CHECK(sync_wait(outer()) == "on purpose");
}

TEST_CASE("to await a task twice is an error that says so") {
    const auto twice = []() -> task<> {
        auto once = number(1);
        co_await std::move(once);
        co_await std::move(once);
    };
    CHECK_THROWS_WITH(sync_wait(twice()), support::containing("await a task that was moved from"));
}

TEST_CASE("a million tasks that end at once don't grow the stack") {
    const auto all = []() -> task<long> {
        long sum = 0;
        for (int i = 0; i < 1'000'000; ++i) sum += co_await number(1);
        co_return sum;
    };
    CHECK(sync_wait(all()) == 1'000'000);
}

task<long> deep(int levels) {
    if (levels == 0) co_return 0;
    co_return 1 + co_await deep(levels - 1);
}

TEST_CASE("two hundred thousand tasks, each awaited by the one before, don't grow the stack") {
    CHECK(sync_wait(deep(200'000)) == 200'000);
}

TEST_CASE("a million choices among what is there don't grow the stack") {
    const auto all = []() -> task<long> {
        long sum = 0;
        for (int i = 0; i < 1'000'000; ++i) {
            auto any = elkodon::when_any(number(1), number(100));
            auto first = co_await std::move(any);
            sum += std::get<0>(first);
        }
        co_return sum;
    };
    CHECK(sync_wait(all()) == 1'000'000);
}

TEST_CASE("a task goes on where what it awaits was set") {
    test::by_hand event;
    int got = 0;
    const auto body = [](test::by_hand& on, int& into) -> task<> {
        for (int i = 0; i < 3; ++i) into += co_await on;
    };
    elkodon::task_scope scope;
    scope.spawn(body(event, got));
    for (int i = 1; i <= 3; ++i) {
        REQUIRE(event.waited_for());
        event.set(i);
    }
    CHECK(got == 6);
    CHECK(scope.empty());
}

TEST_CASE("a task that is destroyed while it waits destroys what it holds") {
    test::by_hand event;
    const auto body = [](test::by_hand& on) -> task<> {
        const test::counted held;
        co_await on;
    };
    const auto outer = [](task<> inner) -> task<> { co_await std::move(inner); };
    {
        elkodon::task_scope scope;
        scope.spawn(outer(body(event)));
        CHECK(event.waited_for());
        CHECK(test::counted::alive == 1);
    }
    CHECK_FALSE(event.waited_for());
    CHECK(test::counted::alive == 0);
}

TEST_CASE("a coroutine type that isn't ours awaits tasks") {
    int got = 0;
    const auto body = [](int& into) -> test::foreign {
        for (int i = 0; i < 1000; ++i) into += co_await number(1);
    };
    body(got);
    CHECK(got == 1000);
}

TEST_CASE("a thread waits for what another thread ends") {
    struct elsewhere {
        std::thread& on;
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> who) const {
            on = std::thread([who] { who.resume(); });
        }
        void await_resume() const noexcept {}
    };
    std::thread other;
    const auto hops = [](elsewhere to) -> task<std::thread::id> {
        co_await to;
        co_return std::this_thread::get_id();
    };
    const auto where = sync_wait(hops(elsewhere{other}));
    CHECK(where != std::this_thread::get_id());
    other.join();
}

// Counts what it hands out.
struct arena : std::pmr::memory_resource {
    int blocks = 0, ever = 0;
    void* do_allocate(std::size_t bytes, std::size_t alignment) override {
        ++blocks, ++ever;
        return std::pmr::new_delete_resource()->allocate(bytes, alignment);
    }
    void do_deallocate(void* memory, std::size_t bytes, std::size_t alignment) override {
        --blocks;
        std::pmr::new_delete_resource()->deallocate(memory, bytes, alignment);
    }
    bool do_is_equal(const memory_resource& other) const noexcept override {
        return this == &other;
    }
};

task<int> in_arena(std::allocator_arg_t, std::pmr::polymorphic_allocator<>, int n) { co_return n; }

struct maker {
    int base = 10;
    task<int> make(std::allocator_arg_t, std::pmr::polymorphic_allocator<>, int n) {
        co_return base + n;
    }
};

TEST_CASE("a task's frame comes from the allocator that it is given") {
    arena memory;
    CHECK(sync_wait(in_arena(std::allocator_arg, &memory, 7)) == 7);
    CHECK(memory.ever == 1);
    maker object;
    CHECK(sync_wait(object.make(std::allocator_arg, &memory, 7)) == 17);
    CHECK(memory.ever == 2);
    const auto lambda = [](std::allocator_arg_t, std::pmr::polymorphic_allocator<>,
                           int n) -> task<int> { co_return n; };
    CHECK(sync_wait(lambda(std::allocator_arg, &memory, 8)) == 8);
    CHECK(memory.ever == 3);
    CHECK(memory.blocks == 0);
}

task<> listens(bool& asked) {
    auto token = co_await elkodon::get_stop_token;
    asked = token.stop_requested();
}

TEST_CASE("a stop reaches the innermost task") {
    elkodon::stop_source source;
    bool asked = false;
    sync_wait(listens(asked), source.token());
    CHECK_FALSE(asked);
    source.request_stop();
    const auto outer = [](bool& into) -> task<> { co_await listens(into); };
    sync_wait(outer(asked), source.token());
    CHECK(asked);
}

TEST_CASE("a stop calls back once, at once when it was requested before, and never after the "
          "callback's end") {
    elkodon::stop_source source;
    int calls = 0;
    const auto count = [&] { ++calls; };
    { const elkodon::stop_callback gone(source.token(), count); }
    const elkodon::stop_callback first(source.token(), count), second(source.token(), count);
    elkodon::stop_source child(source.token());
    source.request_stop();
    source.request_stop();
    CHECK(calls == 2);
    CHECK(child.stop_requested());
    const elkodon::stop_callback late(child.token(), count);
    CHECK(calls == 3);
}

}  // namespace
}  // namespace task_test
