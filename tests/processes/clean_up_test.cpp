// When the remains of the dead are looked for is a setting: each moment by itself, and none.
#include "participants.hpp"

#include <filesystem>

namespace tests::clean_up_cases {

using namespace test;

namespace {

const std::string open_numbers = "open_or_create numbers buffer=2";

child cleaning(const std::string& when, const std::vector<std::string>& lines) {
    std::vector<std::string> all{"configure clean_up " + when};
    all.insert(all.end(), lines.begin(), lines.end());
    return participant(all);
}

/// A service that a living and a dead process have open, and one that only dead ones had.
struct remains {
    scratch_root root;
    child living = cleaning("never", {open_numbers, "publisher"});

    remains() {
        auto one = cleaning("never", {open_numbers, "subscriber"});
        auto other = cleaning("never", {"open_or_create forgotten", "publisher"});
        one.kill();
        other.kill();
        REQUIRE(in_numbers());
        REQUIRE(forgotten());
    }

    bool in_numbers() const {
        return std::filesystem::exists(root.services() / "numbers.publish_subscribe/subscriber.0");
    }
    bool forgotten() const {
        return std::filesystem::exists(root.services() / "forgotten.publish_subscribe");
    }
};

}  // namespace

TEST_CASE("who cleans up never leaves what he finds") {
    remains of;
    CHECK(cleaning("never", {"node", "open numbers buffer=2"}).finish() == support::success);
    CHECK(of.in_numbers());
    CHECK(of.forgotten());
}

TEST_CASE("on creation: a process' first node cleans up the whole domain") {
    remains of;
    auto cleaner = cleaning("on_creation", {"node"});
    CHECK_FALSE(of.in_numbers());
    CHECK_FALSE(of.forgotten());
}

TEST_CASE("on opening: who opens a service cleans up there, and nowhere else") {
    remains of;
    auto cleaner = cleaning("on_opening", {"node"});
    CHECK(of.in_numbers());
    must(cleaner, "open numbers buffer=2");
    CHECK_FALSE(of.in_numbers());
    CHECK(of.forgotten());
}

TEST_CASE("on destruction: who closes a service cleans up there, and nowhere else") {
    remains of;
    auto cleaner = cleaning("on_destruction", {"open numbers buffer=2"});
    CHECK(of.in_numbers());
    must(cleaner, "drop numbers");
    CHECK_FALSE(of.in_numbers());
    CHECK(of.forgotten());
}

TEST_CASE("what nobody cleaned up is no service to anybody, and made anew by whoever comes next") {
    remains of;
    auto next = cleaning("never", {"node"});
    must(next, "open_or_create forgotten");
    must(next, "publisher");
    must(next, "publish 1 1");
}

}  // namespace tests::clean_up_cases
