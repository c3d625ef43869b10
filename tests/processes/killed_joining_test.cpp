// A process is killed in the middle of joining, at every one of its system calls: the next one succeeds, and nothing
// is left when that one has gone.
#include "participants.hpp"

#include <support/tracer.hpp>

#include <csignal>

using namespace test;

namespace {

const support::start_options traced{
    .environment = {{"ASAN_OPTIONS", "detect_leaks=0"}}, .gun = nullptr, .traced = true};

/// Runs `lines` up to the entry of their system call number `at` and kills there. False when there is no such call.
bool kill_at_call(int at, const std::vector<std::string>& lines) {
    auto victim = support::start_agent(traced);
    support::tracer tracer(victim);
    for (const auto& each : lines) victim.tell(each);
    for (int call = 0; call <= at; ++call)
        if (tracer.next_call() < 0) return false;
    victim.kill();
    return true;
}

/// `lines` end with "quit".
int kill_at_every_call(const scratch_root& root,
                       const std::vector<std::string>& lines,
                       const std::vector<std::string>& next,
                       const std::vector<std::string>& left_after) {
    int at = 0;
    for (; kill_at_call(at, lines); ++at) {
        INFO("killed at system call " << at);
        auto successor = participant(next);
        REQUIRE(successor.finish() == support::success);
        REQUIRE(root.listing() == left_after);
    }
    return at;
}

}  // namespace

TEST_CASE("killed anywhere in open_or_create, in making ports or in leaving: the next one succeeds "
          "and leaves nothing") {
    scratch_root root;
    const std::vector<std::string> lines{"open_or_create numbers",
                                         "publisher",
                                         "subscriber",
                                         "publish 1 1",
                                         "take timed 1",
                                         "open_or_create_event bells",
                                         "notifier",
                                         "listener",
                                         "notify 1",
                                         "drop all",
                                         "quit"};
    const int calls =
        kill_at_every_call(root, lines,
                           {"open_or_create numbers", "publisher", "subscriber", "publish 1 1",
                            "open_or_create_event bells", "notifier", "listener", "notify 1"},
                           support::nothing);
    WARN("killed at each of " << calls << " system calls");
    CHECK(calls > 100);
}

TEST_CASE("killed anywhere in joining a service that others have open: they go on, and the next "
          "one joins") {
    scratch_root root;
    const std::string open = "open_or_create numbers buffer=64";
    auto subscriber = participant({open, "subscriber"});
    auto publisher = participant({open, "publisher"});
    std::uint64_t number = 1;
    int at = 0;
    for (; kill_at_call(at, {"open_or_create numbers", "subscriber", "publisher", "take receive 0",
                             "drop all", "quit"});
         ++at) {
        INFO("killed at system call " << at);
        must(publisher, "publish " + std::to_string(number) + " 20");
        REQUIRE(subscriber.ask("take timed 20") ==
                std::to_string(number) + " " + std::to_string(number + 19));
        number += 20;
        auto successor = participant({"open numbers", "publisher", "subscriber"});
        REQUIRE(successor.finish() == support::success);
    }
    WARN("killed at each of " << at << " system calls");
    CHECK(at > 50);
    must(publisher, "publish 1 10000");
    CHECK(subscriber.finish() == support::success);
    CHECK(publisher.finish() == support::success);
    CHECK(root.listing() == support::nothing);
}

TEST_CASE("killed anywhere in cleaning up after the dead: the next one cleans up the rest") {
    scratch_root root;
    int at = 0;
    for (bool more = true; more; ++at) {
        INFO("cleaner killed at system call " << at);
        {
            auto dead = participant({"open_or_create numbers", "publisher", "subscriber",
                                     "open_or_create_event bells", "listener", "notifier"});
            dead.tell("take blocking 1");
            dead.wait_until_asleep();
            dead.kill();
        }
        more = kill_at_call(at, {"node", "drop all", "quit"});
        auto successor = participant({"node"});
        REQUIRE(successor.finish() == support::success);
        REQUIRE(root.listing() == support::nothing);
    }
    WARN("killed at each of " << at << " system calls");
    CHECK(at > 50);
}
