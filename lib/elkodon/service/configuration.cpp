// Which file the configuration is, and what a program may set: see configuration.hpp and configuration_keys.hpp.
#include <elkodon/base/error.hpp>
#include <elkodon/os/file.hpp>
#include <elkodon/os/process.hpp>
#include <elkodon/service/configuration_keys.hpp>
#include <elkodon/service/names.hpp>

#include <algorithm>
#include <cstdlib>
#include <optional>

namespace elkodon {
namespace {

using namespace elkodon::service;

constexpr std::size_t longest_file = 1 << 20;

std::optional<std::string> from_environment(const char* variable) {
    const char* value = std::getenv(variable);
    if (!value || !*value) return std::nullopt;
    return value;
}

constexpr const char* of_the_system = "/etc/elkodon/config.toml";

std::optional<std::string> place_of_the_user() {
    if (const auto config = from_environment("XDG_CONFIG_HOME"))
        return *config + "/elkodon/config.toml";
    if (const auto home = from_environment("HOME")) return *home + "/.config/elkodon/config.toml";
    return std::nullopt;
}

// A process of another user may still have HOME of the one who started it: what we may not reach isn't ours.
std::optional<std::string> text_of_the_user(const std::string& path) try {
    return os::read_file(path, longest_file);
} catch (const error& failure) {
    if (failure.code() != errc::permission_denied) throw;
    say(log_level::info, [&] { return "passed over: " + std::string(failure.what()); });
    return std::nullopt;
}

configuration from_a_file() {
    if (const auto named = from_environment("ELKODON_CONFIG")) {
        const auto text = os::read_file(*named, longest_file);
        if (!text)
            throw error(errc::invalid_configuration, "read ELKODON_CONFIG", "path", "a file",
                        in_quotes(*named) + ", where there is none");
        return parse_configuration(*text, *named);
    }
    if (const auto path = place_of_the_user())
        if (const auto text = text_of_the_user(*path)) return parse_configuration(*text, *path);
    if (const auto text = os::read_file(of_the_system, longest_file))
        return parse_configuration(*text, of_the_system);
    return {};
}

log_level level_called(const std::string& word) {
    const auto& words = words_of<log_level>;
    const auto found = std::find(words.begin(), words.end(), word);
    if (found == words.end())
        throw error(errc::invalid_configuration, "read ELKODON_LOG_LEVEL", "log_level",
                    "trace, debug, info, warn, error or off", in_quotes(word));
    return static_cast<log_level>(found - words.begin());
}

// Throws for the first member that cannot be.
class checker {
public:
    explicit checker(const std::string& doing) : doing_(doing) {}

    template <class Any>
    void operator()(const char*, const Any&) const {}

    void operator()(const char* key, const std::string& value, service::text kind) const {
        if (kind == text::anything) return;
        if (can_be_part_of_a_name(value) && (kind == text::part_of_a_name || !value.empty()))
            return;
        throw error(errc::invalid_value, doing_, key, "a part of a file name", in_quotes(value));
    }
    void operator()(const char* key,
                    std::uint64_t value,
                    const bounds<std::uint64_t>& allowed) const {
        check(key, value, allowed.least, allowed.most, "");
    }
    void operator()(const char* key,
                    std::chrono::milliseconds value,
                    const bounds<std::chrono::milliseconds>& allowed) const {
        check(key, value.count(), allowed.least.count(), allowed.most.count(), " ms");
    }

private:
    template <class Number>
    void check(const char* key, Number value, Number least, Number most, const char* unit) const {
        if (value >= least && value <= most) return;
        throw error(errc::invalid_value, doing_, key,
                    std::to_string(least) + " … " + std::to_string(most) + unit,
                    std::to_string(value) + unit);
    }

    const std::string& doing_;
};

}  // namespace

configuration configuration::load() {
    auto made = from_a_file();
    if (const auto root = from_environment("ELKODON_ROOT")) made.root = *root;
    if (const auto domain = from_environment("ELKODON_DOMAIN")) made.domain = *domain;
    if (const auto level = from_environment("ELKODON_LOG_LEVEL"))
        made.log_level = level_called(*level);
    made.root = expanded_root(made.root);
    return made;
}

configuration configuration::load(std::error_code& ec) noexcept {
    return without_throwing(ec, [] { return load(); });
}

configuration configuration::load_file(const std::string& path) {
    const auto text = os::read_file(path, longest_file);
    if (!text)
        throw error(errc::invalid_configuration, "read a configuration", "path", "a file",
                    in_quotes(path) + ", where there is none");
    return parse_configuration(*text, path);
}

configuration configuration::load_file(const std::string& path, std::error_code& ec) noexcept {
    return without_throwing(ec, [&] { return load_file(path); });
}

namespace service {

void check_configuration(const configuration& config, const std::string& doing) {
    for_each_key(config, checker(doing));
}

std::string expanded_root(const std::string& root) {
    constexpr std::string_view placeholder = "{uid}";
    auto made = root;
    const auto at = made.find(placeholder);
    if (at != std::string::npos)
        made.replace(at, placeholder.size(), std::to_string(os::user_number()));
    return made;
}

}  // namespace service
}  // namespace elkodon
