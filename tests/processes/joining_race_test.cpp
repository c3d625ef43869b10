// Many processes join one service at the same moment, and leave it again.
#include "participants.hpp"

#include <elkodon/error.hpp>

#include <algorithm>
#include <filesystem>

using namespace test;

namespace {

std::vector<child> at_the_start(const support::starting_gun& gun, int count) {
    std::vector<child> racers;
    for (int i = 0; i < count; ++i) {
        racers.push_back(support::start_agent({.environment = {}, .gun = &gun}));
        racers.back().tell("gun");
    }
    for (auto& each : racers) REQUIRE(each.line() == "ready");
    return racers;
}

void all_finish(std::vector<child>& racers) {
    for (auto& each : racers) CHECK(each.finish() == support::success);
}

std::size_t members(const scratch_root& root, const std::string& service) {
    std::size_t count = 0;
    for (const auto& each : std::filesystem::directory_iterator(root.services() / service))
        if (each.path().filename().string().starts_with("member.")) ++count;
    return count;
}

const std::string not_found = elkodon::make_error_code(elkodon::errc::service_not_found).message();
const std::string exists = elkodon::make_error_code(elkodon::errc::service_exists).message();

bool says(const std::string& answer, const std::string& why) {
    return answer.find(why) != std::string::npos;
}

}  // namespace

TEST_CASE("50 processes race in open_or_create: there is one service, and nobody fails") {
    scratch_root root;
    for (int round = 0; round < rounds(6); ++round) {
        INFO("round " << round);
        support::starting_gun gun;
        auto racers = at_the_start(gun, 50);
        for (auto& each : racers) {
            each.tell("open_or_create numbers publishers=50 subscribers=50 buffer=2");
            each.tell("publisher");
            each.tell("subscriber");
        }
        gun.fire();
        for (auto& each : racers) {
            REQUIRE(each.line() == "go");
            for (int answer = 0; answer < 3; ++answer) REQUIRE(each.line() == "ok");
        }
        // One service: who publishes is heard by everybody.
        CHECK(members(root, "numbers.publish_subscribe") == 50);
        must(racers.front(), "publish 7 1");
        for (auto& each : racers) REQUIRE(each.ask("take blocking 1") == "7 7");
        all_finish(racers);
        CHECK(root.listing() == support::nothing);
    }
}

TEST_CASE("of 16 processes that create the same service one succeeds, and the others hear that it "
          "exists") {
    scratch_root root;
    for (int round = 0; round < rounds(10); ++round) {
        support::starting_gun gun;
        auto racers = at_the_start(gun, 16);
        for (std::size_t i = 0; i < racers.size(); ++i)
            racers[i].tell(i % 2 == 0 ? "create numbers" : "open numbers");
        gun.fire();
        int created = 0;
        for (std::size_t i = 0; i < racers.size(); ++i) {
            REQUIRE(racers[i].line() == "go");
            const auto answer = racers[i].line();
            INFO(answer);
            if (i % 2 == 0 && answer == "ok") ++created;
            // Who opens finds it or doesn't, but nothing in between.
            if (answer != "ok") CHECK(says(answer, i % 2 == 0 ? exists : not_found));
        }
        CHECK(created == 1);
        all_finish(racers);
        CHECK(root.listing() == support::nothing);
    }
}

TEST_CASE("services that come and go under everybody's hands: open_or_create never fails") {
    scratch_root root;
    support::starting_gun gun;
    auto racers = at_the_start(gun, 4);
    for (auto& each : racers) each.tell("come_and_go numbers " + std::to_string(rounds(150)));
    gun.fire();
    for (auto& each : racers) {
        REQUIRE(each.line() == "go");
        CHECK(each.line() == "ok");
    }
    all_finish(racers);
    CHECK(root.listing() == support::nothing);
}
