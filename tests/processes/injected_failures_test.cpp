// No descriptor, or no room, at each single step of creating and opening: an error that says so each time, nothing
// left behind, and whoever tries again succeeds.
#include "participants.hpp"

#include <cerrno>
#include <fstream>
#include <iterator>

using namespace test;

namespace {

const std::vector<std::string> set_up{"node",       "open_or_create numbers",     "publisher",
                                      "subscriber", "open_or_create_event bells", "notifier",
                                      "listener"};

struct outcome {
    std::string failed_call;  // empty: fewer than that many were made
    std::string error;        // empty: it went on all the same
};

/// Runs the set-up with the n-th call failing, then once more in the same process.
outcome run(const scratch_root& root, int error, int n) {
    const auto log = root.path() / "failed-call";
    support::start_options options;
    options.environment = {{"LD_PRELOAD", support::beside_this(FAILING_CALLS)},
                           {"FAILING_ERRNO", std::to_string(error)},
                           {"FAILING_AT", std::to_string(n)},
                           {"FAILING_LOG", log.string()}};
    auto agent = support::start_agent(options);
    outcome made;
    for (const auto& line : set_up) {
        const auto said = agent.ask(line);
        if (said == "ok") continue;
        made.error = said;
        must(agent, line);  // a second time nothing fails
    }
    must(agent, "publish 1 2");
    CHECK(agent.ask("take receive 2") == "1 2");
    CHECK(agent.finish() == support::success);
    std::ifstream file(log);
    made.failed_call = {std::istreambuf_iterator<char>(file), {}};
    std::filesystem::remove(log);
    return made;
}

void each_step_fails_with(int error, const std::string& says, int at_least) {
    scratch_root root;
    int failed = 0;
    for (int n = 1;; ++n) {
        const auto made = run(root, error, n);
        INFO(n << ": " << made.failed_call << ": " << made.error);
        if (made.failed_call.empty()) break;
        if (!made.error.empty()) {
            ++failed;
            CHECK(made.error.find(says) != std::string::npos);
            CHECK(made.error.starts_with("error: "));
        }
        CHECK(root.listing() == support::nothing);
    }
    CHECK(failed >= at_least);
}

}  // namespace

TEST_CASE(
    "no descriptor at any step of creating and opening is an error each time, and leaves nothing") {
    each_step_fails_with(EMFILE, "Too many open files", 10);
}

TEST_CASE("no room at any step of creating and opening is an error each time, and leaves nothing") {
    each_step_fails_with(ENOSPC, "out of space", 10);
}
