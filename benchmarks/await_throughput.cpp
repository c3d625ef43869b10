// Messages a second into a coroutine: one publisher in a process of its own, one awaited subscriber, a lossless service, in which
// the publisher waits when the buffer is full. `batch=1` awaits messages one at a time, anything else by async_receive_many.
#include "stream.hpp"

#include <elkodon/asio.hpp>
#include <elkodon/elkodon.hpp>

#include <array>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <span>

namespace {

using payload = bench::message<64>;
using numbers = elkodon::async::subscriber<payload>;

struct counted {
    std::uint64_t count, taken = 0;
    bench::throughput rate;

    void check(const payload& message) {
        bench::require(message.read() == taken++, "the next number");
    }
    bool more() { return taken < count && rate.add(taken); }
};

asio::awaitable<void> one_by_one(numbers& from, counted& into) {
    do {
        auto sample = co_await from.async_receive(asio::use_awaitable);
        into.check(*sample);
    } while (into.more());
}

asio::awaitable<void> in_batches(numbers& from, std::size_t batch, counted& into) {
    std::array<elkodon::sample<payload>, bench::most_at_once> samples;
    const auto some = std::span{samples}.first(batch);
    do {
        const auto count = co_await from.async_receive_many(some, asio::use_awaitable);
        for (std::size_t i = 0; i < count; ++i) into.check(*samples[i]);
        for (std::size_t i = count; i > 0; --i) samples[i - 1].reset();
    } while (into.more());
}

bench::throughput measure(const bench::arguments& args) {
    const auto count = args.number("count", 3'000'000);
    const auto batch = std::min<std::size_t>(args.number("batch", 64), bench::most_at_once);
    const auto cores = args.cores();
    auto* const meeting = bench::shared<bench::meeting>();
    const auto child = [&] { bench::publish_stream<payload>(args, count, *meeting); };
    return bench::two_processes(child, [&] {
        asio::io_context io{1};
        elkodon::async::set_wait_strategy(io, elkodon::wait_strategy::adaptive());
        bench::pin(cores.first);
        auto node = elkodon::node::create();
        numbers from{io, bench::open_stream<payload>(node).subscriber().create()};
        meeting->arrive();
        counted into{count, 0, bench::throughput{count, args.milliseconds()}};
        asio::co_spawn(io, batch == 1 ? one_by_one(from, into) : in_batches(from, batch, into),
                       asio::detached);
        io.run();
        meeting->end_after(1);
        bench::require(from.port().lost() == 0, "nothing lost");
        return std::move(into.rate);
    });
}

}  // namespace

int main(int argc, char** argv) {
    const bench::arguments args{argc, argv};
    auto rate = measure(args);
    bench::print_throughput(rate);
}
