// Publishers and subscribers of one lossless service that start, end and are killed at random: those who stay
// then go on without loss, and nothing of the others is left.
#include "participants.hpp"

#include <random>

namespace tests::storm_cases {

using namespace test;

namespace {

const std::string open_storm =
    "open_or_create numbers lossless=1 buffer=8 publishers=64 subscribers=64";

// More than any flood gets to.
const std::string the_last = "1000000000000000";

class storm {
public:
    /// One more process, which does what chance says.
    void begin_one() {
        switch (random_() % 4) {
            case 0: return begin("publisher", "flood 1", "flooding");
            case 1: return begin("subscriber", "watch " + the_last, "watching");
            case 2: return end_in_order({"publisher", "publish 1 20"});
            default: return end_in_order({"subscriber", "drop subscriber"});
        }
    }

    /// Somebody dies, wherever it is.
    void end_one() {
        if (alive_.empty()) return;
        const auto victim = alive_.begin() + static_cast<std::ptrdiff_t>(random_() % alive_.size());
        victim->kill();
        alive_.erase(victim);
    }

    void end_all() {
        while (!alive_.empty()) end_one();
    }

    std::size_t size() const { return alive_.size(); }
    void wait() { spin(std::chrono::microseconds(random_() % 3000)); }

private:
    void begin(const std::string& port, const std::string& what, const std::string& answer) {
        auto made = participant({open_storm, port});
        REQUIRE(made.ask(what) == answer);
        alive_.push_back(std::move(made));
    }

    void end_in_order(const std::vector<std::string>& lines) {
        auto made = participant({open_storm});
        for (const auto& line : lines) must(made, line);
        CHECK(made.finish() == support::success);
    }

    std::mt19937 random_{11};
    std::vector<child> alive_;
};

}  // namespace

TEST_CASE("after a storm of processes that come, end and die the survivors lose nothing") {
    scratch_root root;
    auto publisher = participant({open_storm, "publisher"});
    auto subscriber = participant({open_storm, "subscriber"});
    REQUIRE(subscriber.ask("watch " + the_last) == "watching");
    storm all;
    for (int i = 0; i < rounds(200); ++i) {
        all.begin_one();
        all.wait();
        if (all.size() >= 12 || i % 3 == 0) all.end_one();
    }
    all.end_all();
    must(publisher, "publish " + the_last + " 1");
    REQUIRE(subscriber.line() == "ok");
    publisher.tell("publish 1 100000");
    CHECK(subscriber.ask("take blocking 100000") == "1 100000");
    CHECK(publisher.line() == "ok");
    CHECK(subscriber.ask("lost") == "0");
    auto next = participant({"node"});  // whoever starts next cleans up after the dead
    for (auto* each : {&publisher, &subscriber, &next}) CHECK(each->finish() == support::success);
    CHECK(root.listing() == support::nothing);
}

}  // namespace tests::storm_cases
