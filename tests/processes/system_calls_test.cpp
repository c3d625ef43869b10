// Two processes, each with a server that awaits in its io_context: while messages come densely neither makes a system
// call; and who sleeps makes none at all. strace says so, between two calls of close(-4242) that each of them makes as marks.
#include "participants.hpp"

#include <filesystem>
#include <fstream>
#include <map>

namespace tests::system_calls_cases {

using namespace test;

namespace {

constexpr const char* mark = "close(-4242)";

/// An agent under strace, which writes what it calls into `log`.
child under_strace(const std::filesystem::path& log) {
    return child(
        {"/usr/bin/env", "strace", "-f", "-o", log.string(), support::beside_this("process_agent")},
        {.environment = {{"ASAN_OPTIONS", "detect_leaks=0"}}, .gun = nullptr});
}

/// The calls between the two marks, each with how often it was made.
std::map<std::string, int> calls_between_marks(const std::filesystem::path& log) {
    std::ifstream file(log);
    std::map<std::string, int> calls;
    int marks = 0;
    for (std::string line; std::getline(file, line);) {
        if (line.find(mark) != std::string::npos) {
            ++marks;
        } else if (marks == 1) {
            const auto begin = line.find_first_not_of("0123456789 ");
            ++calls[line.substr(begin, line.find('(') - begin)];
        }
    }
    INFO(log);
    REQUIRE(marks == 2);
    return calls;
}

int sum_of(const std::map<std::string, int>& calls) {
    int sum = 0;
    for (const auto& [name, count] : calls) sum += count;
    return sum;
}

std::string text_of(const std::map<std::string, int>& calls) {
    std::string text;
    for (const auto& [name, count] : calls)
        text.append(name).append(" ").append(std::to_string(count)).append(", ");
    return text.empty() ? "none" : text.substr(0, text.size() - 2);
}

const std::string open_numbers = "open_or_create numbers buffer=256 borrowed=16";

void serve_a_hundred_thousand(const std::string& with) {
    INFO(with);
    scratch_root root;
    const auto sender_log = root.path() / "sender.strace",
               receiver_log = root.path() / "receiver.strace";
    auto sender = under_strace(sender_log);
    auto receiver = under_strace(receiver_log);
    for (const auto* each : {open_numbers.c_str(), "publisher"}) must(sender, each);
    must(receiver, open_numbers);
    REQUIRE(sender.ask("serve_numbers 100000") == "serving");
    receiver.tell("serve_counts 100000 " + with);
    // Each was asleep in co_await and was woken by the other one.
    CHECK(sender.line() == "woken");
    CHECK(receiver.line() == "woken");
    CHECK(sender.line().starts_with("lost "));  // counts: only the newest matters
    CHECK(receiver.line() == "lost 0");
    CHECK(sender.finish() == support::success);
    CHECK(receiver.finish() == support::success);
    const auto sent = calls_between_marks(sender_log), received = calls_between_marks(receiver_log);
    WARN("100,000 messages, the awaited subscriber "
         << with << ": system calls of the sender: " << text_of(sent)
         << "; of the receiver: " << text_of(received));
    CHECK(sum_of(sent) == 0);
    CHECK(sum_of(received) == 0);
}

}  // namespace

TEST_CASE("a hundred thousand messages between two awake servers make no system call in either") {
    serve_a_hundred_thousand("alone");
}

TEST_CASE("nor do they while a cold subscriber, whose waiter bit is set, is awake beside") {
    serve_a_hundred_thousand("beside");
}

TEST_CASE("a loop of co_await in which every message is there already: its system calls, counted") {
    scratch_root root;
    constexpr int messages = 1000;
    const auto log = root.path() / "receiver.strace";
    const std::string open = "open_or_create numbers buffer=1024";
    auto receiver = under_strace(log);
    must(receiver, open);
    must(receiver, "subscriber");
    auto publisher = participant({open, "publisher", "publish 1 1000"});
    REQUIRE(receiver.ask("await_each 1000") == "ok");
    CHECK(receiver.finish() == support::success);
    const auto calls = calls_between_marks(log);
    WARN("co_await, " << messages << " messages already there: "
                      << static_cast<double>(sum_of(calls)) / messages
                      << " system calls a message: " << text_of(calls));
    // Asio looks at its reactor between two handlers; we add nothing to that.
    CHECK(calls.count("read") == 0);
    CHECK(calls.count("membarrier") == 0);
}

TEST_CASE("who sleeps with ten thousand descriptors and a thousand ports in its wait set makes no "
          "system call") {
    scratch_root root;
    const auto log = root.path() / "idle.strace";
    auto idle = under_strace(log);
    must(idle, "node");
    const auto answer = idle.ask("idle 10000 1000 10");
    CHECK(answer.starts_with("slept with "));
    CHECK(answer.ends_with(", woken by 1000"));
    CHECK(idle.finish() == support::success);
    const auto calls = calls_between_marks(log);
    WARN("ten seconds: " << answer << "; system calls: " << text_of(calls));
    // The one in which it slept.
    CHECK(sum_of(calls) == 1);
}

TEST_CASE("a sleep on a futex is one system call, and so is waking whoever sleeps there") {
    scratch_root root;
    const auto sleeper_log = root.path() / "sleeper.strace",
               waker_log = root.path() / "waker.strace";
    auto sleeper = under_strace(sleeper_log);
    for (const auto* each : {"configure wait_strategy block", open_numbers.c_str(), "subscriber"})
        must(sleeper, each);
    auto waker = under_strace(waker_log);
    must(waker, open_numbers);
    must(waker, "publisher");
    auto other = participant({open_numbers, "publisher"});
    sleeper.tell("marked_sleeps 20");
    const auto pid = static_cast<pid_t>(std::stoi(sleeper.line().substr(4)));
    for (int message = 0; message <= 20; ++message) {
        support::wait_until_asleep(pid, "the sleeper");
        // The first of its messages makes the waker look where the sleeper waits.
        const auto number = std::to_string(message);
        if (message == 10) must(waker, "marked_publish " + number);
        else must(message == 5 ? waker : other, "publish " + number + " 1");
    }
    CHECK(sleeper.line() == "ok");
    CHECK(sleeper.finish() == support::success);
    CHECK(waker.finish() == support::success);
    const auto slept = calls_between_marks(sleeper_log), woke = calls_between_marks(waker_log);
    WARN("20 sleeps: " << text_of(slept) << "; waking: " << text_of(woke));
    // Once a liveness bound one of them is in vain.
    const auto sleeps = slept.contains("futex") ? slept.at("futex") : 0;
    CHECK(sleeps >= 20);
    CHECK(sum_of(slept) == sleeps);
    CHECK(woke == std::map<std::string, int>{{"futex", 1}});
}

TEST_CASE("a message to a thousand sleeping subscribers of one process is one system call") {
    scratch_root root;
    const auto log = root.path() / "publisher.strace";
    const std::string open = "open_or_create numbers subscribers=1000 buffer=4";
    auto crowd = participant({open, "crowd 1000"});
    auto publisher = under_strace(log);
    must(publisher, open);
    must(publisher, "publisher");
    crowd.tell("crowd_sleeps");
    crowd.wait_until_asleep();
    for (int before = 1; before <= 2; ++before) {  // it connects, and gets the eventfd
        must(publisher, "publish " + std::to_string(before) + " 1");
        CHECK(crowd.line() == "woken");
        crowd.wait_until_asleep();
    }
    must(publisher, "marked_publish 3");
    CHECK(crowd.line() == "woken");
    CHECK(publisher.finish() == support::success);
    const auto calls = calls_between_marks(log);
    WARN("one message: " << text_of(calls));
    CHECK(calls == std::map<std::string, int>{{"write", 1}});
}

}  // namespace tests::system_calls_cases
