// Awaiting what isn't a plain value: slices, messages with a user header, bytes of any type.
#include <elkodon/asio.hpp>

#include "world.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <support/catch.hpp>
#include <vector>

namespace {

struct stamp {
    std::uint64_t turn;
};

template <class Subscriber, class Use>
asio::awaitable<void> take(Subscriber& from, int count, Use use) {
    for (; count > 0; --count) {
        auto sample = co_await from.async_receive(asio::use_awaitable);
        use(sample);
    }
}

}  // namespace

TEST_CASE("slices with a header, and bytes of whatever there is, are awaited like values") {
    test::world world;
    auto service = world.node().service("scan").publish_subscribe<int[], stamp>().create();
    auto publisher = service.publisher().initial_max_slice_len(8).create();
    asio::io_context io;
    elkodon::async::subscriber<int[], stamp> slices{io, service.subscriber().create()};
    auto any = world.node().service("scan").publish_subscribe<elkodon::untyped>().open();
    elkodon::async::subscriber<elkodon::untyped> bytes{io, any.subscriber().create()};
    std::vector<std::size_t> lengths, sizes;
    std::uint64_t turns = 0;
    const auto of_slices = [&](const elkodon::sample<int[], stamp>& sample) {
        lengths.push_back((*sample).size());
        turns += sample.header().turn;
    };
    const auto of_bytes = [&](const elkodon::sample<elkodon::untyped>& sample) {
        sizes.push_back(sample.bytes().size());
    };
    asio::co_spawn(io, take(slices, 3, of_slices), asio::detached);
    asio::co_spawn(io, take(bytes, 3, of_bytes), asio::detached);
    io.poll();
    for (const std::size_t length : {1, 8, 3}) {
        publisher.send_copy(std::vector<int>(length), stamp{length});
        io.poll();
    }
    io.run();
    CHECK(lengths == std::vector<std::size_t>{1, 8, 3});
    CHECK(sizes == std::vector<std::size_t>{4, 32, 12});
    CHECK(turns == 12);
}
