// Counts what the whole process asks operator new for, in steady state: an awaited receive, a sleep and a race ask for nothing.
#include <elkodon/elkodon.hpp>
#include <elkodon/io_uring.hpp>
#include <elkodon/manual.hpp>

#include <async/world.hpp>

#include <chrono>
#include <cstdlib>
#include <new>
#include <support/catch.hpp>

namespace {

std::uint64_t asked = 0;

void* counted(std::size_t size, std::size_t alignment) {
    ++asked;
    void* const memory =
        std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    return memory ? memory : throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t size) { return counted(size, alignof(std::max_align_t)); }
void* operator new[](std::size_t size) { return counted(size, alignof(std::max_align_t)); }
void* operator new(std::size_t size, std::align_val_t alignment) {
    return counted(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace {

using namespace std::chrono_literals;
using elkodon::task;

TEST_CASE("the count counts") {
    const auto before = asked;
    delete new int;
    CHECK(asked > before);
}

// Sends to itself from a task beside it, so that each receive waits; every second one in a race.
template <class Loop, class Numbers>
task<> receive(Loop& loop, Numbers numbers, bool& end) {
    for (int i = 0; i < 3'000; ++i) {
        if (i % 2 == 0) {
            auto sample = co_await numbers.async_receive();
        } else {
            auto any = elkodon::when_any(numbers.async_receive(), loop.async_sleep_for(1h));
            auto first = co_await std::move(any);
        }
    }
    end = true;
}
template <class Loop>
task<> send(Loop& loop,
            elkodon::publisher<std::uint64_t>& publisher,
            const bool& end,
            std::uint64_t& allocations) {
    std::uint64_t before = 0;
    std::uint64_t i = 0;
    while (!end) {
        if (i == 1'000) before = asked;
        if (i == 2'900) allocations = asked - before;
        publisher.send_copy(i++);
        co_await loop.async_sleep_for(1ns);
    }
}

template <class Loop, class Run>
std::uint64_t steady_state(Run run) {
    test::world world;
    auto service = world.publish_subscribe<std::uint64_t>().create();
    auto publisher = service.publisher().create();
    Loop loop;
    bool end = false;
    std::uint64_t allocations = 1;
    using numbers = elkodon::loops::basic_subscriber<Loop, std::uint64_t>;
    loop.spawn(receive(loop, numbers{loop, service.subscriber().create()}, end));
    loop.spawn(send(loop, publisher, end, allocations));
    run(loop, end);
    return allocations;
}

TEST_CASE("receiving, sleeping and racing in an io_uring loop allocates nothing") {
    CHECK(steady_state<elkodon::uring::loop>([](auto& loop, const bool&) { loop.run(); }) == 0);
}

TEST_CASE("receiving, sleeping and racing in the manual loop allocates nothing") {
    CHECK(steady_state<elkodon::manual::loop>([](auto& loop, const bool& end) {
              while (!end) loop.advance(1ns);
          }) == 0);
}

}  // namespace
