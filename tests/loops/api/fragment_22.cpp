// Fragment 22 of the API by example, compiled and run over io_uring; over the manual loop it is fragment 23's, over Asio
// tests/async's.
#include <elkodon/elkodon.hpp>
#include <elkodon/io_uring.hpp>

#include "sum.hpp"

#include <support/catch.hpp>

namespace fragment_22 {

TEST_CASE("fragment 22: the same body, over io_uring") {
    auto service =
        elkodon::node::create_local().service("test").publish_subscribe<std::uint64_t>().create();
    auto publisher = service.publisher().create();
    elkodon::uring::loop loop;
    auto total = loop.spawn(fragments::sum(
        elkodon::uring::subscriber<std::uint64_t>{loop, service.subscriber().create()}, 2));
    publisher.send_copy(3);
    publisher.send_copy(4);
    loop.run();
    CHECK(total.get() == 7);
}

}  // namespace fragment_22
