// co_await in Asio with the receiver asleep: a ping-pong of two processes, each with an io_context of its own, a publisher
// and an awaited subscriber of `size` bytes. Half a round trip, from before the send to the resumed coroutine.
#include "message.hpp"

#include <elkodon/asio.hpp>
#include <elkodon/elkodon.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>

namespace {

template <std::size_t N>
using numbers = elkodon::async::subscriber<bench::message<N>>;
template <std::size_t N>
using publisher = elkodon::publisher<bench::message<N>>;

template <std::size_t N>
void send(publisher<N>& by, std::uint64_t number) {
    auto loan = by.loan_uninit();
    loan->write(number);
    bench::require(!by.send(std::move(loan)), "send");
}

template <std::size_t N>
asio::awaitable<void> answer(numbers<N> hears, publisher<N> sends, bench::meeting& meeting) {
    for (std::uint64_t i = 1;; ++i) {
        auto sample = co_await hears.async_receive(asio::use_awaitable);
        bench::require(sample->read() == i, "the next number");
        const bool last = meeting.ends_after(i);
        send(sends, i);
        if (last) co_return;
    }
}

template <std::size_t N>
asio::awaitable<void> ask(numbers<N> hears,
                          publisher<N> sends,
                          bench::meeting& meeting,
                          bench::measured_loop& loop) {
    while (loop.next(meeting)) {
        send(sends, loop.number());
        auto sample = co_await hears.async_receive(asio::use_awaitable);
        bench::require(sample->read() == loop.number(), "the next number");
        loop.done();
    }
}

template <std::size_t N>
auto open(const elkodon::node& node, std::string_view name) {
    return node.service(name).publish_subscribe<bench::message<N>>().open_or_create();
}

template <std::size_t N>
void measure(const bench::arguments& args) {
    const auto cores = args.cores();
    auto* const meeting = bench::shared<bench::meeting>();

    const auto child = [&] {
        bench::pin(cores.second);
        asio::io_context io{1};
        auto node = elkodon::node::create();
        auto ping = open<N>(node, "benchmark/ping");
        auto pong = open<N>(node, "benchmark/pong");
        auto sends = pong.publisher().create();
        numbers<N> hears{io, ping.subscriber().create()};
        meeting->arrive();
        asio::co_spawn(io, answer(std::move(hears), std::move(sends), *meeting), asio::detached);
        io.run();
    };
    auto round_trips = bench::two_processes(child, [&] {
        bench::pin(cores.first);
        asio::io_context io{1};
        auto node = elkodon::node::create();
        auto ping = open<N>(node, "benchmark/ping");
        auto pong = open<N>(node, "benchmark/pong");
        auto sends = ping.publisher().create();
        numbers<N> hears{io, pong.subscriber().create()};
        bench::measured_loop loop{args.number("warm_up", 200), args.number("count", 2'000),
                                  args.milliseconds()};
        meeting->arrive();
        asio::co_spawn(io, ask(std::move(hears), std::move(sends), *meeting, loop), asio::detached);
        io.run();
        return std::move(loop).result();
    });
    bench::print_latency(round_trips);
}

}  // namespace

int main(int argc, char** argv) {
    const bench::arguments args{argc, argv};
    bench::with_size<64, 65'536, 1'048'576>(args, [&]<std::size_t N>() { measure<N>(args); });
}
