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

asio::awaitable<void> answer(numbers hears, publisher sends, bench::meeting& meeting) {
    for (std::uint64_t i = 1;; ++i) {
        auto sample = co_await hears.async_receive(asio::use_awaitable);
        bench::require(*sample == i, "the next number");
        const bool last = meeting.ends_after(i);
        sends.send_copy(i);
        if (last) co_return;
    }
}

asio::awaitable<void> ask(numbers hears,
                          publisher sends,
                          bench::meeting& meeting,
                          bench::measured_loop& loop) {
    while (loop.next(meeting)) {
        sends.send_copy(loop.number());
        auto sample = co_await hears.async_receive(asio::use_awaitable);
        bench::require(*sample == loop.number(), "the next number");
        loop.done();
    }
}

auto open(const elkodon::node& node, std::string_view name) {
    return node.service(name).publish_subscribe<std::uint64_t>().open_or_create();
}

}  // namespace

int main(int argc, char** argv) {
    const bench::arguments args{argc, argv};
    const auto cores = args.cores();
    auto* const meeting = bench::shared<bench::meeting>();

    const auto child = [&] {
        bench::pin(cores.second);
        asio::io_context io{1};
        auto node = elkodon::node::create();
        auto ping = open(node, "benchmark/ping");
        auto pong = open(node, "benchmark/pong");
        auto sends = pong.publisher().create();
        numbers hears{io, ping.subscriber().create()};
        meeting->arrive();
        asio::co_spawn(io, answer(std::move(hears), std::move(sends), *meeting), asio::detached);
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
        bench::measured_loop loop{args.number("warm_up", 200), args.number("count", 2'000),
                                  args.milliseconds()};
        meeting->arrive();
        asio::co_spawn(io, ask(std::move(hears), std::move(sends), *meeting, loop), asio::detached);
        io.run();
        return std::move(loop).result();
    });
    bench::print_latency(round_trips);
}
