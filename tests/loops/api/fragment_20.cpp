// Fragment 20 of the API by example, compiled and run: a sample, a socket or a timeout.
#include <elkodon/elkodon.hpp>
#include <elkodon/io_uring.hpp>

#include <array>
#include <chrono>
#include <support/catch.hpp>
#include <sys/socket.h>

namespace fragment_20 {
namespace {

using namespace std::chrono_literals;

struct frame {
    char text[8];
};

// The fragment waits for 5 s.
elkodon::task<> serve(elkodon::uring::loop& loop,
                      elkodon::uring::subscriber<frame> frames,
                      int client) {
    std::array<std::byte, 512> request;
    for (;;) {
        auto any = elkodon::when_any(frames.async_receive(), loop.async_read(client, request),
                                     loop.async_sleep_for(50ms));
        auto first = co_await std::move(any);  // named first: gcc 12
        if (auto* sample = std::get_if<0>(&first))
            co_await loop.async_write(client, sample->bytes());
        if (first.index() == 2) co_return;
    }
}

TEST_CASE("fragment 20: a sample, a socket or a timeout") {
    auto service =
        elkodon::node::create_local().service("frames").publish_subscribe<frame>().create();
    auto publisher = service.publisher().create();
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    const elkodon::os::fd client{ends[0]}, other{ends[1]};
    elkodon::uring::loop loop;
    auto running = loop.spawn(serve(loop, {loop, service.subscriber().create()}, client.get()));
    publisher.send_copy({"sample"});
    REQUIRE(::write(other.get(), "request", 7) == 7);
    loop.run();
    running.get();
    char text[16] = {};
    CHECK(::read(other.get(), text, sizeof text) == 8);
    CHECK(text == std::string("sample"));
}

}  // namespace
}  // namespace fragment_20
