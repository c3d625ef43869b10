// One writer for each segment: whoever else writes there gets the fault.
#include "participants.hpp"

#include <csignal>

namespace tests::write_protection_cases {

using namespace test;

namespace {

const std::string open_numbers = "open_or_create numbers";

// AddressSanitizer would catch the signal and print a report instead.
const support::start_options plainly{.environment = {{"ASAN_OPTIONS", "handle_segv=0"}},
                                     .gun = nullptr};

void expect_fault(child& writer, const std::string& file, std::size_t offset) {
    INFO(file << " at " << offset);
    REQUIRE(writer.ask("scribble " + file + " " + std::to_string(offset)) == "writing");
    CHECK(writer.wait() == support::ending{-1, SIGSEGV});
}

}  // namespace

TEST_CASE(
    "a subscriber that writes to a publisher's segment gets the fault, and the publisher goes on") {
    scratch_root root;
    auto publisher = participant({open_numbers, "publisher"});
    // The header's state, the tail, the ring, and a payload behind them.
    for (const std::size_t offset : {52, 768, 896, 4096 + 64}) {
        auto subscriber = participant({open_numbers, "subscriber"}, plainly);
        must(publisher, "publish 1 1");
        REQUIRE(subscriber.ask("take receive 1") == "1 1");
        expect_fault(subscriber, "/publisher.0", offset);
        must(publisher, "publish 1 100");
    }
}

TEST_CASE("a publisher that writes to a subscriber's segment gets the fault, and the subscriber "
          "goes on") {
    scratch_root root;
    auto subscriber = participant({open_numbers, "subscriber"});
    for (const std::size_t offset : {52, 136, 384}) {
        auto publisher = participant({open_numbers, "publisher"}, plainly);
        must(publisher, "publish 1 1");
        REQUIRE(subscriber.ask("take blocking 1") == "1 1");
        expect_fault(publisher, "/subscriber.0", offset);
    }
}

TEST_CASE(
    "a notifier that writes to a listener's segment gets the fault, and the listener goes on") {
    scratch_root root;
    const std::string open_bells = "open_or_create_event bells";
    auto listener = participant({open_bells, "listener"});
    auto notifier = participant({open_bells, "notifier", "notify 3"}, plainly);
    CHECK(listener.ask("try_wait") == "ids 3");
    expect_fault(notifier, "/listener.0", 136);
    auto second = participant({open_bells, "notifier", "notify 4"});
    CHECK(listener.ask("try_wait") == "ids 4");
}

}  // namespace tests::write_protection_cases
