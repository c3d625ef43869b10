// What a service promises to everybody: its type and its properties, fixed by its creator.
// Written once, by the creator, before the service is visible. After a kill -9 it is complete or absent.
#pragma once

#include <elkodon/service/type_details.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace elkodon::service {

enum class pattern { publish_subscribe, event };

constexpr std::string_view word_for(pattern kind) noexcept {
    return kind == pattern::publish_subscribe ? "publish_subscribe" : "event";
}

/// What whoever opens a service asks for: at least that number, exactly that number, or that truth.
enum class match { at_least, exactly, flag };

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

    /// The value of a property that the pattern has.
    std::uint64_t operator[](std::string_view key) const noexcept;
    void ask(std::string_view key, std::uint64_t value) noexcept;
};

/// Throws errc::invalid_value, with the allowed range, for a value that cannot be, of a property or of the type.
void check_values(const static_configuration& wanted, const std::string& doing);

/// Throws errc::incompatible_type or incompatible_property, with both values, when `found` can't give what
/// `wanted` asks for.
void check_compatible(const static_configuration& wanted,
                      const static_configuration& found,
                      const std::string& doing);

std::string to_toml(const static_configuration& configuration);

/// `expected` says which pattern and properties there are. Throws errc::invalid_segment, with the key.
static_configuration from_toml(const std::string& text,
                               const static_configuration& expected,
                               const std::string& doing);

}  // namespace elkodon::service
