// Fragment 22 of the API by example over Asio: the same body for every loop. Over the loops of ours: tests/loops.
#include <elkodon/asio.hpp>
#include <elkodon/elkodon.hpp>

#include "../../loops/api/sum.hpp"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>
#include <support/catch.hpp>

namespace fragment_22_over_asio {

TEST_CASE("fragment 22: the same body, over Asio") {
    auto service =
        elkodon::node::create_local().service("test").publish_subscribe<std::uint64_t>().create();
    auto publisher = service.publisher().create();
    asio::io_context io;
    elkodon::async::subscriber<std::uint64_t> numbers{io, service.subscriber().create()};
    auto total = asio::co_spawn(io, fragments::sum(std::move(numbers), 2), asio::use_future);
    publisher.send_copy(3);
    publisher.send_copy(4);
    io.run();
    CHECK(total.get() == 7);
}

}  // namespace fragment_22_over_asio
