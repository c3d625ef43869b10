// co_await in Asio with the receiver asleep: a ping-pong of two processes, each with an io_context of its own, a publisher
// and an awaited subscriber. Half a round trip, from before the send to the resumed coroutine.
#include "common.hpp"

#include <elkodon/asio.hpp>
#include <elkodon/elkodon.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>

namespace {

using numbers = elkodon::async::subscriber<std::uint64_t>;
using publisher = elkodon::publisher<std::uint64_t>;

asio::awaitable<void> answer(numbers hears, publisher sends, std::uint64_t total) {
    for (std::uint64_t i = 1; i <= total; ++i) {
        auto sample = co_await hears.async_receive(asio::use_awaitable);
        bench::require(*sample == i, "the next number");
        sends.send_copy(i);
    }
}

asio::awaitable<void> ask(numbers hears,
                          publisher sends,
                          std::uint64_t warm_up,
                          bench::distribution& result,
                          std::uint64_t total) {
    auto last = bench::ticks();
    for (std::uint64_t i = 1; i <= total; ++i) {
        sends.send_copy(i);
        auto sample = co_await hears.async_receive(asio::use_awaitable);
        bench::require(*sample == i, "the next number");
        const auto now = bench::ticks();
        if (i > warm_up) result.add(now - last);
        last = now;
    }
}

auto open(const elkodon::node& node, std::string_view name) {
    return node.service(name).publish_subscribe<std::uint64_t>().open_or_create();
}

}  // namespace

int main(int argc, char** argv) {
    const bench::arguments args{argc, argv};
    const auto warm_up = args.number("warm_up", 200);
    const auto count = args.number("count", 2'000);
    const auto cores = args.cores();
    const auto total = warm_up + count;
    auto* const ready = bench::shared<bench::meeting>();

    const auto child = [&] {
        bench::pin(cores.second);
        asio::io_context io{1};
        auto node = elkodon::node::create();
        auto ping = open(node, "benchmark/ping");
        auto pong = open(node, "benchmark/pong");
        auto sends = pong.publisher().create();
        numbers hears{io, ping.subscriber().create()};
        ready->arrive();
        asio::co_spawn(io, answer(std::move(hears), std::move(sends), total), asio::detached);
        io.run();
    };
    auto round_trips = bench::two_processes(child, [&] {
        bench::pin(cores.first);
        asio::io_context io{1};
        auto node = elkodon::node::create();
        auto ping = open(node, "benchmark/ping");
        auto pong = open(node, "benchmark/pong");
        auto sends = ping.publisher().create();
        numbers hears{io, pong.subscriber().create()};
        bench::distribution result{count};
        ready->arrive();
        asio::co_spawn(io, ask(std::move(hears), std::move(sends), warm_up, result, total),
                       asio::detached);
        io.run();
        return result;
    });
    bench::require(round_trips.size() == count, "every answer");
    bench::print_latency(round_trips);
}
