// Counts what the whole process asks operator new for, in steady state: an awaited receive asks for nothing.
#include <elkodon/asio.hpp>

#include "world.hpp"

#include <asio/bind_allocator.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/strand.hpp>
#include <asio/use_awaitable.hpp>
#include <atomic>
#include <cstdlib>
#include <new>
#include <support/catch.hpp>
#include <thread>

namespace {

std::atomic<std::uint64_t> asked = 0;

void* counted(std::size_t size, std::size_t alignment) noexcept {
    ++asked;
    return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

void* or_throw(void* memory) { return memory != nullptr ? memory : throw std::bad_alloc(); }

constexpr std::size_t usual = alignof(std::max_align_t);

}  // namespace

// Each form, those for arrays too: a sanitizer brings its own where one is missing.
void* operator new(std::size_t size) { return or_throw(counted(size, usual)); }
void* operator new[](std::size_t size) { return or_throw(counted(size, usual)); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return counted(size, usual);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
    return counted(size, usual);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    return or_throw(counted(size, static_cast<std::size_t>(alignment)));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
    return or_throw(counted(size, static_cast<std::size_t>(alignment)));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace {

constexpr std::uint64_t warm_up = 1'000, measured = 20'000;

// What was asked for between the end of the warm-up and the last message.
struct meter {
    std::atomic<std::uint64_t> taken = 0;
    std::uint64_t at_start = 0, at_end = 0;

    bool note() {
        const auto now = taken.load() + 1;
        if (now == warm_up) at_start = asked;
        if (now == warm_up + measured) at_end = asked;
        taken.store(now);
        return now < warm_up + measured;
    }
    std::uint64_t allocations() const { return at_end - at_start; }
};

// Sends the next message when the last one has been taken: the receiver sleeps, or is about to.
template <class Send>
void one_by_one(asio::io_context& io, meter& meter, Send send) {
    std::thread sending([&] {
        for (std::uint64_t i = 0; i < warm_up + measured; ++i) {
            send(i);
            while (meter.taken.load() != i + 1) elkodon::pause_once();
        }
    });
    io.run();
    sending.join();
}

TEST_CASE("the count counts") {
    const auto before = asked.load();
    delete new int;
    CHECK(asked > before);
}

template <class Executor>
struct again {
    elkodon::async::basic_subscriber<std::uint64_t, Executor>& numbers;
    meter& count;
    void operator()(std::error_code, const elkodon::sample<std::uint64_t>&) const {
        if (count.note()) numbers.async_receive(*this);
    }
};

TEMPLATE_TEST_CASE("a callback that is woken allocates nothing",
                   "",
                   asio::any_io_executor,
                   asio::io_context::executor_type) {
    test::world world;
    const auto service = world.publish_subscribe<std::uint64_t>().create();
    auto publisher = service.publisher().create();
    asio::io_context io{1};
    elkodon::async::basic_subscriber<std::uint64_t, TestType> numbers{
        io, service.subscriber().create()};
    meter count;
    numbers.async_receive(again<TestType>{numbers, count});
    one_by_one(io, count, [&](std::uint64_t i) { publisher.send_copy(i); });
    CHECK(count.allocations() == 0);
}

asio::awaitable<void> receive(elkodon::async::subscriber<std::uint64_t>& numbers, meter& count) {
    for (bool more = true; more;) {
        auto sample = co_await numbers.async_receive(asio::use_awaitable);
        more = count.note();
    }
}

asio::awaitable<void> receive_tuples(elkodon::async::subscriber<std::uint64_t>& numbers,
                                     meter& count) {
    for (bool more = true; more;) {
        auto result = co_await numbers.async_receive(elkodon::async::as_tuple(asio::use_awaitable));
        more = !std::get<0>(result) && count.note();
    }
}

TEST_CASE("a coroutine that is woken allocates nothing") {
    test::world world;
    const auto service = world.publish_subscribe<std::uint64_t>().create();
    auto publisher = service.publisher().create();
    asio::io_context io{1};
    meter count;
    const bool on_strand = GENERATE(false, true);
    const asio::any_io_executor executor =
        on_strand ? asio::any_io_executor(asio::make_strand(io)) : io.get_executor();
    elkodon::async::subscriber<std::uint64_t> numbers{executor, service.subscriber().create()};
    const bool tuples = GENERATE(false, true);
    asio::co_spawn(executor, tuples ? receive_tuples(numbers, count) : receive(numbers, count),
                   asio::detached);
    one_by_one(io, count, [&](std::uint64_t i) { publisher.send_copy(i); });
    CHECK(count.allocations() == 0);
}

asio::awaitable<void> send_and_receive(elkodon::publisher<std::uint64_t>& publisher,
                                       elkodon::async::subscriber<std::uint64_t>& numbers,
                                       meter& count) {
    for (bool more = true; more;) {
        publisher.send_copy(1);
        auto sample = co_await numbers.async_receive(asio::use_awaitable);
        more = count.note();
    }
}

TEST_CASE("a coroutine whose message is there already allocates nothing") {
    test::world world;
    const auto service = world.publish_subscribe<std::uint64_t>().create();
    auto publisher = service.publisher().create();
    asio::io_context io{1};
    elkodon::async::subscriber<std::uint64_t> numbers{io, service.subscriber().create()};
    meter count;
    asio::co_spawn(io, send_and_receive(publisher, numbers, count), asio::detached);
    io.run();
    CHECK(count.allocations() == 0);
}

asio::awaitable<void> listen(elkodon::async::listener& bells, meter& count) {
    for (bool more = true; more;) {
        co_await bells.async_wait(asio::use_awaitable);
        more = count.note();
    }
}

TEST_CASE("a coroutine that an event wakes allocates nothing") {
    test::world world;
    const auto service = world.event().create();
    auto notifier = service.notifier().create();
    asio::io_context io{1};
    elkodon::async::listener bells{io, service.listener().create()};
    meter count;
    asio::co_spawn(io, listen(bells, count), asio::detached);
    one_by_one(io, count, [&](std::uint64_t i) { notifier.notify(elkodon::event_id{i % 256}); });
    CHECK(count.allocations() == 0);
}

// Memory of its own, so that all it gets is what operator new doesn't see.
template <class T>
struct own_memory {
    using value_type = T;
    own_memory() noexcept = default;
    template <class U>
    own_memory(const own_memory<U>&) noexcept {}
    T* allocate(std::size_t n) {
        return static_cast<T*>(
            std::aligned_alloc(alignof(std::max_align_t), (n * sizeof(T) + 15) / 16 * 16));
    }
    void deallocate(T* memory, std::size_t) noexcept { std::free(memory); }
    friend bool operator==(own_memory, own_memory) noexcept { return true; }
};

TEST_CASE("an operation whose handler has an allocator takes all its memory from there") {
    test::world world;
    const auto service = world.publish_subscribe<std::uint64_t>().create();
    auto publisher = service.publisher().create();
    asio::io_context io{1};
    elkodon::async::basic_subscriber<std::uint64_t, asio::io_context::executor_type> numbers{
        io, service.subscriber().create()};
    std::uint64_t got = 0;
    const auto handler = [&](std::error_code, const elkodon::sample<std::uint64_t>& sample) {
        got = *sample;
    };
    for (std::uint64_t i = 0; i < 3; ++i) {
        const bool sleeps = i == 2;
        if (!sleeps) REQUIRE_FALSE(publisher.send_copy(i));
        const auto before = asked.load();
        numbers.async_receive(asio::bind_allocator(own_memory<void>(), handler));
        if (sleeps) REQUIRE_FALSE(publisher.send_copy(i));
        io.restart();
        io.run();
        // The first look of all reads the directory; a sleep is Asio's own wait for a descriptor, for all ports.
        if (i == 1) CHECK(asked == before);
        CHECK(got == i);
    }
}

}  // namespace
