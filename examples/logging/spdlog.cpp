// What the library has to say goes where the program's own lines go: here into spdlog. Without a sink it goes to stderr,
// from `warn` on; ELKODON_LOG_LEVEL=trace, or log_level in the configuration, says more.
#include <elkodon/elkodon.hpp>

#include <cstdio>
#include <spdlog/spdlog.h>

namespace {

spdlog::level::level_enum level_for(elkodon::log_level level) {
    switch (level) {
        case elkodon::log_level::trace: return spdlog::level::trace;
        case elkodon::log_level::debug: return spdlog::level::debug;
        case elkodon::log_level::info: return spdlog::level::info;
        case elkodon::log_level::warn: return spdlog::level::warn;
        case elkodon::log_level::error: return spdlog::level::err;
        case elkodon::log_level::off: return spdlog::level::off;
    }
    return spdlog::level::off;
}

}  // namespace

int main() try {
    spdlog::set_level(spdlog::level::trace);
    elkodon::set_log_sink([](elkodon::log_level level, std::string_view line) {
        spdlog::log(level_for(level), "elkodon: {}", line);
    });
    auto config = elkodon::configuration::load();
    config.log_level = elkodon::log_level::debug;
    const auto node = elkodon::node::create(config);
    spdlog::info("joined as {}", node.id().to_string());
} catch (const elkodon::error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
