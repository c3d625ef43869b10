// Two servers that count their system calls under strace: each awaits in its own io_context, and while messages come
// densely neither asks the kernel for anything. The marks are calls of close(-4242), which fail and change nothing.
#include "agent.hpp"

#ifdef AGENT_AWAITS

#include "running.hpp"

#include <elkodon/asio.hpp>

#include <array>
#include <span>
#include <stdexcept>
#include <unistd.h>

namespace agent {
namespace {

constexpr std::uint64_t buffer = 256;

/// Messages before the marks, more than a publisher has chunks: each side has by then mapped the other one as it is.
constexpr std::uint64_t warm_up = 1'000;

void mark() { static_cast<void>(close(-4242)); }

using async_numbers = elkodon::async::subscriber<message>;
using async_acks = elkodon::async::subscriber<std::uint64_t>;
using acks_service = elkodon::publish_subscribe_service<std::uint64_t>;

acks_service open_acks(state& own) {
    return own.node.service("acks").publish_subscribe<std::uint64_t>().open_or_create();
}

void publish(state& own, std::uint64_t value) {
    auto loan = own.publisher.loan_uninit();
    support::fill(*loan, value);
    must(own.publisher.send(std::move(loan)));
}

/// The newest count of the other side, taken without waiting.
void look_for_ack(elkodon::subscriber<std::uint64_t>& acks, std::uint64_t& newest) {
    while (const auto sample = acks.receive()) newest = *sample;
}

asio::awaitable<void> send_numbers(state& own, async_acks& acks, std::uint64_t count) {
    auto there = co_await acks.async_receive(asio::use_awaitable);
    if (*there != 0) throw std::runtime_error("an early count");
    there.reset();
    say("woken");
    publish(own, 0);  // wakes the other server
    auto awake = co_await acks.async_receive(asio::use_awaitable);
    awake.reset();
    std::uint64_t newest = 0;
    const auto send_until = [&](std::uint64_t first, std::uint64_t last) {
        for (auto value = first; value <= last; ++value) {
            while (value - newest > buffer / 2) look_for_ack(acks.port(), newest);
            publish(own, value);
        }
        while (newest < last) look_for_ack(acks.port(), newest);
    };
    send_until(1, warm_up);
    mark();
    send_until(warm_up + 1, warm_up + count);
    mark();
    publish(own, 0);  // now the other side may end
}

std::uint64_t take_in_order(elkodon::subscriber<message>& numbers, std::uint64_t next) {
    std::array<elkodon::sample<message>, 16> batch;
    const auto taken = numbers.receive_many(batch);
    for (const auto& sample : std::span(batch).first(taken))
        if (support::intact(*sample, 0)) continue;
        else if (!support::intact(*sample, next++))
            throw std::runtime_error("not number " + std::to_string(next - 1));
    return next;
}

/// `sleeper` is the port that is awaited: `numbers` itself, or another one beside it.
asio::awaitable<void> take_numbers(async_numbers& numbers,
                                   async_numbers& sleeper,
                                   elkodon::publisher<std::uint64_t>& acks,
                                   std::uint64_t count) {
    must(acks.send_copy(0));
    auto first = co_await sleeper.async_receive(asio::use_awaitable);
    first.reset();
    say("woken");
    std::uint64_t next = 1;
    must(acks.send_copy(0));
    const auto receive_until = [&](std::uint64_t last, auto before_the_last_count) {
        while (next <= last) {
            const auto before = next;
            next = take_in_order(numbers.port(), next);
            if (next > last) before_the_last_count();
            if (next != before) must(acks.send_copy(next - 1));
        }
    };
    receive_until(warm_up, mark);
    receive_until(warm_up + count, [] {});
    mark();
    // Our end is a change that the sender would look into, between its marks if it has yet to read the last count.
    while (!numbers.port().receive()) {}
}

asio::awaitable<void> await_each(async_numbers& numbers, std::uint64_t count) {
    mark();
    for (std::uint64_t next = 1; next <= count; ++next) {
        const auto sample = co_await numbers.async_receive(asio::use_awaitable);
        if (!support::intact(*sample, next))
            throw std::runtime_error("not number " + std::to_string(next));
    }
    mark();
}

/// serve_numbers COUNT: has a publisher; is woken by a count, publishes while awake.
std::string serve_numbers(state& own, const words& line) {
    asio::io_context io;
    async_acks acks{io, open_acks(own).subscriber().create()};
    say("serving");
    run(io, send_numbers(own, acks, number(line, 1)));
    return "lost " + std::to_string(acks.port().lost());
}

/// serve_counts COUNT alone|beside: is woken by a number, receives while awake. "beside" another subscriber of this
/// server is woken and then left cold, with its waiter bit set: the publisher sees it on each send.
std::string serve_counts(state& own, const words& line) {
    asio::io_context io;
    auto acks = open_acks(own).publisher().create();
    async_numbers numbers{io, own.numbers.subscriber().create()};
    if (line.at(2) == "alone") {
        run(io, take_numbers(numbers, numbers, acks, number(line, 1)));
    } else {
        async_numbers sleeper{io, own.numbers.subscriber().create()};
        run(io, take_numbers(numbers, sleeper, acks, number(line, 1)));
    }
    return "lost " + std::to_string(numbers.port().lost());
}

/// await_each COUNT: nothing but co_await, while every message is there already.
std::string await_there(state& own, const words& line) {
    asio::io_context io;
    async_numbers numbers{io, std::move(own.subscriber)};
    run(io, await_each(numbers, number(line, 1)));
    return "ok";
}

}  // namespace

void add_serving(command_table& table) {
    table["serve_numbers"] = serve_numbers;
    table["serve_counts"] = serve_counts;
    table["await_each"] = await_there;
}

}  // namespace agent

#else

namespace agent {

void add_serving(command_table&) {}

}  // namespace agent

#endif
