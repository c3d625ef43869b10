// Two users who share a root: each takes part with processes of his own, wakes the other, and outlives him.
#include "participants.hpp"

#include <elkodon/layout/control_page.hpp>
#include <support/skip.hpp>

#include <fstream>
#include <iterator>
#include <sys/stat.h>
#include <unistd.h>

namespace tests::several_users_cases {

using namespace test;

namespace {

constexpr int alice = 12'345, bob = 12'346, their_group = 12'400, another_group = 12'401;

const std::string open_numbers = "open_or_create numbers buffer=4 borrowed=2";
const std::string open_bells = "open_or_create_event bells max=9";

/// A root that belongs to Alice and her group; nothing without the right to become her.
class shared_root {
public:
    explicit shared_root(std::string writers) : writers_(std::move(writers)) {
        if (geteuid() != 0) {
            support::skip("only root can become other users");
            return;
        }
        const auto path = scratch_.path().c_str();
        REQUIRE(chown(path, alice, their_group) == 0);
        REQUIRE(chmod(path, writers_ == "group" ? 03770 : 01777) == 0);
        possible_ = true;
    }

    bool possible() const noexcept { return possible_; }
    const scratch_root& scratch() const noexcept { return scratch_; }

    /// An agent that is this user, and has done all of these.
    child as(int user, const std::vector<std::string>& lines, int group = their_group) const {
        std::vector<std::string> all{"become " + std::to_string(user) + " " + std::to_string(group),
                                     "configure rights.write " + writers_,
                                     "configure wait_strategy block"};
        all.insert(all.end(), lines.begin(), lines.end());
        return participant(all);
    }

private:
    scratch_root scratch_;
    std::string writers_;
    bool possible_ = false;
};

std::string text_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("two users share a service: messages go both ways, and each wakes the other") {
    for (const std::string writers : {"group", "everyone"})
        for (const auto& way : sleeping_ways) {
            INFO(writers << ", " << way);
            const shared_root root(writers);
            if (!root.possible()) return;
            std::vector<std::string> lines{open_numbers, "subscriber", "publisher"};
            if (way.ends_with("on_eventfd"))
                lines.insert(lines.begin(), "configure doorbell eventfd");
            for (const bool alice_first : {true, false}) {
                auto first = root.as(alice_first ? alice : bob, lines);
                first.tell("stream " + way);
                first.wait_until_asleep();
                auto second = root.as(alice_first ? bob : alice, lines);
                for (int i = 1; i <= 5; ++i) {
                    must(second, "publish " + std::to_string(i) + " 1");
                    REQUIRE(first.line() == std::to_string(i));
                    REQUIRE(second.ask("receive") == std::to_string(i));
                    first.wait_until_asleep();
                }
            }
        }
}

TEST_CASE("a user who clears another's waiter bits delays its wake-up, and can't prevent it") {
    const shared_root root("everyone");
    if (!root.possible()) return;
    for (const auto& way : sleeping_ways) {
        INFO(way);
        auto sleeper = root.as(alice, {"configure liveness_bound 20", open_numbers, "subscriber"});
        auto publisher = root.as(bob, {open_numbers, "publisher"});
        sleeper.tell("stream " + way);
        sleeper.wait_until_asleep();
        const auto control = root.scratch().services() / "numbers.publish_subscribe" / "control";
        std::fstream file(control, std::ios::binary | std::ios::in | std::ios::out);
        file.seekp(offsetof(elkodon::layout::control_page, waiting));
        const std::string nobody(sizeof(elkodon::layout::control_page::waiting), '\0');
        REQUIRE(file.write(nobody.data(), static_cast<std::streamsize>(nobody.size())).flush());
        must(publisher, "publish 1 1");
        CHECK(sleeper.line() == "1");
    }
}

TEST_CASE("two users ring each other's events") {
    for (const std::string writers : {"group", "everyone"}) {
        const shared_root root(writers);
        if (!root.possible()) return;
        for (const std::string way : {"blocking", "epoll"})
            for (const bool alice_hears : {true, false}) {
                INFO(writers << ", " << way << ", " << (alice_hears ? "Alice" : "Bob") << " hears");
                auto listener = root.as(alice_hears ? alice : bob, {open_bells, "listener"});
                listener.tell("hear " + way);
                listener.wait_until_asleep();
                auto notifier = root.as(alice_hears ? bob : alice, {open_bells, "notifier"});
                must(notifier, "notify 3");
                CHECK(listener.line() == "ids 3");
            }
    }
}

TEST_CASE("what another user's subscriber holds is not reused, and comes back when it is killed") {
    const shared_root root("everyone");
    if (!root.possible()) return;
    auto publisher = root.as(alice, {open_numbers, "publisher"});
    for (int round = 0; round < 5; ++round) {
        auto borrower = root.as(bob, {open_numbers, "subscriber"});
        for (int held = 1; held <= 2; ++held) {
            must(publisher, "publish " + std::to_string(held) + " 1");
            REQUIRE(borrower.ask("hold") == std::to_string(held));
        }
        must(publisher, "publish 10 1000");
        REQUIRE(borrower.ask("check") == "intact 2");
        borrower.kill();
        must(publisher, "publish 10 1000");
    }
}

TEST_CASE(
    "another user's death is told, what he left stays for a process of his, and goes with it") {
    const shared_root root("everyone");
    if (!root.possible()) return;
    auto bobs = root.as(bob, {open_numbers, "subscriber"});
    auto alices = root.as(alice, {open_numbers, "publisher"});
    must(alices, "publish 1 2");
    alices.kill();
    CHECK(bobs.ask("drain") == "1 2");
    CHECK(bobs.ask("receive") == "none");
    // Alice's files are nobody's to remove but hers; her next process takes her place all the same.
    auto again = root.as(alice, {open_numbers, "publisher"});
    must(again, "publish 3 1");
    CHECK(bobs.ask("receive") == "3");
    CHECK(again.finish() == support::success);
    CHECK(bobs.finish() == support::success);
    CHECK(root.scratch().listing() == support::nothing);
}

TEST_CASE("who leaves a service last, and didn't make it, leaves it to be used or taken away") {
    const shared_root root("everyone");
    if (!root.possible()) return;
    const auto directory = root.scratch().services() / "numbers.publish_subscribe";
    auto alices = root.as(alice, {open_numbers, "publisher"});
    auto bobs = root.as(bob, {open_numbers});
    CHECK(alices.finish() == support::success);
    CHECK(bobs.finish() == support::success);
    CHECK(std::filesystem::exists(directory / "service.toml"));

    // Who comes next uses it, as long as he wants no other.
    auto next = root.as(bob, {open_numbers, "publisher", "subscriber"});
    must(next, "publish 7 1");
    CHECK(next.ask("receive") == "7");
    CHECK(next.finish() == support::success);
    const auto refused = root.as(bob, {}).ask("open_or_create numbers buffer=5");
    CHECK(refused.find("subscriber_max_buffer_size") != refused.npos);
    const auto created = root.as(bob, {}).ask("create numbers");
    CHECK(created.find("another user left it") != created.npos);
    CHECK(root.as(bob, {}).ask("open numbers").starts_with("error: "));

    // A node of Alice's is enough to take it away.
    CHECK(root.as(alice, {"node"}).finish() == support::success);
    CHECK_FALSE(std::filesystem::exists(directory));
    auto last = root.as(bob, {});
    must(last, "create numbers buffer=5");
}

TEST_CASE("who isn't of the group is denied, and nothing changes") {
    const shared_root root("group");
    if (!root.possible()) return;
    auto alices = root.as(alice, {open_numbers, "publisher"});
    const auto toml = root.scratch().services() / "numbers.publish_subscribe" / "service.toml";
    const auto before = text_of(toml);
    auto stranger = root.as(bob, {}, another_group);
    const auto said = stranger.ask(open_numbers);
    INFO(said);
    CHECK(said.find("permission denied") != said.npos);
    CHECK(text_of(toml) == before);
    CHECK(alices.ask("publish 1 1") == "ok");
}

TEST_CASE("several users create, use and leave one service at the same time") {
    const shared_root root("everyone");
    if (!root.possible()) return;
    support::starting_gun gun;
    std::vector<child> all;
    for (int i = 0; i < 6; ++i) {
        all.push_back(support::start_agent({.environment = {}, .gun = &gun}));
        must(all.back(), "become " + std::to_string(i % 2 ? alice : bob) + " 12400");
        must(all.back(), "configure rights.write everyone");
        all.back().tell("gun");
        REQUIRE(all.back().line() == "ready");
        all.back().tell("come_and_go busy 100");
    }
    gun.fire();
    for (auto& each : all) {
        REQUIRE(each.line() == "go");
        CHECK(each.line() == "ok");
    }
}

}  // namespace tests::several_users_cases
