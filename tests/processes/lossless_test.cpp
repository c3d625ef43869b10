// Lossless services between processes: who dies releases the publisher, who stands still holds it, or is evicted.
#include "participants.hpp"

#include <random>

using namespace test;

namespace {

const std::string open_lossless = "open_or_create numbers lossless=1 buffer=8";

}  // namespace

TEST_CASE("a publisher that is blocked by a subscriber goes on at that one's kill -9") {
    for (const auto* state : {"running", "stopped"}) {
        INFO(state);
        scratch_root root;
        auto publisher = participant({open_lossless, "publisher"});
        auto victim = participant({open_lossless, "subscriber"});
        auto survivor = participant({open_lossless, "subscriber"});
        survivor.tell("take blocking 1000");
        publisher.tell("publish 1 1000");
        publisher.wait_until_asleep();
        if (state == std::string("stopped")) victim.stop();
        victim.kill();
        CHECK(publisher.line() == "ok");
        CHECK(survivor.line() == "1 1000");
        CHECK(survivor.ask("lost") == "0");
    }
}

TEST_CASE("a publisher that was blocked before its subscriber had mapped it is released as well") {
    scratch_root root;
    auto victim = participant({open_lossless, "subscriber"});
    auto publisher = participant({open_lossless, "publisher"});
    publisher.tell("publish 1 100");
    publisher.wait_until_asleep();
    victim.kill();
    CHECK(publisher.line() == "ok");
}

TEST_CASE("a stopped subscriber holds its publisher, and loses nothing when it goes on") {
    scratch_root root;
    auto publisher = participant({open_lossless, "publisher"});
    auto subscriber = participant({open_lossless, "subscriber"});
    auto observer = participant({open_lossless, "observer"});
    subscriber.stop();
    publisher.tell("publish 1 1000");
    publisher.wait_until_asleep();
    CHECK(observer.ask("drain") == "1 8");
    subscriber.go_on();
    for (const auto* way : {"blocking", "timed", "epoll", "receive"})
        CHECK(subscriber.ask("take " + std::string(way) + " 250") != "");
    CHECK(publisher.line() == "ok");
    CHECK(subscriber.ask("lost") == "0");
}

TEST_CASE("with stall_timeout a stopped subscriber is evicted, and told so when it goes on") {
    scratch_root root;
    const auto open = open_lossless + " stall=50";
    auto publisher = participant({open, "publisher"});
    auto subscriber = participant({open, "subscriber"});
    subscriber.stop();
    CHECK(publisher.ask("publish 1 1000") == "ok");
    subscriber.go_on();
    CHECK(subscriber.ask("receive") ==
          "stood still for longer than the service's stall_timeout: messages were lost");
    CHECK(subscriber.ask("lost") == "992");
    CHECK(subscriber.ask("take receive 8") == "993 1000");
    // It has caught up: nothing is lost any more.
    publisher.tell("publish 1001 100");
    CHECK(subscriber.ask("take blocking 100") == "1001 1100");
    CHECK(publisher.line() == "ok");
    CHECK(subscriber.ask("lost") == "992");
}

TEST_CASE("subscribers that are killed at random keep no message from the others") {
    scratch_root root;
    constexpr int count = 20'000;
    const auto open = open_lossless + " subscribers=16";
    auto publisher = participant({open, "publisher"});
    auto one = participant({open, "subscriber"});
    auto other = participant({open, "subscriber"});
    for (auto* each : {&one, &other}) each->tell("take blocking " + std::to_string(count));
    publisher.tell("publish 1 " + std::to_string(count));
    std::mt19937 random(5);
    for (int round = 0; round < 20; ++round) {
        auto victim = participant({open, "subscriber"});
        if (round % 2 == 0) victim.tell("stream blocking");
        spin(std::chrono::microseconds(random() % 2000));
        victim.kill();
    }
    CHECK(publisher.line() == "ok");
    for (auto* each : {&one, &other}) {
        CHECK(each->line() == "1 " + std::to_string(count));
        CHECK(each->ask("lost") == "0");
    }
}
