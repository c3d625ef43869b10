// Everybody is killed, in whatever they are doing: the next node finds the root and leaves it as if nobody had been there.
#include "participants.hpp"

using namespace test;

namespace {

std::vector<child> everybody(const std::string& suffix) {
    const auto numbers = "open_or_create numbers" + suffix,
               bells = "open_or_create_event bells" + suffix;
    std::vector<child> all;
    all.push_back(participant({numbers, "publisher", "publish 1 10", bells, "notifier"}));
    for (const auto& way : sleeping_ways) {
        all.push_back(participant({numbers, "subscriber", bells}));
        all.back().tell("stream " + way);
        all.back().wait_until_asleep();
        all.push_back(participant({bells, "listener", "notifier"}));
        all.back().tell("hear " + way);
        all.back().wait_until_asleep();
    }
    must(all.front(), "publish 11 1");
    must(all.front(), "notify 1");
    REQUIRE(all.front().ask("flood 12") == "flooding");
    return all;
}

}  // namespace

TEST_CASE("kill -9 of everybody: the next node finds an empty root, and its own end leaves one") {
    scratch_root root;
    for (int round = 0; round < rounds(5); ++round) {
        auto one = everybody("/one"), two = everybody("/two");
        for (auto* group : {&one, &two})
            for (auto& each : *group) each.signal(9);
        one.clear();
        two.clear();
        CHECK(root.listing().size() > 20);
        auto next = participant({"node"});
        // Its node, its lock file and its socket.
        CHECK(root.listing().size() == 3);
        must(next, "open_or_create numbers/one");
        must(next, "publisher");
        CHECK(next.finish() == support::success);
        CHECK(root.listing() == support::nothing);
    }
}

TEST_CASE("of those who end in an orderly way nothing is left, in whatever order they go") {
    scratch_root root;
    for (int round = 0; round < rounds(5); ++round) {
        std::vector<child> all;
        for (int i = 0; i < 6; ++i)
            all.push_back(
                participant({"open_or_create numbers", "publisher", "subscriber", "publish 1 3",
                             "open_or_create_event bells", "notifier", "listener", "notify 1"}));
        for (std::size_t i = 0; i < all.size(); ++i) {
            auto& each = all[(i * 5 + static_cast<std::size_t>(round)) % all.size()];
            CHECK(each.finish() == support::success);
        }
        CHECK(root.listing() == support::nothing);
    }
}

TEST_CASE("a service whose last members were killed is made anew, with other properties") {
    scratch_root root;
    auto first = participant({"create numbers buffer=4", "publisher"});
    auto survivor = participant({"node"});
    first.kill();
    must(survivor, "create numbers buffer=64 history=3");
    must(survivor, "publisher");
    must(survivor, "publish 1 5");
    must(survivor, "subscriber");
    CHECK(survivor.ask("drain") == "3 5");
}
