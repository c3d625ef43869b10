// Fragment 9 of the API by example: wait set. The loop ends when all three have been served.
#include <elkodon/elkodon.hpp>
#include <support/catch.hpp>
#include <support/scratch_root.hpp>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace tests::fragment_09 {

using namespace std::chrono_literals;

TEST_CASE("API 9: a port, a foreign fd and an interval") {
    support::scratch_root root;
    auto node = elkodon::node::create();
    auto service = node.service("numbers").publish_subscribe<int>().create();
    auto publisher = service.publisher().create();
    auto subscriber = service.subscriber().create();
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    const int socket = ends[0];
    std::vector<int> used;
    int served = 0, reported = 0;
    const auto use = [&](int value) { used.push_back(value); };
    const auto serve = [&](int from) {
        char byte;
        if (read(from, &byte, 1) == 1) ++served;
    };
    const auto report = [&] { ++reported; };
    publisher.send_copy(1);
    publisher.send_copy(2);
    REQUIRE(write(ends[1], "x", 1) == 1);

    // 9  wait set: a port, a foreign fd and an interval
    auto waits = node.wait_set().create();
    auto numbers = waits.attach(subscriber);
    auto client = waits.attach_fd(socket, POLLIN);
    auto tick = waits.attach_interval(100ms);
    while (used.size() < 2 || served < 1 || reported < 1) {
        auto ready = waits.timed_wait(1s);
        if (ready.contains(numbers))
            while (auto sample = subscriber.receive()) use(*sample);
        if (ready.contains(client)) serve(socket);
        if (ready.contains(tick)) report();
    }

    // the callback form
    numbers = {};
    waits.on_samples(subscriber, [&](const elkodon::sample<int>& sample) {
        use(*sample);
        return *sample != 4;
    });
    publisher.send_copy(3);
    publisher.send_copy(4);
    CHECK_FALSE(waits.run());
    CHECK(used == std::vector<int>{1, 2, 3, 4});
    close(ends[0]);
    close(ends[1]);
}

}  // namespace tests::fragment_09
