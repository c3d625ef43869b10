// A publisher laps subscribers that borrow, thousands of times: no payload is ever torn.
#include "participants.hpp"

using namespace test;

TEST_CASE(
    "a payload of 4 KiB is never torn, however often its publisher laps the borrowing subscriber") {
    scratch_root root;
    const std::string open = "open_or_create numbers buffer=2 borrowed=4 loaned=1 subscribers=2";
    auto one = participant({open, "subscriber"});
    auto other = participant({open, "subscriber"});
    auto publisher = participant({open, "publisher"});
    REQUIRE(publisher.ask("flood 1") == "flooding");
    const auto laps = std::to_string(rounds(5'000));
    one.tell("be_lapped " + laps + " 2");
    other.tell("be_lapped " + laps + " 2");
    const auto first = one.line(), second = other.line();
    WARN("each lapped " << laps << " times while it borrowed: " << first << "; " << second);
    CHECK(first.starts_with("whole"));
    CHECK(second.starts_with("whole"));
}
