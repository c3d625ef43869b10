// co_await in Asio with the receiver asleep: a ping-pong of two processes, each with an io_context of its own, a publisher
// and an awaited subscriber of `size` bytes. Half a round trip, from before the send to the resumed coroutine.
// `way=cold`: loops that sleep at once; `way=hot`: adaptive ones. `others`: so many more subscribers are awaited in each loop,
// and nothing is sent to them.
#include "message.hpp"

#include <elkodon/asio.hpp>
#include <elkodon/elkodon.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <memory>
#include <string>
#include <vector>

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

// Before the loop's thread is pinned, or the strategy would think that the other process needs its core.
void choose(asio::io_context& io, const bench::arguments& args) {
    elkodon::async::set_wait_strategy(io, args.text("way", "cold") == "hot"
                                              ? elkodon::wait_strategy::adaptive()
                                              : elkodon::wait_strategy::block());
}

// Subscribers that wait for ever, a hundred to a service.
class idlers {
public:
    idlers(asio::io_context& io, const elkodon::node& node, std::uint64_t count, const char* side) {
        for (std::uint64_t i = 0; i < count; ++i) {
            if (i % 100 == 0)
                service_ =
                    node.service("benchmark/idle " + std::string(side) + std::to_string(i / 100))
                        .publish_subscribe<std::uint64_t>()
                        .max_subscribers(100)
                        .open_or_create();
            all_.push_back(std::make_unique<elkodon::async::subscriber<std::uint64_t>>(
                io, service_.subscriber().create()));
            all_.back()->async_wait(asio::detached);
        }
    }
    void close() { all_.clear(); }

private:
    elkodon::publish_subscribe_service<std::uint64_t> service_;
    std::vector<std::unique_ptr<elkodon::async::subscriber<std::uint64_t>>> all_;
};

template <std::size_t N>
void measure(const bench::arguments& args) {
    const auto cores = args.cores();
    auto* const meeting = bench::shared<bench::meeting>();

    const auto child = [&] {
        asio::io_context io{1};
        choose(io, args);
        bench::pin(cores.second);
        auto node = elkodon::node::create();
        auto ping = open<N>(node, "benchmark/ping");
        auto pong = open<N>(node, "benchmark/pong");
        auto sends = pong.publisher().create();
        numbers<N> hears{io, ping.subscriber().create()};
        idlers others(io, node, args.number("others", 0), "answering ");
        meeting->arrive();
        asio::co_spawn(io, answer(std::move(hears), std::move(sends), *meeting),
                       [&](std::exception_ptr) { others.close(); });
        io.run();
    };
    auto round_trips = bench::two_processes(child, [&] {
        asio::io_context io{1};
        choose(io, args);
        bench::pin(cores.first);
        auto node = elkodon::node::create();
        auto ping = open<N>(node, "benchmark/ping");
        auto pong = open<N>(node, "benchmark/pong");
        auto sends = ping.publisher().create();
        numbers<N> hears{io, pong.subscriber().create()};
        bench::measured_loop loop{args.number("warm_up", 200), args.number("count", 2'000),
                                  args.milliseconds()};
        idlers others(io, node, args.number("others", 0), "asking ");
        meeting->arrive();
        asio::co_spawn(io, ask(std::move(hears), std::move(sends), *meeting, loop),
                       [&](std::exception_ptr) { others.close(); });
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
