// Events between processes: many listeners at once, and what is rung for a notifier that was killed.
#include "participants.hpp"

#include <csignal>
#include <optional>
#include <random>

using namespace test;

namespace event_cases {
namespace {

const std::string open_bells = "open_or_create_event bells max=9 dead=7 created=5 dropped=6";

child notifier() { return participant({open_bells, "notifier"}); }

/// The next line must say that; without the lives of others, which may be heard together with it.
void must_hear(child& who, const std::string& ids) {
    INFO(ids);
    REQUIRE(who.line() == ids);
}

}  // namespace

TEST_CASE("a thousand listeners in ten processes are all woken by one ring") {
    for (const std::string way : {"epoll", "threads"}) {
        INFO(way);
        scratch_root root;
        const std::string open = "open_or_create_event bells listeners=1000";
        std::vector<child> crowds;
        for (int i = 0; i < 10; ++i) crowds.push_back(participant({open, "listeners 100"}));
        auto early = participant({open, "notifier"});
        for (int round = 0; round < 2; ++round) {
            for (auto& each : crowds) each.tell("all_hear " + way);
            for (auto& each : crowds) each.wait_until_asleep();
            if (round == 0) must(early, "notify 3");
            else REQUIRE(participant({open, "notifier"}).ask("notify 4") == "ok");
            for (auto& each : crowds) REQUIRE(each.line() == "all 100");
        }
    }
}

TEST_CASE("a notifier that is killed is rung for once, at every listener that sleeps") {
    for (const auto& way : sleeping_ways) {
        INFO(way);
        scratch_root root;
        std::vector<child> sleepers;
        for (int i = 0; i < 3; ++i)
            sleepers.push_back(sleeper_among_the_dying(way, {open_bells, "listener counting"}));
        for (auto& each : sleepers) each.tell("hear " + way);
        for (int round = 0; round < 5; ++round) {
            for (auto& each : sleepers) each.wait_until_asleep();
            std::optional<child> ringing = notifier();
            for (auto& each : sleepers) must_hear(each, "ids 5x1");
            must(*ringing, "notify 1");
            for (auto& each : sleepers) must_hear(each, "ids 1x1");
            ringing->kill();
            for (auto& each : sleepers) must_hear(each, "ids 7x1");
            // Nothing more comes of it, not even when somebody else cleans up.
            REQUIRE(participant({"node"}).finish() == support::success);
        }
        auto last = notifier();
        for (auto& each : sleepers) must_hear(each, "ids 5x1");
    }
}

TEST_CASE("a notifier that ends in an orderly way is dropped, not dead") {
    scratch_root root;
    auto listener = participant({open_bells, "listener counting"});
    for (const std::string how : {"drop notifier", "end"}) {
        auto ringing = notifier();
        if (how == "end") REQUIRE(ringing.finish() == support::success);
        else must(ringing, how);
        REQUIRE(participant({"node"}).finish() == support::success);
        REQUIRE(listener.ask("try_wait") == "ids 5x1 6x1");
    }
}

TEST_CASE("of a killed notifier a listener that is awake hears from whoever cleans up, once") {
    scratch_root root;
    auto listener = participant({open_bells, "listener counting"});
    auto first = notifier(), second = notifier();
    REQUIRE(listener.ask("try_wait") == "ids 5x2");
    first.kill();
    second.kill();
    REQUIRE(participant({"node"}).finish() == support::success);
    REQUIRE(listener.ask("try_wait") == "ids 7x2");
    REQUIRE(participant({"node"}).finish() == support::success);
    REQUIRE(participant({open_bells}).finish() == support::success);
    REQUIRE(listener.ask("try_wait") == "ids");
}

TEST_CASE("a service without such an event is silent about its dead") {
    scratch_root root;
    const std::string open = "open_or_create_event bells max=9";
    auto listener = participant({open, "listener counting"});
    participant({open, "notifier"}).kill();
    REQUIRE(participant({"node"}).finish() == support::success);
    REQUIRE(listener.ask("try_wait") == "ids");
}

TEST_CASE("notifiers that are killed at random instants are each rung for") {
    scratch_root root;
    const std::string open = "open_or_create_event bells max=9 dead=7";
    auto sleeper = participant({open, "listener"});
    sleeper.tell("hear blocking");
    std::mt19937 random(7);
    for (int round = 0; round < rounds(40); ++round) {
        auto ringing = participant({open, "notifier"});
        ringing.tell("flood_notify 1");
        REQUIRE(ringing.line() == "flooding");
        spin(std::chrono::microseconds(random() % 3000));
        ringing.kill();
        for (auto heard = sleeper.line(); heard != "ids 7" && heard != "ids 1 7";
             heard = sleeper.line())
            REQUIRE(heard == "ids 1");
    }
}

TEST_CASE("a notifier that skips its own node rings the listeners of other processes") {
    scratch_root root;
    const std::string open = "open_or_create_event bells max=9";
    auto own = participant({open, "listener", "notifier skip"});
    auto other = participant({open, "listener"});
    other.tell("hear blocking");
    other.wait_until_asleep();
    must(own, "notify 4");
    must_hear(other, "ids 4");
    REQUIRE(own.ask("try_wait") == "ids");
}

TEST_CASE("no more processes than max_nodes have an event service open, and a place that becomes "
          "free is taken "
          "again") {
    scratch_root root;
    const std::string open = "open_or_create_event bells nodes=2";
    auto first = participant({open});
    std::optional<child> second = participant({open});
    auto third = support::start_agent();
    for (int round = 0; round < 2; ++round) {
        const auto answer = third.ask(open);
        REQUIRE(answer.find("error") == 0);
        REQUIRE(answer.find("max_nodes: 3 wanted, 2 found") != std::string::npos);
    }
    must(first, open);  // not a further node
    SECTION("by its end") { REQUIRE(second->finish() == support::success); }
    SECTION("by its death") { second->kill(); }
    must(third, open);
    auto more = support::start_agent().ask("open_event bells nodes=3");
    REQUIRE(more.find("max_nodes: at least 3 wanted, 2 found") != std::string::npos);
}

TEST_CASE("the places of a killed notifier and a killed listener are free for the next one") {
    scratch_root root;
    const std::string open = "open_or_create_event bells notifiers=1 listeners=1";
    auto survivor = participant({open});
    for (int round = 0; round < 3; ++round) {
        auto holder = participant({open, "notifier", "listener"});
        REQUIRE(survivor.ask("listener").find("error") == 0);
        holder.kill();
        must(survivor, "notifier");
        must(survivor, "listener");
        must(survivor, "notify 2");
        REQUIRE(survivor.ask("try_wait") == "ids 2");
        must(survivor, "drop notifier");
        must(survivor, "drop listener");
    }
}

}  // namespace event_cases
