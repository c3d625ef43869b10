// Programs of two builds in one service: other compiler, other options, other release. What they agree on is the layout.
// ELKODON_OTHER_AGENT names the agent of another build, as .ci/run does; without it, it is this build's own.
#include "participants.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

namespace tests::builds_cases {

using namespace test;

namespace {

const std::string open_numbers = "open_or_create numbers buffer=64 history=4 borrowed=4";
const std::string open_lossless = "open_or_create numbers buffer=8 lossless=1";
const std::string open_bells = "open_or_create_event bells max=99 deadline=3600000";

child participant_of(bool other, const std::vector<std::string>& lines) {
    const auto* const named = std::getenv("ELKODON_OTHER_AGENT");
    if (!other || !named) return participant(lines);
    child made({named});
    for (const auto& line : lines) must(made, line);
    return made;
}

}  // namespace

TEST_CASE("samples of one build are read by the other, polled and asleep, in every way") {
    for (const bool other_sends : {false, true})
        for (const auto& way : all_ways()) {
            INFO(way << (other_sends ? ", the other build sends" : ", the other build receives"));
            scratch_root root;
            auto publisher =
                participant_of(other_sends, {open_numbers, "publisher", "publish 1 4"});
            auto subscriber = participant_of(!other_sends, {open_numbers, "subscriber"});
            CHECK(subscriber.ask("take " + way + " 4") == "1 4");
            subscriber.tell("take " + way + " 20");
            if (way != "receive") subscriber.wait_until_asleep();
            must(publisher, "publish 5 20");
            CHECK(subscriber.line() == "5 24");
            CHECK(subscriber.ask("lost") == "0");
        }
}

TEST_CASE("a lossless subscriber of one build holds back a publisher of the other") {
    for (const bool other_sends : {false, true}) {
        scratch_root root;
        auto subscriber = participant_of(!other_sends, {open_lossless, "subscriber"});
        auto publisher = participant_of(other_sends, {open_lossless, "publisher", "publish 1 8"});
        publisher.tell("publish 9 92");
        CHECK(subscriber.ask("take blocking 100") == "1 100");
        CHECK(publisher.line() == "ok");
        CHECK(subscriber.ask("lost") == "0");
    }
}

TEST_CASE("a notifier of one build wakes a listener of the other") {
    for (const bool other_rings : {false, true}) {
        scratch_root root;
        auto listener = participant_of(!other_rings, {open_bells, "listener"});
        auto notifier = participant_of(other_rings, {open_bells, "notifier"});
        listener.tell("hear blocking");
        listener.wait_until_asleep();
        must(notifier, "notify 42");
        CHECK(listener.line() == "ids 42");
    }
}

TEST_CASE("what a killed process of one build leaves, the other cleans up") {
    for (const bool other_dies : {false, true}) {
        scratch_root root;
        auto killed = participant_of(other_dies, {open_numbers, "publisher", "publish 1 4"});
        killed.kill();
        auto survivor = participant_of(!other_dies, {open_numbers, "publisher", "drop all"});
        CHECK(survivor.finish() == support::success);
        CHECK(std::filesystem::is_empty(root.services()));
    }
}

TEST_CASE(
    "no file of a service says which release made it: the layout alone decides who may join") {
    scratch_root root;
    auto publisher = participant({open_numbers, "publisher", "publish 1 4"});
    const auto release = std::string(PROJECT_VERSION);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root.path())) {
        if (!entry.is_regular_file()) continue;
        INFO(entry.path().string());
        std::ifstream file(entry.path(), std::ios::binary);
        const std::string bytes{std::istreambuf_iterator<char>(file), {}};
        CHECK(bytes.find(release) == std::string::npos);
    }
}

}  // namespace tests::builds_cases
