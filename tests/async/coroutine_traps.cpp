// Shapes of coroutines that compilers have got wrong, with what must come out. Their destructors count.
#include <elkodon/asio.hpp>

#include "two_kinds.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <cstdint>
#include <memory>
#include <support/catch.hpp>
#include <variant>
#include <vector>

namespace {

using namespace asio::experimental::awaitable_operators;
using test::samples;

constexpr auto as_tuple = elkodon::async::as_tuple(asio::use_awaitable);

// Two samples may be held: one that is destroyed twice, or never, shows at once.
samples::object object_with_two_borrows(const test::world& world, asio::io_context& io) {
    return {io, world.publish_subscribe<std::uint64_t>()
                    .subscriber_max_borrowed_samples(2)
                    .open_or_create()
                    .subscriber()
                    .create()};
}

elkodon::publisher<std::uint64_t> publisher_of(const test::world& world) {
    return world.publish_subscribe<std::uint64_t>().open().publisher().create();
}

// gcc 15 and 16 misdestroy `auto [error, taken] = co_await …`; this is the spelling for all.
asio::awaitable<void> tuples_by_name(samples::object& numbers, std::vector<std::uint64_t>& got) {
    for (;;) {
        auto result = co_await numbers.async_receive(as_tuple);
        auto& [error, taken] = result;
        if (error) co_return;
        got.push_back(*taken);
    }
}

// A lambda without captures; its state comes as parameters.
constexpr auto lambda_without_captures =
    [](samples::object& numbers, std::vector<std::uint64_t>& got) -> asio::awaitable<void> {
    for (;;) {
        auto result = co_await numbers.async_receive(as_tuple);
        if (std::get<0>(result)) co_return;
        got.push_back(*std::get<1>(result));
    }
};

// The sample is a temporary that lives for one expression.
asio::awaitable<void> temporaries(samples::object& numbers, std::vector<std::uint64_t>& got) {
    try {
        for (;;) got.push_back(*co_await numbers.async_receive(asio::use_awaitable));
    } catch (const std::system_error&) {}
}

asio::awaitable<samples::result> one(samples::object& numbers) {
    co_return co_await numbers.async_receive(asio::use_awaitable);
}

// The sample passes through a frame.
asio::awaitable<void> through_a_frame(samples::object& numbers, std::vector<std::uint64_t>& got) {
    try {
        for (;;) {
            auto taken = co_await one(numbers);
            got.push_back(*taken);
        }
    } catch (const std::system_error&) {}
}

// The sample is the first of a variant.
asio::awaitable<void> through_a_variant(samples::object& numbers, std::vector<std::uint64_t>& got) {
    try {
        for (;;) {
            asio::steady_timer never{numbers.get_executor(), asio::steady_timer::time_point::max()};
            auto first = co_await (numbers.async_receive(asio::use_awaitable) ||
                                   never.async_wait(asio::use_awaitable));
            if (auto* taken = std::get_if<0>(&first)) got.push_back(**taken);
        }
    } catch (const std::exception&) {}
}

TEST_CASE("however a coroutine spells it, every sample is held once and let go once") {
    using shape = asio::awaitable<void> (*)(samples::object&, std::vector<std::uint64_t>&);
    const auto spelled =
        GENERATE(shape(tuples_by_name), shape(lambda_without_captures), shape(temporaries),
                 shape(through_a_frame), shape(through_a_variant));
    test::world world;
    asio::io_context io;
    auto numbers = object_with_two_borrows(world, io);
    auto publisher = publisher_of(world);
    std::vector<std::uint64_t> got;
    bool ended = false;
    asio::cancellation_signal stop;
    asio::co_spawn(io, spelled(numbers, got),
                   asio::bind_cancellation_slot(stop.slot(),
                                                [&](std::exception_ptr error) { ended = !error; }));
    std::vector<std::uint64_t> sent;
    for (std::uint64_t i = 0; i < 100; ++i) {
        io.poll();
        for (std::uint64_t j = 0; j <= i % 3; ++j) {
            sent.push_back(sent.size());
            REQUIRE_FALSE(publisher.send_copy(sent.back()));
        }
    }
    io.poll();
    stop.emit(asio::cancellation_type::terminal);
    io.run();
    CHECK(ended);
    CHECK(got == sent);
    // Both borrow slots are free again.
    REQUIRE_FALSE(publisher.send_copy(1));
    REQUIRE_FALSE(publisher.send_copy(2));
    const auto first = numbers.port().receive(), second = numbers.port().receive();
    CHECK(samples::is(first, 1));
    CHECK(samples::is(second, 2));
}

asio::awaitable<void> count(samples::object& numbers,
                            elkodon::publisher<std::uint64_t>& publisher,
                            std::uint64_t messages,
                            std::uint64_t& got) {
    for (; got < messages; ++got) {
        publisher.send_copy(got);
        auto taken = co_await numbers.async_receive(asio::use_awaitable);
        if (*taken != got) co_return;
    }
}

// How far apart the stack's ends were.
struct stack_depth {
    std::uintptr_t lowest = UINTPTR_MAX, highest = 0;
    void note() {
        const auto address = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
        lowest = std::min(lowest, address);
        highest = std::max(highest, address);
    }
};

struct restarting {
    samples::object& numbers;
    elkodon::publisher<std::uint64_t>& publisher;
    std::uint64_t& left;
    stack_depth& depth;

    void operator()(std::error_code, const samples::result&) const {
        depth.note();
        if (--left == 0) return;
        publisher.send_copy(left);
        numbers.async_receive(*this);
    }
};

TEST_CASE("a million completions in a row do not grow the stack") {
    constexpr std::uint64_t million = 1'000'000;
    samples numbers;
    asio::io_context io;
    samples::object object{io, numbers.port()};
    SECTION("a coroutine") {
        std::uint64_t got = 0;
        asio::co_spawn(io, count(object, numbers.publisher, million, got), asio::detached);
        io.run();
        CHECK(got == million);
    }
    SECTION("a callback that begins the next one") {
        std::uint64_t left = million;
        stack_depth depth;
        numbers.send(0);
        object.async_receive(restarting{object, numbers.publisher, left, depth});
        io.run();
        CHECK(left == 0);
        CHECK(depth.highest - depth.lowest < 4096);
    }
}

}  // namespace
