// A publisher is killed with messages in flight: what it had published arrives, and nobody hangs.
#include "participants.hpp"

namespace tests::publisher_death_cases {

using namespace test;

namespace {

const std::string open_numbers = "open_or_create numbers buffer=64 borrowed=4";

}  // namespace

TEST_CASE("connected subscribers read everything that a publisher had published before kill -9") {
    for (const auto& way : all_ways()) {
        INFO(way);
        scratch_root root;
        auto subscriber = participant({open_numbers, "subscriber"});
        auto publisher = participant({open_numbers, "publisher", "publish 1 1"});
        REQUIRE(subscriber.ask("take " + way + " 1") == "1 1");
        must(publisher, "publish 2 50");
        publisher.kill();
        CHECK(subscriber.ask("take " + way + " 50") == "2 51");
        CHECK(subscriber.ask("drain") == "none");
        CHECK(subscriber.ask("lost") == "0");
    }
}

TEST_CASE("a subscriber that was there before the publisher misses nothing of it, not even its "
          "first message") {
    for (const auto& way : all_ways()) {
        INFO(way);
        scratch_root root;
        auto subscriber = participant({open_numbers, "subscriber"});
        auto publisher = participant({open_numbers, "publisher", "publish 1 50"});
        publisher.kill();
        CHECK(subscriber.ask("take " + way + " 50") == "1 50");
        CHECK(subscriber.ask("lost") == "0");
    }
}

TEST_CASE("subscribers that sleep read what a publisher sent right before kill -9, and what the "
          "next one sends") {
    for (const auto& way : sleeping_ways) {
        INFO(way);
        scratch_root root;
        auto subscriber = sleeper_among_the_dying(way, {open_numbers, "subscriber"});
        subscriber.tell("stream " + way);
        subscriber.wait_until_asleep();
        std::uint64_t next = 1;
        for (int round = 0; round < rounds(20); ++round) {
            auto publisher = participant({open_numbers, "publisher"});
            must(publisher, "publish " + std::to_string(next) + " 20");
            publisher.kill();
            for (const auto end = next + 20; next < end; ++next)
                REQUIRE(subscriber.line() == std::to_string(next));
        }
    }
}

TEST_CASE("samples that are held stay valid after their publisher's death, its clean-up and its "
          "successor") {
    scratch_root root;
    auto subscriber = participant({open_numbers, "subscriber"});
    auto publisher = participant({open_numbers, "publisher", "publish 1 3"});
    for (const auto* each : {"1", "2", "3"}) REQUIRE(subscriber.ask("hold") == each);
    publisher.kill();
    CHECK(subscriber.ask("check") == "intact 3");

    auto successor = participant({open_numbers, "publisher"});
    CHECK_FALSE(
        std::filesystem::exists(root.services() / "numbers.publish_subscribe" / "publisher.1"));
    must(successor, "publish 100 1000");
    CHECK(subscriber.ask("check") == "intact 3");
    // The newest 64 of the successor are still there, and one place for a sample is left.
    CHECK(subscriber.ask("drain") == "1036 1099");
    CHECK(subscriber.ask("check") == "intact 3");
    must(subscriber, "drop subscriber");
    CHECK(subscriber.ask("check") == "intact 3");
    must(subscriber, "drop all");
    CHECK(subscriber.finish() == support::success);
    CHECK(successor.finish() == support::success);
    CHECK(root.listing() == support::nothing);
}

TEST_CASE("a subscriber drains a dead publisher in turn with a living one") {
    scratch_root root;
    auto subscriber = participant({open_numbers, "subscriber"});
    auto dead = participant({open_numbers, "publisher"});
    auto living = participant({open_numbers, "publisher"});
    REQUIRE(subscriber.ask("publishers") == "2");
    must(dead, "publish 1 10");
    must(living, "publish 1001 10");
    dead.kill();
    auto cleaner = participant({"node"});
    std::vector<std::uint64_t> of_dead, of_living;
    for (int i = 0; i < 20; ++i) {
        const auto answer = subscriber.ask("take blocking 1");
        const auto value = std::stoull(answer);
        (value > 1000 ? of_living : of_dead).push_back(value);
    }
    CHECK(of_dead == std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
    CHECK(of_living ==
          std::vector<std::uint64_t>{1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010});
    CHECK(subscriber.ask("drain") == "none");
    CHECK(subscriber.ask("publishers") == "1");
}

}  // namespace tests::publisher_death_cases
