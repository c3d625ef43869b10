// How many descriptors a process needs: none for a mapping, a few for each process that sleeps.
#include "participants.hpp"

#include <filesystem>

using namespace test;

namespace {

long descriptors_of(const child& process) {
    using each = std::filesystem::directory_iterator;
    return std::distance(each("/proc/" + std::to_string(process.pid()) + "/fd"), each());
}

}  // namespace

TEST_CASE("a publisher with 1,000 subscribers in 10 processes holds at most 32 descriptors") {
    scratch_root root;
    const std::string open = "open_or_create numbers buffer=2 borrowed=1 loaned=1 subscribers=1000";
    auto publisher = participant({open, "publisher"});
    std::vector<child> processes;
    for (int i = 0; i < 10; ++i) processes.push_back(participant({open, "crowd 100"}));
    must(publisher, "publish 1 50");  // so many that it has to look who holds what
    for (auto& process : processes) CHECK(process.ask("crowd_takes 49") == "100");
    CHECK(descriptors_of(publisher) <= 32);

    // And with a place to wake in each process.
    for (auto& process : processes) must(process, "crowd_waits_behind 1");
    must(publisher, "publish 51 10");
    for (auto& process : processes) CHECK(process.ask("crowd_takes 59") == "100");
    CHECK(descriptors_of(publisher) <= 32);
}
