// Agents that have done their set-up, and the ways in which they receive.
#pragma once

#include <support/catch.hpp>
#include <support/process.hpp>
#include <support/scratch_root.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ostream>
#include <string>
#include <vector>

namespace support {

// For Catch's messages.
inline std::ostream& operator<<(std::ostream& out, const ending& end) {
    return out << to_string(end);
}

}  // namespace support

namespace test {

using support::child;
using support::scratch_root;

/// Asks, and requires "ok".
inline void must(child& who, const std::string& line) {
    INFO(line);
    REQUIRE(who.ask(line) == "ok");
}

/// An agent that has done all of these.
inline child participant(const std::vector<std::string>& lines,
                         const support::start_options& options = {}) {
    auto made = support::start_agent(options);
    for (const auto& line : lines) must(made, line);
    return made;
}

/// The ways in which an agent receives that sleep when nothing is there.
inline const std::vector<std::string> sleeping_ways{"blocking", "timed",    "blocking_on_eventfd",
                                                    "epoll",    "wait_set",
#ifdef AGENT_AWAITS
                                                    "await"
#endif
};

inline std::vector<std::string> all_ways() {
    auto ways = sleeping_ways;
    ways.push_back("receive");
    return ways;
}

/// An agent that will sleep in this way. Nothing that is missed is made good by the clock: it would be a hang.
inline child sleeper(const std::string& way,
                     const std::vector<std::string>& lines,
                     const std::string& liveness_bound_ms = "3600000",
                     const support::start_options& options = {}) {
    std::vector<std::string> all{"configure liveness_bound " + liveness_bound_ms,
                                 "configure wait_strategy block"};
    if (way.ends_with("on_eventfd")) all.push_back("configure doorbell eventfd");
    all.insert(all.end(), lines.begin(), lines.end());
    return participant(all, options);
}

/// The same for a test in which wakers die: on a futex only the clock tells of that.
inline child sleeper_among_the_dying(const std::string& way, const std::vector<std::string>& lines) {
    const bool on_futex = way == "blocking" || way == "timed";
    return sleeper(way, lines, on_futex ? "20" : "3600000");
}

/// Runs for that long, so that a kill hits at a random instant.
inline void spin(std::chrono::nanoseconds time) {
    const auto until = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < until) {}
}

/// Longer runs where somebody asked for them, as scripts/check-all does.
inline int rounds(int usual) { return std::getenv("ELKODON_LONG") ? 20 * usual : usual; }

}  // namespace test
