// See log.hpp.
#include <elkodon/base/atomic.hpp>
#include <elkodon/base/log.hpp>

#include <cstdio>
#include <mutex>

namespace elkodon {
namespace {

atomic<int> least_level{static_cast<int>(log_level::warn)};

struct sink_holder {
    std::mutex mutex;
    log_sink sink;
};

// Never destroyed: objects with static storage may have something to say while they go.
sink_holder& the_sink() {
    static auto* const one = new sink_holder;
    return *one;
}

void to_stderr(log_level level, std::string_view line) noexcept {
    const auto word = word_for(level);
    std::fprintf(stderr, "elkodon: %.*s: %.*s\n", static_cast<int>(word.size()), word.data(),
                 static_cast<int>(line.size()), line.data());
}

}  // namespace

std::string_view word_for(log_level level) noexcept {
    constexpr std::string_view words[] = {"trace", "debug", "info", "warn", "error", "off"};
    return words[static_cast<int>(level)];
}

void set_log_sink(log_sink sink) {
    auto& holder = the_sink();
    const std::lock_guard lock(holder.mutex);
    holder.sink.swap(sink);
}

void set_log_level(log_level least) noexcept {
    // relaxed: a filter; nothing is read through it.
    least_level.store(static_cast<int>(least), std::memory_order_relaxed);
}

log_level current_log_level() noexcept {
    // relaxed: as above.
    return static_cast<log_level>(least_level.load(std::memory_order_relaxed));
}

void write_log(log_level level, std::string_view line) noexcept try {
    auto& holder = the_sink();
    const std::lock_guard lock(holder.mutex);
    if (holder.sink) holder.sink(level, line);
    else to_stderr(level, line);
} catch (...) {
    // A sink that throws all the same has lost its line.
}

}  // namespace elkodon
