// co_await over io_uring: a ping-pong of two processes, each with a loop of its own, a publisher and an awaited subscriber.
// `doorbell=eventfd|futex`: on what the ring sleeps; `strategy=block|adaptive|busy`: what the loop does before. Half a round trip,
// from before the send to the resumed coroutine. `way=throughput`: messages a second by async_receive_many instead.
#include "stream.hpp"

#include <elkodon/elkodon.hpp>
#include <elkodon/io_uring.hpp>

#include <span>

namespace {

using payload = bench::message<64>;
using numbers = elkodon::uring::subscriber<payload>;
using publisher = elkodon::publisher<payload>;
using elkodon::uring::loop_settings;

loop_settings settings_of(const bench::arguments& args) {
    loop_settings made;
    if (args.text("doorbell", "eventfd") == "futex")
        made.doorbell = loop_settings::sleeps_on::futex;
    const auto strategy = args.text("strategy", "adaptive");
    if (strategy == "block") made.wait_strategy = elkodon::wait_strategy::block();
    if (strategy == "busy") made.wait_strategy = elkodon::wait_strategy::busy();
    return made;
}

void send(publisher& by, std::uint64_t number) {
    auto loan = by.loan_uninit();
    loan->write(number);
    bench::require(!by.send(std::move(loan)), "send");
}

elkodon::task<> answer(numbers hears, publisher sends, bench::meeting& meeting) {
    for (std::uint64_t i = 1;; ++i) {
        auto sample = co_await hears.async_receive();
        bench::require(sample->read() == i, "the next number");
        const bool last = meeting.ends_after(i);
        send(sends, i);
        if (last) co_return;
    }
}

elkodon::task<> ask(numbers hears,
                    publisher sends,
                    bench::meeting& meeting,
                    bench::measured_loop& loop) {
    while (loop.next(meeting)) {
        send(sends, loop.number());
        auto sample = co_await hears.async_receive();
        bench::require(sample->read() == loop.number(), "the next number");
        loop.done();
    }
}

auto open(const elkodon::node& node, std::string_view name) {
    return node.service(name).publish_subscribe<payload>().open_or_create();
}

int latency(const bench::arguments& args) {
    const auto cores = args.cores();
    auto* const meeting = bench::shared<bench::meeting>();
    const auto child = [&] {
        bench::pin(cores.second);
        elkodon::uring::loop io{settings_of(args)};
        auto node = elkodon::node::create();
        auto ping = open(node, "benchmark/ping"), pong = open(node, "benchmark/pong");
        auto sends = pong.publisher().create();
        numbers hears{io, ping.subscriber().create()};
        meeting->arrive();
        io.spawn(answer(std::move(hears), std::move(sends), *meeting));
        io.run();
    };
    auto round_trips = bench::two_processes(child, [&] {
        bench::pin(cores.first);
        elkodon::uring::loop io{settings_of(args)};
        auto node = elkodon::node::create();
        auto ping = open(node, "benchmark/ping"), pong = open(node, "benchmark/pong");
        auto sends = ping.publisher().create();
        numbers hears{io, pong.subscriber().create()};
        bench::measured_loop loop{args.number("warm_up", 200), args.number("count", 2'000),
                                  args.milliseconds()};
        meeting->arrive();
        io.spawn(ask(std::move(hears), std::move(sends), *meeting, loop));
        io.run();
        return std::move(loop).result();
    });
    bench::print_latency(round_trips);
    return 0;
}

elkodon::task<> take_all(numbers hears, std::uint64_t count, bench::throughput& rate) {
    std::array<elkodon::sample<payload>, bench::most_at_once> batch;
    for (std::uint64_t taken = 0; taken < count;) {
        const auto n = co_await hears.async_receive_many(batch);
        for (auto& each : std::span{batch}.first(n))
            bench::require(each->read() == taken++, "the next number");
        if (!rate.add(taken)) break;
    }
}

int throughput(const bench::arguments& args) {
    const auto count = args.number("count", 3'000'000);
    const auto cores = args.cores();
    auto* const meeting = bench::shared<bench::meeting>();
    const auto child = [&] { bench::publish_stream<payload>(args, count, *meeting); };
    auto rate = bench::two_processes(child, [&] {
        bench::pin(cores.first);
        elkodon::uring::loop io{settings_of(args)};
        numbers hears{io,
                      bench::open_stream<payload>(elkodon::node::create()).subscriber().create()};
        meeting->arrive();
        bench::throughput measured{count, args.milliseconds()};
        io.spawn(take_all(std::move(hears), count, measured));
        io.run();
        meeting->end_after(1);
        return measured;
    });
    bench::print_throughput(rate);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const bench::arguments args{argc, argv};
    return args.text("way", "latency") == "throughput" ? throughput(args) : latency(args);
}
