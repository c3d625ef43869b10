// The six small examples, as a user tries them: two programs in two terminals, each ended by Ctrl-C or SIGTERM.
#include "participants.hpp"

#include <csignal>
#include <set>

using namespace test;

namespace {

child example(const std::string& path) { return child({path}); }

/// The sender runs and the receiver prints at least two lines of what it sends; then both are asked to end.
void run_pair(const std::string& sender_path,
              const std::string& receiver_path,
              const std::string& printed,
              int signal) {
    INFO(receiver_path << " ended by signal " << signal);
    scratch_root root;
    auto receiver = example(receiver_path);
    auto sender = example(sender_path);
    std::set<std::string> seen;
    for (int lines = 0; lines < 2; ++lines) {
        const auto line = receiver.line();
        CHECK(line.substr(0, printed.size()) == printed);
        seen.insert(line);
    }
    for (auto* each : {&sender, &receiver}) {
        each->signal(signal);
        CHECK(each->wait() == support::success);
    }
    CHECK(root.listing() == support::nothing);
    if (printed.ends_with(": ")) CHECK(seen.size() == 2);
}

}  // namespace

TEST_CASE("the subscriber prints the number that the publisher sends") {
    for (const int signal : {SIGINT, SIGTERM})
        run_pair(EXAMPLE_PUBLISHER, EXAMPLE_SUBSCRIBER, "received: 1234", signal);
}

TEST_CASE("the listener prints the ids that the notifier rings") {
    for (const int signal : {SIGINT, SIGTERM})
        run_pair(EXAMPLE_NOTIFIER, EXAMPLE_LISTENER, "event was triggered with id: ", signal);
}

#ifdef AGENT_AWAITS
TEST_CASE("the awaiting subscriber prints the number that the publisher sends") {
    for (const int signal : {SIGINT, SIGTERM})
        run_pair(EXAMPLE_PUBLISHER, EXAMPLE_ASYNC_SUBSCRIBER, "received: 1234", signal);
}

TEST_CASE("the awaiting listener prints the ids that the notifier rings") {
    for (const int signal : {SIGINT, SIGTERM})
        run_pair(EXAMPLE_NOTIFIER, EXAMPLE_ASYNC_LISTENER, "event was triggered with id: ", signal);
}
#endif

TEST_CASE("all six examples at once, killed: the next ones start as if nothing had been") {
    scratch_root root;
    std::vector<child> all;
    for (const auto* path :
         {EXAMPLE_PUBLISHER, EXAMPLE_SUBSCRIBER, EXAMPLE_NOTIFIER, EXAMPLE_LISTENER,
#ifdef AGENT_AWAITS
          EXAMPLE_ASYNC_SUBSCRIBER, EXAMPLE_ASYNC_LISTENER
#endif
         })
        all.push_back(example(path));
    CHECK(all[1].line() == "received: 1234");
    CHECK(all[3].line().starts_with("event was triggered with id: "));
    for (auto& each : all) each.kill();
    CHECK(root.listing() != support::nothing);
    auto receiver = example(EXAMPLE_SUBSCRIBER);
    auto sender = example(EXAMPLE_PUBLISHER);
    CHECK(receiver.line() == "received: 1234");
    for (auto* each : {&receiver, &sender}) {
        each->signal(SIGTERM);
        CHECK(each->wait() == support::success);
    }
    CHECK(root.listing() == support::nothing);
}
