// What the suite asks of a loop: its ports, something that runs it until a condition holds, and tasks in it.
// A kit is a loop with those; the suite is templates over kits, and every program that includes it says which.
#pragma once

#include <elkodon/elkodon.hpp>
#include <elkodon/task.hpp>

#include <async/world.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <support/catch.hpp>
#include <system_error>
#include <utility>
#include <vector>

namespace conformance {

using namespace std::chrono_literals;
using elkodon::errc;
using elkodon::task;

/// A loop with one service of numbers and one of events.
template <class Kit>
struct fixture {
    test::world world;
    typename Kit::loop_type& loop() { return kit.loop; }

    Kit kit;
    decltype(world.template publish_subscribe<std::uint64_t>().create()) numbers =
        world.publish_subscribe<std::uint64_t>().max_subscribers(8).create();
    elkodon::publisher<std::uint64_t> publisher = numbers.publisher().create();

    using subscriber = typename Kit::template subscriber<std::uint64_t>;
    subscriber receiver() { return {kit.loop, numbers.subscriber().create()}; }

    void send(std::uint64_t value) { REQUIRE_FALSE(publisher.send_copy(value)); }
    template <class Handle>
    auto result(Handle& handle) {
        kit.until([&] { return handle.done(); });
        return handle.get();
    }
};

/// What an operation came to, as a coroutine saw it.
struct seen {
    std::vector<std::uint64_t> values;
    std::error_code error;
    int ended = 0;
};

template <class Subscriber>
task<> receive(Subscriber& from, int count, seen& into) {
    for (int i = 0; i < count; ++i) {
        auto sample = co_await from.async_receive(into.error);
        if (into.error) break;
        into.values.push_back(*sample);
    }
    ++into.ended;
}

template <class Subscriber>
task<> receive_or_throw(Subscriber& from, seen& into) {
    try {
        auto sample = co_await from.async_receive();
        into.values.push_back(*sample);
    } catch (const std::system_error& failure) {
        into.error = failure.code();
    }
    ++into.ended;
}

/// Counts those of its objects that live.
struct counted {
    static inline int alive = 0;
    counted() noexcept { ++alive; }
    counted(const counted&) = delete;
    ~counted() { --alive; }
};

inline const std::error_code stopped = elkodon::stopped_error();

}  // namespace conformance
