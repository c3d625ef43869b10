#include "caught.hpp"

#include <elkodon/log.hpp>

#include <vector>

namespace tests::log_cases {
namespace {

using elkodon::log_level;

/// The level of the whole process, put back.
struct level_restored {
    log_level before = elkodon::current_log_level();
    ~level_restored() {
        elkodon::set_log_level(before);
        elkodon::set_log_sink({});
    }
};

}  // namespace

TEST_CASE("the sink gets the lines of its level and above, and the others aren't even made") {
    const level_restored restored;
    std::vector<std::string> lines;
    elkodon::set_log_sink([&](log_level level, std::string_view line) {
        lines.push_back(std::string(elkodon::word_for(level)) + ": " + std::string(line));
    });
    int made = 0;
    const auto say_all = [&] {
        for (int level = 0; level < 5; ++level)
            elkodon::say(static_cast<log_level>(level), [&] {
                ++made;
                return "something";
            });
    };
    elkodon::set_log_level(log_level::warn);
    say_all();
    CHECK(lines == std::vector<std::string>{"warn: something", "error: something"});
    CHECK(made == 2);
    elkodon::set_log_level(log_level::off);
    say_all();
    CHECK(made == 2);
    elkodon::set_log_level(log_level::trace);
    say_all();
    CHECK(made == 7);
    CHECK(lines.size() == 7);
}

TEST_CASE("a sink that throws, or a line that can't be made, hurts nobody") {
    const level_restored restored;
    elkodon::set_log_level(log_level::warn);
    elkodon::set_log_sink([](log_level, std::string_view) { throw std::runtime_error("full"); });
    elkodon::say(log_level::error, [] { return "lost"; });
    elkodon::say(log_level::error, []() -> std::string { throw std::bad_alloc(); });
    int calls = 0;
    elkodon::set_log_sink([&](log_level, std::string_view) { ++calls; });
    elkodon::say(log_level::error, [] { return "heard"; });
    CHECK(calls == 1);
}

}  // namespace tests::log_cases
