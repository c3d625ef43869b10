// Subscribers are killed while they hold samples: the chunks come back.
#include "participants.hpp"

using namespace test;

TEST_CASE("the chunks that a subscriber had borrowed come back after its kill -9") {
    scratch_root root;
    const std::string open = "open_or_create numbers buffer=2 borrowed=8 loaned=1 subscribers=2";
    auto publisher = participant({open, "publisher"});
    auto watcher = participant({open, "subscriber"});
    for (int round = 0; round < rounds(10); ++round) {
        auto borrower = participant({open, "subscriber"});
        for (int held = 1; held <= 8; ++held) {
            must(publisher, "publish " + std::to_string(held) + " 1");
            REQUIRE(borrower.ask("hold") == std::to_string(held));
        }
        must(publisher, "publish 9 100");
        REQUIRE(borrower.ask("check") == "intact 8");
        borrower.kill();
        // Each of these loans, or the publisher answers with an error.
        must(publisher, "publish 1000 10000");
        REQUIRE(watcher.ask("drain") == "10998 10999");
    }
    CHECK(publisher.ask("publish 1 1") == "ok");
}

TEST_CASE("a publisher whose subscribers all die with everything borrowed goes on") {
    scratch_root root;
    const std::string open = "open_or_create numbers buffer=4 borrowed=4 loaned=2 subscribers=8";
    auto publisher = participant({open, "publisher"});
    std::vector<child> borrowers;
    for (int i = 0; i < 8; ++i) borrowers.push_back(participant({open, "subscriber"}));
    for (int held = 1; held <= 4; ++held) {
        must(publisher, "publish " + std::to_string(held) + " 1");
        for (auto& each : borrowers) REQUIRE(each.ask("hold") == std::to_string(held));
    }
    for (auto& each : borrowers) each.kill();
    must(publisher, "publish 10 10000");
    auto next = participant({open, "subscriber"});
    must(publisher, "publish 1 1");
    CHECK(next.ask("take receive 1") == "1 1");
}

TEST_CASE("what a living subscriber holds is never reused, whoever dies beside it") {
    scratch_root root;
    const std::string open = "open_or_create numbers buffer=2 borrowed=3 loaned=1 subscribers=3";
    auto publisher = participant({open, "publisher"});
    auto holder = participant({open, "subscriber"});
    for (int held = 1; held <= 3; ++held) {
        must(publisher, "publish " + std::to_string(held) + " 1");
        REQUIRE(holder.ask("hold") == std::to_string(held));
    }
    for (int round = 0; round < rounds(10); ++round) {
        auto borrower = participant({open, "subscriber"});
        must(publisher, "publish 1 1");
        REQUIRE(borrower.ask("hold") == "1");
        borrower.kill();
        must(publisher, "publish 10 1000");
        REQUIRE(holder.ask("check") == "intact 3");
    }
}
