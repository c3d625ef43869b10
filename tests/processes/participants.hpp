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
inline const std::vector<std::string> sleeping_ways{"blocking", "timed", "epoll", "wait_set",
#ifdef AGENT_AWAITS
                                                    "await"
#endif
};

inline std::vector<std::string> all_ways() {
    auto ways = sleeping_ways;
    ways.push_back("receive");
    return ways;
}

/// Runs for that long, so that a kill hits at a random instant.
inline void spin(std::chrono::microseconds time) {
    const auto until = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < until) {}
}

/// Longer runs where somebody asked for them, as scripts/check-all does.
inline int rounds(int usual) { return std::getenv("ELKODON_LONG") ? 20 * usual : usual; }

}  // namespace test
