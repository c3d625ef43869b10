// Reads a configuration file: each key of the list that is there, and then whether anything else is.
// The file is its user's; nothing here writes one.
#include <elkodon/base/error.hpp>
#include <elkodon/service/configuration_keys.hpp>

#include <algorithm>
#include <charconv>
#include <sstream>
#include <toml++/toml.h>
#include <vector>

namespace elkodon::service {
namespace {

// How many letters have to be changed, added or taken away to make one of the other.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        auto diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const auto above = row[j];
            row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
            diagonal = above;
        }
    }
    return row[b.size()];
}

std::string_view last_part(std::string_view key) { return key.substr(key.rfind('.') + 1); }

// A key in the wrong section is nearer than one that is spelled quite differently.
std::string_view nearest(std::string_view key, const std::vector<std::string_view>& known) {
    std::string_view best;
    auto least = ~std::size_t{0};
    for (const auto each : known) {
        const auto apart =
            std::min(distance(key, each), distance(last_part(key), last_part(each)) + 1);
        if (apart < least) least = apart, best = each;
    }
    return best;
}

std::string place_of(const toml::source_position& position) {
    return ", line " + std::to_string(position.line) + ", column " +
           std::to_string(position.column);
}

const char* kind_of(const toml::node& node) {
    switch (node.type()) {
        case toml::node_type::table: return "a table";
        case toml::node_type::array: return "a list";
        case toml::node_type::string: return "a text";
        case toml::node_type::integer: return "a whole number";
        case toml::node_type::floating_point: return "a number with a fraction";
        case toml::node_type::boolean: return "true or false";
        default: return "a date or a time of day";
    }
}

std::string shown(const toml::node& node) {
    if (node.is_table() || node.is_array()) return kind_of(node);
    std::ostringstream text;
    text << toml::node_view<const toml::node>(node);
    return text.str();
}

template <class Words>
std::string listed(const Words& words) {
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
        text += '"' + std::string(words[i]) + '"';
    }
    return text;
}

std::string time_text(std::chrono::milliseconds time) {
    return std::to_string(time.count()) + "ms";
}

bool parse_strategy(std::string_view text, wait_strategy& strategy) noexcept {
    if (text == "adaptive") return strategy = wait_strategy::adaptive(), true;
    if (text == "block") return strategy = wait_strategy::block(), true;
    if (text == "busy") return strategy = wait_strategy::busy(), true;
    constexpr std::string_view before = "spin_then_block(";
    if (!text.starts_with(before) || !text.ends_with(")")) return false;
    text.remove_prefix(before.size());
    text.remove_suffix(1);
    std::chrono::nanoseconds time{};
    if (!parse_time(text, time)) return false;
    strategy = wait_strategy::spin_then_block(time);
    return true;
}

class file_reader {
public:
    file_reader(const toml::table& table, const std::string& doing)
        : table_(table), doing_(doing) {}

    void operator()(const char* key, std::string& value, text kind) {
        const auto* node = find(key);
        if (!node) return;
        const auto found = node->value_exact<std::string>();
        if (!found) refuse(key, *node, "a text");
        const bool fits = kind == text::anything ? found->find('\0') == std::string::npos
                                                 : can_be_part_of_a_name(*found);
        if (!fits || (kind == text::name && found->empty()))
            refuse(key, *node, "a part of a file name, of 1 to 32 bytes");
        value = *found;
    }
    void operator()(const char* key, bool& value) {
        const auto* node = find(key);
        if (!node) return;
        const auto found = node->value_exact<bool>();
        if (!found) refuse(key, *node, "true or false");
        value = *found;
    }
    void operator()(const char* key, std::uint64_t& value, const bounds<std::uint64_t>& allowed) {
        const auto* node = find(key);
        if (!node) return;
        const auto found = node->value_exact<std::int64_t>();
        const bool fits = found && *found >= 0 &&
                          static_cast<std::uint64_t>(*found) >= allowed.least &&
                          static_cast<std::uint64_t>(*found) <= allowed.most;
        if (!fits)
            refuse(key, *node,
                   "a whole number, " + std::to_string(allowed.least) + " … " +
                       std::to_string(allowed.most));
        value = static_cast<std::uint64_t>(*found);
    }
    void operator()(const char* key,
                    std::chrono::milliseconds& value,
                    const bounds<std::chrono::milliseconds>& allowed) {
        const auto* node = find(key);
        if (!node) return;
        const auto found = node->value_exact<std::string>();
        std::chrono::nanoseconds time{};
        if (!found || !parse_time(*found, time))
            refuse(key, *node, "a time with its unit, as \"500ms\" or \"1s\"");
        const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(time);
        if (rounded < allowed.least || rounded > allowed.most)
            refuse(key, *node, time_text(allowed.least) + " … " + time_text(allowed.most));
        value = rounded;
    }
    void operator()(const char* key, wait_strategy& value) {
        const auto* node = find(key);
        if (!node) return;
        const auto found = node->value_exact<std::string>();
        if (!found || !parse_strategy(*found, value))
            refuse(key, *node,
                   "\"adaptive\", \"block\", \"busy\" or \"spin_then_block(20us)\", of any time");
    }
    template <class Enum>
    void operator()(const char* key, Enum& value) {
        const auto* node = find(key);
        if (!node) return;
        const auto& words = words_of<Enum>;
        const auto found = node->value_exact<std::string>();
        const auto word = found ? std::find(words.begin(), words.end(), *found) : words.end();
        if (word == words.end()) refuse(key, *node, listed(words));
        value = static_cast<Enum>(word - words.begin());
    }

    // After all keys of the list have been read.
    void refuse_what_is_unknown() const { look_for_unknown(table_, ""); }

private:
    const toml::node* find(std::string_view key) {
        known_.push_back(key);
        const auto* table = &table_;
        for (auto dot = key.find('.'); dot != key.npos; dot = key.find('.')) {
            const auto* section = table->get(key.substr(0, dot));
            if (!section) return nullptr;
            table = section->as_table();
            if (!table) refuse(std::string(key.substr(0, dot)), *section, "a table");
            key.remove_prefix(dot + 1);
        }
        return table->get(key);
    }

    bool is_section(const std::string& key) const {
        return std::any_of(known_.begin(), known_.end(), [&](auto each) {
            return each.size() > key.size() && each.starts_with(key) && each[key.size()] == '.';
        });
    }

    void look_for_unknown(const toml::table& table, const std::string& before) const {
        for (const auto& [name, node] : table) {
            const auto key = before + std::string(name.str());
            if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
            if (!is_section(key)) refuse_unknown(key, name.source().begin);
            look_for_unknown(*node.as_table(), key + ".");
        }
    }

    [[noreturn]] void refuse_unknown(const std::string& key,
                                     const toml::source_position& where) const {
        throw error(errc::invalid_configuration, doing_ + place_of(where), key,
                    "a known key (the nearest is \"" + std::string(nearest(key, known_)) + "\")",
                    "an unknown one");
    }

    [[noreturn]] void refuse(const std::string& key,
                             const toml::node& node,
                             const std::string& wanted) const {
        throw error(errc::invalid_configuration, doing_ + place_of(node.source().begin), key,
                    wanted, shown(node));
    }

    const toml::table& table_;
    const std::string& doing_;
    std::vector<std::string_view> known_;
};

}  // namespace

bool parse_time(std::string_view text, std::chrono::nanoseconds& time) noexcept {
    using namespace std::chrono;
    std::int64_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc{} || number < 0) return false;
    const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
    struct known_unit {
        std::string_view name;
        nanoseconds length;
    };
    constexpr known_unit units[] = {{"ns", nanoseconds(1)},  {"us", microseconds(1)},
                                    {"ms", milliseconds(1)}, {"s", seconds(1)},
                                    {"min", minutes(1)},     {"h", hours(1)}};
    for (const auto& each : units) {
        if (unit != each.name || number > nanoseconds::max().count() / each.length.count())
            continue;
        time = each.length * number;
        return true;
    }
    return false;
}

configuration parse_configuration(const std::string& text, const std::string& path) {
    const auto doing = "read \"" + path + '"';
    configuration made;
    try {
        const auto table = toml::parse(text);
        file_reader reader(table, doing);
        for_each_key(made, reader);
        reader.refuse_what_is_unknown();
    } catch (const toml::parse_error& failure) {
        throw error(errc::invalid_configuration, doing + place_of(failure.source().begin), "syntax",
                    "TOML", std::string(failure.description()));
    }
    return made;
}

}  // namespace elkodon::service
