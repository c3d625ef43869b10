// What a service promises to everybody: its type and its properties, fixed by its creator.
// Written once, by the creator, before the service is visible. After a kill -9 it is complete or absent.
#pragma once

#include <elkodon/service/configuration.hpp>
#include <elkodon/service/type_details.hpp>

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace elkodon {

/// How the ports of a service speak with each other.
enum class messaging_pattern { publish_subscribe, event };

/// What a service's creator says about it, for people and programs: a key may have several values.
struct attribute {
    std::string key;
    std::string value;
    friend auto operator<=>(const attribute&, const attribute&) = default;
};

/// A service, as its creator stored it.
struct service_info {
    std::string name;
    messaging_pattern pattern = messaging_pattern::publish_subscribe;
    type_details type;                                ///< of events: empty
    std::map<std::string, std::uint64_t> properties;  ///< as in service.toml; true is 1
    std::vector<attribute> attributes;
};

}  // namespace elkodon

namespace elkodon::service {

using pattern = messaging_pattern;

/// The longest key and the longest value, in bytes.
inline constexpr std::size_t longest_attribute_key = 255, longest_attribute_value = 4096;
inline constexpr std::size_t most_attributes = 256;

constexpr std::string_view word_for(pattern kind) noexcept {
    return kind == pattern::publish_subscribe ? "publish_subscribe" : "event";
}

/// What whoever opens a service asks for: at least that number, exactly that number, that truth, or exactly that
/// number where none may be a number too.
enum class match { at_least, exactly, flag, exactly_or_none };

/// The value of a property that has none.
inline constexpr std::uint64_t no_value = ~std::uint64_t{0};

/// One number of the quality of service.
struct property {
    std::string_view key;
    std::uint64_t value;
    std::uint64_t least, most;
    service::match match = service::match::at_least;
    bool asked = false;  // by the caller; otherwise a default that only creation needs
};

/// What a service has, or what somebody wants of one.
struct static_configuration {
    std::string name;
    service::pattern pattern = service::pattern::publish_subscribe;
    type_details type;
    std::vector<property> properties;
    bool any_type = false;  // whoever opens takes what the service carries; nobody can create
    std::optional<audience> readable_by = {},
                            writable_by = {};  // where it isn't as the node's configuration says
    std::vector<attribute> attributes =
        {};  // what the service has; for who wants one: what it will have
    std::vector<attribute> required = {};         // what whoever opens it asks for
    std::vector<std::string> required_keys = {};  // the same, with whatever value

    /// The value of a property that the pattern has.
    std::uint64_t operator[](std::string_view key) const noexcept;
    void ask(std::string_view key, std::uint64_t value) noexcept;

    /// All of them, as service_info says them.
    std::map<std::string, std::uint64_t> values() const;
};

/// Throws errc::invalid_value, with the allowed range, for a value that cannot be, of a property, an attribute or the type.
void check_values(const static_configuration& wanted, const std::string& doing);

/// Throws errc::event_id_out_of_range for an event of a notifier's life that could never be rung, or invalid_value for a
/// service without a type: what only whoever makes the service has to get right.
void check_can_be_made(const static_configuration& wanted, const std::string& doing);

/// Throws errc::incompatible_type, incompatible_property or incompatible_attribute, with both values, when `found` can't give what
/// `wanted` asks for.
void check_compatible(const static_configuration& wanted,
                      const static_configuration& found,
                      const std::string& doing);

/// What whoever creates a service requires of it, it has. Throws as check_compatible() for a key without a value.
void define_what_is_required(static_configuration& wanted, const std::string& doing);

/// Of any pattern and whatever properties; nothing when it isn't one of ours.
std::optional<service_info> read_any(const std::string& text);

std::string to_toml(const static_configuration& configuration);

/// `expected` says which pattern and properties there are. Throws errc::invalid_segment, with the key.
static_configuration from_toml(const std::string& text,
                               const static_configuration& expected,
                               const std::string& doing);

}  // namespace elkodon::service
