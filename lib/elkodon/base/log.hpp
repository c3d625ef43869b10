// What the library says when something is wrong and nobody else can say it: one sink, one level, for the process.
// Only this process writes them; nothing on the data path says anything.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace elkodon {

/// From the most talkative to silence.
enum class log_level {
    trace,  ///< every step of joining, leaving and cleaning up
    debug,  ///< what was decided, and why
    info,  ///< what happened that somebody may want to know: the remains of a dead process were removed
    warn,   ///< something is wrong, and we go on without it
    error,  ///< something is wrong, and something is lost by it
    off,    ///< nothing
};

/// "trace" … "off": how a level is called in configuration files and in ELKODON_LOG_LEVEL.
std::string_view word_for(log_level level) noexcept;

/// Gets each line, without an end of line. Called on the thread that has something to say, one call at a time; it must
/// not throw, nor call the library.
using log_sink = std::function<void(log_level, std::string_view)>;

/// Replaces what writes the lines to stderr; an empty function brings that back. Returns once no call of the one before
/// is running. Any thread.
///
///     elkodon::set_log_sink([](elkodon::log_level level, std::string_view line) { my_log(level, line); });
void set_log_sink(log_sink sink);

/// Lines below this level are dropped before they are made: warn, unless a node's configuration or ELKODON_LOG_LEVEL
/// says otherwise. Making a node sets its configuration's. Any thread.
void set_log_level(log_level least) noexcept;
log_level current_log_level() noexcept;

/// Hands `line` to the sink. `say` below spares making it.
void write_log(log_level level, std::string_view line) noexcept;

/// Calls `make_line` and writes what it returns, if that level is wanted. Never throws. Any thread.
template <class MakeLine>
void say(log_level level, MakeLine&& make_line) noexcept {
    if (level < current_log_level()) return;
    try {
        write_log(level, std::string(make_line()));
    } catch (...) {
        // No memory for a line: then it goes unsaid.
    }
}

}  // namespace elkodon
