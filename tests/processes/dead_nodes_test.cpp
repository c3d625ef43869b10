// Thousands of nodes die at once: whoever comes next cleans up after all of them, once, however many come at the same time.
#include "participants.hpp"

#include <filesystem>

namespace tests::dead_nodes_cases {

using namespace test;

namespace {

constexpr int processes = 40, nodes_each = 50;

std::size_t count_in(const std::filesystem::path& directory) {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(directory), {}));
}

}  // namespace

TEST_CASE("two thousand dead nodes are cleaned up by those who come next, each of the dead once") {
    scratch_root root;
    const std::string bells = "open_or_create_event bells max=9 dead=7 notifiers=64 nodes=100";
    auto listener = participant({bells, "listener counting"});
    std::vector<child> doomed;
    for (int i = 0; i < processes; ++i)
        doomed.push_back(
            participant({bells, "notifier", "many_nodes " + std::to_string(nodes_each)}));
    CHECK(count_in(root.nodes()) == processes * (nodes_each + 1) + 1);
    for (auto& each : doomed) each.kill();
    CHECK(count_in(root.nodes()) == processes * (nodes_each + 1) + 1);

    support::starting_gun gun;
    std::vector<child> cleaners;
    for (int i = 0; i < 8; ++i) {
        cleaners.push_back(support::start_agent({.environment = {}, .gun = &gun}));
        cleaners.back().tell("gun");
        REQUIRE(cleaners.back().line() == "ready");
        cleaners.back().tell("node");
    }
    gun.fire();
    for (auto& each : cleaners) {
        REQUIRE(each.line() == "go");
        REQUIRE(each.line() == "ok");
    }
    // Whoever met a lock that another cleaner held has left the rest to him.
    REQUIRE(participant({"node"}).finish() == support::success);
    CHECK(listener.ask("try_wait") == "ids 7x" + std::to_string(processes));
    CHECK(count_in(root.nodes()) == 1 + cleaners.size());
    CHECK(std::filesystem::exists(root.services() / "bells.event"));
    CHECK_FALSE(std::filesystem::exists(root.services() / "crowded.publish_subscribe"));
    for (auto& each : cleaners) CHECK(each.finish() == support::success);
    CHECK(listener.finish() == support::success);
    CHECK(root.listing() == support::nothing);
}

}  // namespace tests::dead_nodes_cases
