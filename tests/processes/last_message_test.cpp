// After a publisher's death at any point all connected subscribers end on the same message. Its death comes after each
// single instruction of send(), and at random instants of a stream at full speed.
#include "participants.hpp"

#include <support/tracer.hpp>

#include <chrono>
#include <csignal>
#include <optional>
#include <random>

namespace tests::last_message_cases {

using namespace test;

namespace {

const std::string open_numbers = "open_or_create numbers buffer=8 loaned=3 borrowed=2";

/// A publisher that has sent `number` − 1 and is about to send `number`.
struct about_to_send {
    child process;
    support::tracer tracer;

    about_to_send(std::uint64_t number, const std::string& how)
        : process(support::start_agent({.environment = {}, .gun = nullptr, .traced = true})),
          tracer(process) {
        tracer.go_on();
        must(process, open_numbers);
        must(process, "publisher");
        process.tell("marked_send " + std::to_string(number) + " " + how);
        REQUIRE(process.line() == "prepared");
        tracer.wait_for(SIGUSR1);
    }
};

/// Subscribers of which one polls and the others sleep.
class audience {
public:
    explicit audience(const std::vector<std::string>& ways)
        : poller_(participant({open_numbers, "subscriber"})) {
        for (const auto& way : ways) {
            sleepers_.push_back(sleeper_among_the_dying(way, {open_numbers, "subscriber"}));
            sleepers_.back().tell("stream " + way);
        }
    }

    /// Everybody has received `number` and waits for more.
    void expect(std::uint64_t number) {
        REQUIRE(poller_.ask("drain") == std::to_string(number) + " " + std::to_string(number));
        for (auto& each : sleepers_) {
            REQUIRE(each.line() == std::to_string(number));
            each.wait_until_asleep();
        }
    }

    /// Somebody who has joined and looked, and not yet taken anything.
    void let_join() {
        joiner_.emplace(participant({open_numbers, "subscriber"}));
        REQUIRE(joiner_->ask("drain") == "none");
    }

    /// The publisher has died: did `number` reach the poller, and if so, everybody?
    bool all_end_alike(std::uint64_t number) {
        std::optional<child> cleaner;
        if (sleepers_.empty()) cleaner.emplace(participant({"node"}));
        const auto found = end_of(poller_);
        if (joiner_) {
            REQUIRE(end_of(*joiner_) == found);
            CHECK(joiner_->finish() == support::success);
            joiner_.reset();
        }
        if (found == "none") return false;
        REQUIRE(found == std::to_string(number) + " " + std::to_string(number));
        // A sleeper that isn't woken hangs here; one that got what the poller didn't fails in the next round.
        for (auto& each : sleepers_) REQUIRE(each.line() == std::to_string(number));
        return true;
    }

private:
    static std::string end_of(child& subscriber) {
        while (subscriber.ask("publishers") != "0") {}
        return subscriber.ask("drain");
    }

    child poller_;
    std::vector<child> sleepers_;
    std::optional<child> joiner_;
};

enum class joining { nobody, in_between };

/// Kills after at most `steps` instructions, and returns how many there were; `out`: whether the message was out.
int kill_after(int steps,
               std::uint64_t number,
               const std::string& how,
               joining who,
               audience& subscribers,
               bool& out) {
    about_to_send publisher(number, how);
    subscribers.expect(number - 1);
    if (who == joining::in_between) subscribers.let_join();
    int done = 0;
    while (done < steps && publisher.tracer.step(SIGUSR2)) ++done;
    publisher.process.kill();
    out = subscribers.all_end_alike(number);
    return done;
}

void kill_at_each_instruction(const std::vector<std::string>& ways,
                              const std::string& how,
                              int fine,
                              joining who = joining::nobody) {
    scratch_root root;
    audience subscribers(ways);
    std::uint64_t number = 10;
    bool out = false;
    const int total = kill_after(1'000'000, number, how, who, subscribers, out);
    REQUIRE(out);
    // The stores of publishing come first; waking whoever sleeps is longer, and looked at more coarsely.
    int published = 0, killed = 0;
    for (int at = 0; at < total; at += at < 200 ? fine : std::max(1, total / rounds(50))) {
        number += 10;
        INFO("killed after instruction " << at << " of " << total);
        kill_after(at, number, how, who, subscribers, out);
        ++killed;
        if (out) ++published;
    }
    WARN("send" << (how.empty() ? "" : ", " + how) << ": " << total << " instructions with "
                << ways.size() << " asleep; killed at " << killed << " of them, " << published
                << " times the message was out for all");
    CHECK(published > 0);
    CHECK(published < killed);
}

}  // namespace

TEST_CASE("a publisher killed at any instruction of send: all who poll end on the same message",
          "[traced]") {
    kill_at_each_instruction({}, "", 1);
}

TEST_CASE("the same when the message isn't in the announced chunk", "[traced]") {
    kill_at_each_instruction({}, "redirected", 1);
}

TEST_CASE("the same for one who has joined and not yet taken anything", "[traced]") {
    kill_at_each_instruction({}, "", 1, joining::in_between);
    kill_at_each_instruction({}, "redirected", 1, joining::in_between);
}

TEST_CASE("a publisher killed at any instruction of send: all who sleep end on the same message, "
          "and are woken for it",
          "[traced]") {
    kill_at_each_instruction(sleeping_ways, "", 2);
}

TEST_CASE("the same for sleepers when the message isn't in the announced chunk", "[traced]") {
    kill_at_each_instruction(sleeping_ways, "redirected", 2);
}

TEST_CASE("a publisher killed at full speed: its three subscribers end on the same message") {
    scratch_root root;
    std::vector<child> subscribers;
    for (int i = 0; i < 3; ++i)
        subscribers.push_back(sleeper_among_the_dying("timed", {open_numbers, "subscriber"}));
    std::mt19937 random(1);
    std::uint64_t first = 1;
    for (int round = 0; round < rounds(60); ++round) {
        INFO("round " << round);
        auto publisher = participant({open_numbers, "publisher"});
        for (std::size_t i = 0; i < 3; ++i)
            REQUIRE(subscribers[i].ask(i == 0 ? "follow receive" : "follow timed") == "following");
        REQUIRE(publisher.ask("flood " + std::to_string(first)) == "flooding");
        spin(std::chrono::microseconds(random() % 3000));
        publisher.kill();
        const auto end = [](const std::string& answer) {
            return answer.substr(0, answer.find(' '));
        };
        const auto last = end(subscribers[0].line());
        REQUIRE(end(subscribers[1].line()) == last);
        REQUIRE(end(subscribers[2].line()) == last);
        first = std::max<std::uint64_t>(first, std::stoull(last)) + 1'000'000;
    }
}

}  // namespace tests::last_message_cases
