// A living process is seen alive, whatever other parts of it do with nodes: POSIX record locks are dropped when any
// descriptor of the locked file is closed.
#include "participants.hpp"

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace tests::liveness_cases {

using namespace test;

namespace {

const std::string open_numbers = "open_or_create numbers buffer=8";

/// The processes that hold the lock of a lock file here.
std::vector<pid_t> lock_holders(const scratch_root& root) {
    std::vector<pid_t> holders;
    for (const auto& each : std::filesystem::directory_iterator(root.processes())) {
        if (!each.is_regular_file()) continue;
        const int file = open(each.path().c_str(), O_RDONLY | O_CLOEXEC);
        struct flock asked{};
        asked.l_type = F_WRLCK;
        asked.l_whence = SEEK_SET;
        if (fcntl(file, F_GETLK, &asked) == 0 && asked.l_type != F_UNLCK)
            holders.push_back(asked.l_pid);
        close(file);
    }
    return holders;
}

/// Something that every new node looks at, and nobody can remove: a dead process whose service somebody has locked.
struct lasting_remains {
    child holder;

    lasting_remains() : holder(participant({"open_or_create locked"})) {
        auto dead = participant({"open_or_create locked", "publisher"});
        must(holder, "lock locked.publish_subscribe");
        dead.kill();
    }
};

}  // namespace

TEST_CASE("a process that makes, uses and closes nodes 1,000 times is still seen alive") {
    scratch_root root;
    auto living = participant({open_numbers, "publisher"});
    auto other = participant({"open numbers", "subscriber"});
    const lasting_remains remains;
    must(living, "churn 1000");

    const auto holders = lock_holders(root);
    CHECK(std::count(holders.begin(), holders.end(), living.pid()) == 1);
    // A new node cleans up after the dead: the living one is not among them.
    auto newcomer = participant({"open numbers", "subscriber"});
    must(living, "publish 1 3");
    CHECK(newcomer.ask("take blocking 3") == "1 3");
    CHECK(other.ask("take timed 3") == "1 3");
    CHECK(other.ask("publishers") == "1");
}

TEST_CASE("a process that has no other node in between makes 1,000 of them, and is seen alive by "
          "the last") {
    scratch_root root;
    auto watcher = participant({open_numbers, "subscriber"});
    auto living = support::start_agent();
    must(living, "churn 1000");
    for (const auto* each : {"open numbers", "publisher", "publish 1 3"}) must(living, each);
    const auto holders = lock_holders(root);
    CHECK(std::count(holders.begin(), holders.end(), living.pid()) == 1);
    auto cleaner = participant({"node"});
    CHECK(watcher.ask("take blocking 3") == "1 3");
    CHECK(watcher.ask("publishers") == "1");
}

TEST_CASE("a stopped process is alive: nobody cleans up after it, and it goes on") {
    scratch_root root;
    auto subscriber = participant({open_numbers, "subscriber"});
    auto publisher = participant({open_numbers, "publisher", "publish 1 1"});
    REQUIRE(subscriber.ask("take blocking 1") == "1 1");
    publisher.stop();
    for (int i = 0; i < 20; ++i) auto newcomer = participant({"open numbers", "subscriber"});
    CHECK(subscriber.ask("publishers") == "1");
    publisher.go_on();
    must(publisher, "publish 2 3");
    CHECK(subscriber.ask("take blocking 3") == "2 4");
}

}  // namespace tests::liveness_cases
