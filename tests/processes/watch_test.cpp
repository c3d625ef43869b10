// What a watch tells of processes: their coming, their going, and their death, before anybody has cleaned up.
#include "participants.hpp"

#include <elkodon/elkodon.hpp>

#include <algorithm>
#include <poll.h>

using namespace test;

namespace {

using elkodon::change;

/// All changes until `count` of them have come: each sleep ends with the descriptor. A hang is a failure.
std::vector<change> wait_for(elkodon::watch& watch, std::size_t count) {
    std::vector<change> all;
    while (all.size() < count) {
        if (auto change = watch.receive()) {
            all.push_back(std::move(change));
            continue;
        }
        pollfd each{watch.native_handle(), POLLIN, 0};
        if (poll(&each, 1, 60'000) != 1) FAIL("only " << all.size() << " changes came");
    }
    return all;
}

std::ptrdiff_t count(const std::vector<change>& all,
                     change::kind_type kind,
                     change::subject_type subject) {
    return std::count_if(all.begin(), all.end(), [&](const auto& each) {
        return each.kind == kind && each.subject == subject;
    });
}

}  // namespace

TEST_CASE("a killed process' ports, services and nodes die, and nobody has to clean up for that") {
    scratch_root root;
    auto config = elkodon::configuration::load();
    config.liveness_bound = std::chrono::hours(1);  // no clock makes good what isn't noticed
    const auto node = elkodon::node::create(config);
    auto watch = node.watch().create();
    wait_for(watch, 1);
    auto other = participant({"open_or_create numbers", "publisher", "subscriber"});
    const auto came = wait_for(watch, 4);
    CHECK(count(came, change::appeared, change::port) == 2);
    CHECK(count(came, change::appeared, change::service) == 1);
    CHECK(count(came, change::appeared, change::node) == 1);
    other.kill();
    const auto died = wait_for(watch, 4);
    CHECK(count(died, change::died, change::port) == 2);
    CHECK(count(died, change::died, change::service) == 1);
    CHECK(count(died, change::died, change::node) == 1);
    CHECK_FALSE(watch.receive());
    // Nor does the clean-up tell anything twice.
    auto next = participant({"node"});
    const auto after = wait_for(watch, 1);
    CHECK(after[0].kind == change::appeared);
    CHECK(after[0].subject == change::node);
    CHECK_FALSE(watch.receive());
}

TEST_CASE("a process that ends in an orderly way has gone, however late one looks") {
    scratch_root root;
    const auto node = elkodon::node::create();
    auto watch = node.watch().create();
    wait_for(watch, 1);
    {
        auto other = participant({"open_or_create numbers", "publisher"});
        wait_for(watch, 3);
        CHECK(other.finish() == support::success);
    }
    const auto went = wait_for(watch, 3);
    CHECK(count(went, change::gone, change::port) == 1);
    CHECK(count(went, change::gone, change::service) == 1);
    CHECK(count(went, change::gone, change::node) == 1);
}

TEST_CASE("a service that outlives one of its processes loses that one's ports only") {
    scratch_root root;
    const auto node = elkodon::node::create();
    auto watch = node.watch().create();
    auto stays = participant({"open_or_create numbers", "subscriber"});
    auto goes = participant({"open numbers", "publisher"});
    wait_for(watch, 6);
    goes.kill();
    const auto died = wait_for(watch, 2);
    CHECK(count(died, change::died, change::port) == 1);
    CHECK(count(died, change::died, change::node) == 1);
    CHECK_FALSE(watch.receive());
    CHECK(elkodon::list_services().size() == 1);
}
