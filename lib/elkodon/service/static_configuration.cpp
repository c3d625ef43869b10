// See static_configuration.hpp.
#include <elkodon/base/error.hpp>
#include <elkodon/layout/constants.hpp>
#include <elkodon/service/names.hpp>
#include <elkodon/service/properties.hpp>
#include <elkodon/service/static_configuration.hpp>

#include <algorithm>
#include <bit>
#include <sstream>
#include <toml++/toml.h>

namespace elkodon::service {
namespace {

property* find(std::vector<property>& properties, std::string_view key) noexcept {
    for (auto& each : properties)
        if (each.key == key) return &each;
    return nullptr;
}

bool possible(const property& each) noexcept {
    if (each.match == match::exactly_or_none && each.value == no_value) return true;
    return each.least <= each.value && each.value <= each.most;
}

bool gives(std::uint64_t found, const property& wanted) noexcept {
    return wanted.match == match::at_least ? found >= wanted.value : found == wanted.value;
}

std::string text_of(const property& kind, std::uint64_t value) {
    if (kind.match == match::flag) return value ? "true" : "false";
    if (kind.match == match::exactly_or_none && value == no_value) return "none";
    return std::to_string(value);
}

std::string number_in(const toml::table& table, const char* key, std::uint64_t& value) {
    const auto found = table[key].value<std::int64_t>();
    if (!found || *found < 0) return key;
    value = static_cast<std::uint64_t>(*found);
    return {};
}

const char* variant_of(const type_details& type) noexcept { return type.slice ? "slice" : "value"; }

bool can_be_an_alignment(std::uint64_t alignment) noexcept {
    return std::has_single_bit(alignment) && alignment <= layout::page;
}

bool can_be_a_size(std::uint64_t size) noexcept {
    return size >= 1 && size <= layout::largest_payload;
}

// A message of these has a type; a notification has none.
bool carries(const static_configuration& made) noexcept {
    return made.pattern == pattern::publish_subscribe;
}

std::string read_header(header_details& made, const toml::table& table) {
    const auto name = table["name"].value<std::string>();
    if (!name || name->empty()) return "name";
    made.name = *name;
    if (auto wrong = number_in(table, "size", made.size); !wrong.empty()) return wrong;
    if (auto wrong = number_in(table, "alignment", made.alignment); !wrong.empty()) return wrong;
    if (!can_be_a_size(made.size)) return "size";
    return can_be_an_alignment(made.alignment) ? "" : "alignment";
}

std::string read_type(type_details& made, const toml::table& table, bool carried) {
    const auto name = table["name"].value<std::string>();
    if (!name) return "name";
    made.name = *name;
    if (auto wrong = number_in(table, "size", made.size); !wrong.empty()) return wrong;
    if (auto wrong = number_in(table, "alignment", made.alignment); !wrong.empty()) return wrong;
    if (carried && !can_be_a_size(made.size)) return "size";
    if (carried && !can_be_an_alignment(made.alignment)) return "alignment";
    const auto variant =
        table["variant"].value_or<std::string>(table.contains("variant") ? "" : "value");
    if (variant != "value" && variant != "slice") return "variant";
    made.slice = variant == "slice";
    made.header = {};
    if (!table.contains("header")) return {};
    const auto* header = table["header"].as_table();
    if (!header) return "header";
    const auto wrong = read_header(made.header, *header);
    return wrong.empty() ? wrong : "header." + wrong;
}

std::string read_attributes(std::vector<attribute>& made, const toml::table& table) {
    made.clear();
    if (!table.contains("attributes")) return {};
    const auto* list = table["attributes"].as_array();
    if (!list) return "attributes";
    for (const auto& entry : *list) {
        const auto* each = entry.as_table();
        if (!each) return "attributes";
        const auto key = (*each)["key"].value_exact<std::string>();
        const auto value = (*each)["value"].value_exact<std::string>();
        if (!key || !value) return "attributes.key";
        made.push_back({*key, *value});
    }
    return {};
}

// The first key that is missing or wrong, or nothing.
std::string read_into(static_configuration& made, const toml::table& table) {
    if (auto wrong = read_attributes(made.attributes, table); !wrong.empty()) return wrong;
    const auto* type = table["type"].as_table();
    const auto* properties = table["properties"].as_table();
    if (!type) return "type";
    if (!properties) return "properties";
    if (auto wrong = read_type(made.type, *type, carries(made)); !wrong.empty())
        return "type." + wrong;
    for (auto& each : made.properties) {
        if (each.match == match::flag) {
            const auto found = (*properties)[each.key].value_exact<bool>();
            if (!found) return "properties." + std::string(each.key);
            each.value = *found;
            continue;
        }
        if (each.match == match::exactly_or_none && !properties->contains(each.key)) {
            each.value = no_value;
            continue;
        }
        if (auto wrong = number_in(*properties, each.key.data(), each.value); !wrong.empty())
            return "properties." + wrong;
        if (!possible(each)) return "properties." + std::string(each.key);
    }
    return {};
}

toml::array array_of(const std::vector<attribute>& attributes) {
    toml::array made;
    for (const auto& each : attributes)
        made.push_back(toml::table{{"key", each.key}, {"value", each.value}});
    return made;
}

template <class Details>
toml::table name_size_alignment(const Details& type) {
    return toml::table{{"name", type.name},
                       {"size", static_cast<std::int64_t>(type.size)},
                       {"alignment", static_cast<std::int64_t>(type.alignment)}};
}

toml::table table_of(const type_details& type) {
    auto made = name_size_alignment(type);
    made.insert("variant", variant_of(type));
    if (!type.header.name.empty()) made.insert("header", name_size_alignment(type.header));
    return made;
}

// Throws what wanted and found say, where they differ.
class comparison {
public:
    explicit comparison(const std::string& doing) : doing_(doing) {}

    void operator()(const std::string& what,
                    const std::string& wanted,
                    const std::string& found) const {
        if (wanted != found) throw error(errc::incompatible_type, doing_, what, wanted, found);
    }
    void operator()(const std::string& what, std::uint64_t wanted, std::uint64_t found) const {
        operator()(what, std::to_string(wanted), std::to_string(found));
    }

private:
    const std::string& doing_;
};

void check_type(const type_details& ours, const type_details& theirs, const std::string& doing) {
    const comparison same(doing);
    same("type name", ours.name, theirs.name);
    same("variant of " + ours.name, variant_of(ours), variant_of(theirs));
    same("size of " + ours.name, ours.size, theirs.size);
    same("alignment of " + ours.name, ours.alignment, theirs.alignment);
    const auto& header = ours.header.name;
    same("user header", header.empty() ? "none" : header,
         theirs.header.name.empty() ? "none" : theirs.header.name);
    same("size of user header " + header, ours.header.size, theirs.header.size);
    same("alignment of user header " + header, ours.header.alignment, theirs.header.alignment);
}

void check_number(const std::string& what,
                  std::uint64_t found,
                  bool possible,
                  const std::string& wanted,
                  const std::string& doing) {
    if (!possible) throw error(errc::invalid_value, doing, what, wanted, std::to_string(found));
}

void check_size_and_alignment(const std::string& of,
                              std::uint64_t size,
                              std::uint64_t alignment,
                              const std::string& doing) {
    check_number("size of " + of, size, can_be_a_size(size),
                 "1 … " + std::to_string(layout::largest_payload), doing);
    check_number("alignment of " + of, alignment, can_be_an_alignment(alignment),
                 "a power of two up to " + std::to_string(layout::page), doing);
}

void check_text(const std::string& what,
                const std::string& text,
                std::size_t least,
                std::size_t most,
                const std::string& doing) {
    if (text.size() < least || text.size() > most)
        throw error(errc::invalid_value, doing, "length of " + what,
                    std::to_string(least) + " … " + std::to_string(most) + " bytes",
                    std::to_string(text.size()));
    if (!is_utf8(text) || text.find('\0') != std::string::npos)
        throw error(errc::invalid_value, doing, what, "UTF-8 without NUL", "other bytes");
}

void check_attributes(const std::vector<attribute>& attributes, const std::string& doing) {
    if (attributes.size() > most_attributes)
        throw error(errc::invalid_value, doing, "attributes",
                    "at most " + std::to_string(most_attributes),
                    std::to_string(attributes.size()));
    for (const auto& each : attributes) {
        check_text("an attribute's key", each.key, 1, longest_attribute_key, doing);
        check_text("attribute " + in_quotes(each.key), each.value, 0, longest_attribute_value,
                   doing);
    }
}

std::string values_of(const std::vector<attribute>& attributes, const std::string& key) {
    std::string text;
    for (const auto& each : attributes)
        if (each.key == key) text += (text.empty() ? "" : ", ") + in_quotes(each.value);
    return text.empty() ? "none" : text;
}

void check_required(const static_configuration& wanted,
                    const std::vector<attribute>& found,
                    const std::string& doing) {
    const auto has = [&](const auto& is) { return std::any_of(found.begin(), found.end(), is); };
    for (const auto& each : wanted.required)
        if (!has([&](const auto& other) { return other == each; }))
            throw error(errc::incompatible_attribute, doing, "attribute " + in_quotes(each.key),
                        in_quotes(each.value), values_of(found, each.key));
    for (const auto& key : wanted.required_keys)
        if (!has([&](const auto& other) { return other.key == key; }))
            throw error(errc::incompatible_attribute, doing, "attribute " + in_quotes(key),
                        "any value", "none");
}

}  // namespace

std::map<std::string, std::uint64_t> static_configuration::values() const {
    std::map<std::string, std::uint64_t> all;
    for (const auto& each : properties)
        if (each.match != match::exactly_or_none || each.value != no_value)
            all.emplace(each.key, each.value);
    return all;
}

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
        if (!possible(each))
            throw error(errc::invalid_value, doing, std::string(each.key),
                        std::to_string(each.least) + " … " + std::to_string(each.most),
                        std::to_string(each.value));
    check_attributes(wanted.attributes, doing);
    check_attributes(wanted.required, doing);
    for (const auto& key : wanted.required_keys) check_attributes({{key, ""}}, doing);
    if (!carries(wanted) || wanted.any_type) return;
    const auto& type = wanted.type;
    check_size_and_alignment(type.name, type.size, type.alignment, doing);
    if (!type.header.name.empty())
        check_size_and_alignment("user header " + type.header.name, type.header.size,
                                 type.header.alignment, doing);
}

void check_can_be_made(const static_configuration& wanted, const std::string& doing) {
    if (wanted.any_type)
        throw error(errc::invalid_value, doing, "type", "details of a type, to create it with",
                    "none");
    for (const auto& each : wanted.properties)
        if (each.match == match::exactly_or_none && each.value != no_value &&
            each.value > wanted[key::event_id_max])
            throw error(errc::event_id_out_of_range, doing, std::string(each.key),
                        "at most " + std::to_string(wanted[key::event_id_max]),
                        std::to_string(each.value));
}

void check_compatible(const static_configuration& wanted,
                      const static_configuration& found,
                      const std::string& doing) {
    if (!wanted.any_type) check_type(wanted.type, found.type, doing);
    check_required(wanted, found.attributes, doing);
    for (const auto& each : wanted.properties)
        if (each.asked && !gives(found[each.key], each))
            throw error(errc::incompatible_property, doing, std::string(each.key),
                        (each.match == match::at_least ? "at least " : "") +
                            text_of(each, each.value),
                        text_of(each, found[each.key]));
}

void define_what_is_required(static_configuration& wanted, const std::string& doing) {
    auto& has = wanted.attributes;
    for (const auto& each : wanted.required)
        if (std::find(has.begin(), has.end(), each) == has.end()) has.push_back(each);
    check_required(wanted, has, doing);
}

std::optional<service_info> read_any(const std::string& text) try {
    const auto table = toml::parse(text);
    const auto name = table["name"].value_exact<std::string>();
    const auto word = table["pattern"].value_exact<std::string>();
    if (!name || !word) return std::nullopt;
    service_info made;
    made.name = *name;
    made.pattern = *word == word_for(pattern::event) ? pattern::event : pattern::publish_subscribe;
    if (*word != word_for(made.pattern)) return std::nullopt;
    const auto* type = table["type"].as_table();
    const bool carried = made.pattern == pattern::publish_subscribe;
    if (!type || !read_type(made.type, *type, carried).empty()) return std::nullopt;
    if (!read_attributes(made.attributes, table).empty()) return std::nullopt;
    if (const auto* properties = table["properties"].as_table())
        for (const auto& [key, value] : *properties)
            if (const auto number = value.value<std::int64_t>(); number && *number >= 0)
                made.properties.emplace(key.str(), static_cast<std::uint64_t>(*number));
    return made;
} catch (const toml::parse_error&) {
    return std::nullopt;
}

std::string to_toml(const static_configuration& configuration) {
    toml::table properties;
    for (const auto& each : configuration.properties)
        if (each.match == match::flag) properties.insert(each.key, each.value != 0);
        else if (each.match == match::exactly_or_none && each.value == no_value) continue;
        else properties.insert(each.key, static_cast<std::int64_t>(each.value));
    toml::table all{{"name", configuration.name},
                    {"pattern", word_for(configuration.pattern)},
                    {"layout", static_cast<std::int64_t>(layout::version)},
                    {"type", table_of(configuration.type)},
                    {"properties", properties}};
    if (!configuration.attributes.empty())
        all.insert("attributes", array_of(configuration.attributes));
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
        const auto table = toml::parse(text);
        // Before the rest, which another layout may spell otherwise.
        if (const auto found = table["layout"].value<std::int64_t>();
            found && *found != layout::version)
            throw error(errc::incompatible_layout, where, "layout", std::to_string(layout::version),
                        std::to_string(*found));
        const auto wrong = read_into(made, table);
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
