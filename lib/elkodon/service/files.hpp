// The names of the files in a service's directory, and the words that they are made of.
// A port's file is written by its owner, the others by who creates the service or joins it; this header writes nothing.
// After a kill -9 the names stay, and tell who cleans up what they belong to:
//
//     service.toml                    the static configuration
//     control                         the control page
//     member.<process>.<node>.<number>   a node that has the service open
//     publisher.<slot> …              one file a port; a listener has listener.<slot>.events too
//     publisher.<slot>.pool.<port>.<first chunk>      a further pool of a publisher of slices
#pragma once

#include <elkodon/base/ids.hpp>
#include <elkodon/layout/segment_header.hpp>

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

namespace elkodon::service {

inline constexpr const char* configuration_name = "service.toml";
/// Of a lock file in `processes`, for the moment in which its process ends in an orderly way.
inline constexpr std::string_view left_suffix = ".left";
inline constexpr const char* control_name = "control";

enum class port_kind { publisher, subscriber, notifier, listener };

constexpr std::string_view word_for(port_kind kind) noexcept {
    constexpr std::string_view words[] = {"publisher", "subscriber", "notifier", "listener"};
    return words[static_cast<int>(kind)];
}

inline std::string port_name(port_kind kind, std::uint32_t slot) {
    return std::string(word_for(kind)) + "." + std::to_string(slot);
}

inline std::string event_set_name(std::uint32_t slot) {
    return port_name(port_kind::listener, slot) + ".events";
}

/// The slot in a port's file name, when it is one of this kind.
inline std::optional<std::uint32_t> slot_of(port_kind kind, std::string_view name) noexcept {
    const auto word = word_for(kind);
    if (!name.starts_with(word) || name.size() <= word.size() + 1 || name[word.size()] != '.')
        return std::nullopt;
    std::uint32_t slot = 0;
    const auto [end, failed] =
        std::from_chars(name.data() + word.size() + 1, name.data() + name.size(), slot);
    if (failed != std::errc{} || end != name.data() + name.size() || slot >= layout::max_ports)
        return std::nullopt;
    return slot;
}

/// The kind of a port's file, its event set included.
inline std::optional<port_kind> port_of(std::string_view name) noexcept {
    if (name.ends_with(".events")) name.remove_suffix(7);
    for (const auto kind :
         {port_kind::publisher, port_kind::subscriber, port_kind::notifier, port_kind::listener})
        if (slot_of(kind, name)) return kind;
    return std::nullopt;
}

/// Never used again: with the port's id, since a successor in the slot has pools of its own.
inline std::string pool_name(std::uint32_t slot, port_id publisher, std::uint32_t first_chunk) {
    return port_name(port_kind::publisher, slot) + ".pool." + publisher.to_string() + "." +
           std::to_string(first_chunk);
}

inline bool is_pool(std::string_view name) noexcept {
    return name.starts_with("publisher.") && name.find(".pool.") != std::string_view::npos;
}

/// Sixteen hexadecimal digits and nothing else; zero otherwise.
inline process_id parse_id(std::string_view text) noexcept {
    std::uint64_t value = 0;
    if (text.size() != 16) return {};
    const auto [end, failed] = std::from_chars(text.data(), text.data() + 16, value, 16);
    return failed == std::errc{} && end == text.data() + 16 ? process_id{value} : process_id{};
}

inline process_id member_process(std::string_view name) noexcept {
    constexpr std::string_view prefix = "member.";
    return name.starts_with(prefix) ? parse_id(name.substr(prefix.size(), 16)) : process_id{};
}

}  // namespace elkodon::service
