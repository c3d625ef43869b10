// See static_configuration.hpp.
#define TOML_EXCEPTIONS 1
#include <elkodon/base/error.hpp>
#include <elkodon/layout/constants.hpp>
#include <elkodon/service/static_configuration.hpp>

#include <sstream>
#include <toml++/toml.h>

namespace elkodon::service {
namespace {

property* find(std::vector<property>& properties, std::string_view key) noexcept {
    for (auto& each : properties)
        if (each.key == key) return &each;
    return nullptr;
}

bool gives(std::uint64_t found, const property& wanted) noexcept {
    return wanted.match == match::at_least ? found >= wanted.value : found == wanted.value;
}

std::string text_of(const property& kind, std::uint64_t value) {
    if (kind.match == match::flag) return value ? "true" : "false";
    return std::to_string(value);
}

std::string number_in(const toml::table& table, const char* key, std::uint64_t& value) {
    const auto found = table[key].value<std::int64_t>();
    if (!found || *found < 0) return key;
    value = static_cast<std::uint64_t>(*found);
    return {};
}

// The first key that is missing or wrong, or nothing.
std::string read_into(static_configuration& made, const toml::table& table) {
    const auto* type = table["type"].as_table();
    const auto* properties = table["properties"].as_table();
    if (!type) return "type";
    if (!properties) return "properties";
    const auto type_name = (*type)["name"].value<std::string>();
    if (!type_name) return "type.name";
    made.type.name = *type_name;
    if (auto wrong = number_in(*type, "size", made.type.size); !wrong.empty())
        return "type." + wrong;
    if (auto wrong = number_in(*type, "alignment", made.type.alignment); !wrong.empty())
        return "type." + wrong;
    for (auto& each : made.properties) {
        if (each.match == match::flag) {
            const auto found = (*properties)[each.key].value_exact<bool>();
            if (!found) return "properties." + std::string(each.key);
            each.value = *found;
            continue;
        }
        if (auto wrong = number_in(*properties, each.key.data(), each.value); !wrong.empty())
            return "properties." + wrong;
        if (each.value < each.least || each.value > each.most)
            return "properties." + std::string(each.key);
    }
    return {};
}

}  // namespace

std::uint64_t static_configuration::operator[](std::string_view key) const noexcept {
    for (const auto& each : properties)
        if (each.key == key) return each.value;
    return 0;
}

void static_configuration::ask(std::string_view key, std::uint64_t value) noexcept {
    auto* const found = find(properties, key);
    if (!found) return;
    found->value = value;
    found->asked = true;
}

void check_values(const static_configuration& wanted, const std::string& doing) {
    for (const auto& each : wanted.properties)
        if (each.value < each.least || each.value > each.most)
            throw error(errc::invalid_value, doing, std::string(each.key),
                        std::to_string(each.least) + " … " + std::to_string(each.most),
                        std::to_string(each.value));
}

void check_compatible(const static_configuration& wanted,
                      const static_configuration& found,
                      const std::string& doing) {
    const auto& ours = wanted.type;
    const auto& theirs = found.type;
    if (ours.name != theirs.name)
        throw error(errc::incompatible_type, doing, "type name", ours.name, theirs.name);
    if (ours.size != theirs.size)
        throw error(errc::incompatible_type, doing, "size of " + ours.name,
                    std::to_string(ours.size), std::to_string(theirs.size));
    if (ours.alignment != theirs.alignment)
        throw error(errc::incompatible_type, doing, "alignment of " + ours.name,
                    std::to_string(ours.alignment), std::to_string(theirs.alignment));
    for (const auto& each : wanted.properties)
        if (each.asked && !gives(found[each.key], each))
            throw error(errc::incompatible_property, doing, std::string(each.key),
                        (each.match == match::at_least ? "at least " : "") +
                            text_of(each, each.value),
                        text_of(each, found[each.key]));
}

std::string to_toml(const static_configuration& configuration) {
    toml::table properties;
    for (const auto& each : configuration.properties)
        if (each.match == match::flag) properties.insert(each.key, each.value != 0);
        else properties.insert(each.key, static_cast<std::int64_t>(each.value));
    const toml::table all{
        {"name", configuration.name},
        {"pattern", word_for(configuration.pattern)},
        {"layout", static_cast<std::int64_t>(layout::version)},
        {"type",
         toml::table{{"name", configuration.type.name},
                     {"size", static_cast<std::int64_t>(configuration.type.size)},
                     {"alignment", static_cast<std::int64_t>(configuration.type.alignment)}}},
        {"properties", properties}};
    std::ostringstream text;
    text << all << '\n';
    return text.str();
}

static_configuration from_toml(const std::string& text,
                               const static_configuration& expected,
                               const std::string& doing) {
    static_configuration made = expected;
    const auto where = doing + ": " + "its service.toml";
    try {
        const auto wrong = read_into(made, toml::parse(text));
        if (!wrong.empty())
            throw error(errc::invalid_segment,
                        where + ": key \"" + wrong +
                            "\" is missing or impossible: remove the service's directory");
    } catch (const toml::parse_error& failure) {
        std::ostringstream place;
        place << failure.source().begin;
        throw error(errc::invalid_segment, where + ": " + std::string(failure.description()) +
                                               " at " + place.str() +
                                               ": remove the service's directory");
    }
    return made;
}

}  // namespace elkodon::service
