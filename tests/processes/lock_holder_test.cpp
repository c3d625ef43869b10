// A process that holds a service's lock is killed, or stands still: others go on, or hear that the service is busy.
#include "participants.hpp"

#include <elkodon/error.hpp>
#include <support/tracer.hpp>

#include <csignal>
#include <sys/file.h>
#include <sys/syscall.h>

using namespace test;

namespace {

const std::string busy = elkodon::make_error_code(elkodon::errc::service_busy).message();

/// A process that is about to join "numbers" and stands where it has just taken the lock of its directory.
struct joiner_with_lock {
    child process = support::start_agent(
        {.environment = {{"ASAN_OPTIONS", "detect_leaks=0"}}, .gun = nullptr, .traced = true});
    support::tracer tracer{process};

    joiner_with_lock() {
        tracer.go_on();
        must(process, "node");
        process.signal(SIGSTOP);
        tracer.wait_for(SIGSTOP);
        process.tell("open_or_create numbers");
        while (tracer.next_call() != SYS_flock) {}
        tracer.finish_call();
    }
};

}  // namespace

TEST_CASE("a process killed while it holds a service's lock holds up nobody") {
    scratch_root root;
    for (int round = 0; round < rounds(10); ++round) {
        {
            joiner_with_lock joiner;
            joiner.process.kill();
        }
        auto next = participant({"open_or_create numbers", "publisher"});
        REQUIRE(next.finish() == support::success);
        REQUIRE(root.listing() == support::nothing);
    }
}

TEST_CASE("while a stopped process holds a service's lock, others hear that it is busy; other "
          "services are not") {
    scratch_root root;
    joiner_with_lock joiner;
    auto other = participant({"open_or_create elsewhere", "publisher"});
    // Both wait at the same time, for as long as they are patient.
    auto second = participant({"node"});
    other.tell("open_or_create numbers");
    second.tell("open_or_create_event numbers");
    CHECK(second.line() == "ok");
    const auto answer = other.line();
    INFO(answer);
    CHECK(answer.find(busy) != std::string::npos);
    // It goes on, and so does everybody.
    joiner.tracer.go_on();
    CHECK(joiner.process.line() == "ok");
    must(other, "open_or_create numbers");
    must(other, "publisher");
    must(joiner.process, "subscriber");
    must(other, "publish 1 1");
    CHECK(joiner.process.ask("take blocking 1") == "1 1");
}

TEST_CASE(
    "a service whose lock is held is left alone by those who clean up, and found by a later one") {
    scratch_root root;
    auto holder = participant({"open_or_create numbers"});
    auto dead = participant({"open_or_create numbers", "publisher", "subscriber"});
    must(holder, "lock numbers.publish_subscribe");
    dead.kill();
    auto early = participant({"node"});
    const auto remains = root.services() / "numbers.publish_subscribe" / "publisher.0";
    CHECK(std::filesystem::exists(remains));
    must(holder, "unlock");
    auto later = participant({"node"});
    CHECK_FALSE(std::filesystem::exists(remains));
    for (auto* each : {&holder, &early, &later}) CHECK(each->finish() == support::success);
    CHECK(root.listing() == support::nothing);
}
