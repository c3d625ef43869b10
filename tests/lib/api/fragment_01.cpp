// Fragment 1 of the API by example: the seed, publisher and subscriber. Only the loops end, and wait for less long.
#include <elkodon/elkodon.hpp>
#include <support/catch.hpp>
#include <support/scratch_root.hpp>

#include <fmt/format.h>
#include <thread>

namespace tests::fragment_01 {

using namespace std::chrono_literals;

TEST_CASE("API 1: the seed, publisher and subscriber") {
    support::scratch_root root;
    int turns = 0;
    std::string printed;

    // 1  the seed: publisher and subscriber
    auto node = elkodon::node::create();
    auto service =
        node.service("My/Funk/ServiceName").publish_subscribe<std::uint64_t>().open_or_create();
    auto publisher = service.publisher().create();
    while (!elkodon::termination_requested() && ++turns <= 3) {
        auto sample = publisher.loan_uninit();  // lives in shared memory from the start
        sample.emplace(1234);
        publisher.send(std::move(sample));  // moves an index, never the payload
        std::this_thread::sleep_for(1ms);
    }

    turns = 0;
    auto subscriber = service.subscriber().create();  // in the other process
    while (!elkodon::termination_requested() && ++turns <= 3) {
        while (auto sample = subscriber.receive())
            printed += fmt::format("received: {}\n", *sample);
        std::this_thread::sleep_for(1ms);
        publisher.send_copy(static_cast<std::uint64_t>(turns));
    }

    CHECK(printed == "received: 1\nreceived: 2\n");
    // or wake at once:
    auto sample = subscriber.timed_receive(1s);
    REQUIRE(sample);
    CHECK(*sample == 3);
}

}  // namespace tests::fragment_01
