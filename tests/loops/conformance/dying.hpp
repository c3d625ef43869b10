// A publisher that is killed: what it had published is received, and nobody hangs.
#pragma once

#include "kit.hpp"

#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

namespace conformance {

TEMPLATE_LIST_TEST_CASE(
    "a publisher that is killed has published what it had; the receive goes on with the next one",
    "",
    kits) {
    fixture<TestType> at;
    auto from = at.receiver();
    seen got;
    auto running = at.loop().spawn(receive(from, 4, got));
    at.kit.settle();
    const auto killed = ::fork();
    REQUIRE(killed >= 0);
    if (killed == 0) {
        // A child of the fork needs a node of its own.
        auto publisher = elkodon::node::create(at.world.configuration())
                             .service("numbers")
                             .template publish_subscribe<std::uint64_t>()
                             .open()
                             .publisher()
                             .create();
        for (std::uint64_t i = 0; i < 3; ++i) publisher.send_copy(i);
        ::raise(SIGKILL);
    }
    at.kit.until([&] { return got.values.size() == 3; });
    ::waitpid(killed, nullptr, 0);
    at.send(3);
    at.kit.until([&] { return running.done(); });
    CHECK(got.values == std::vector<std::uint64_t>{0, 1, 2, 3});
}

}  // namespace conformance
