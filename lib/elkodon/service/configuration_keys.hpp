// Every key of the configuration file, with the member that it sets and what it may be: what reads a file, compares one
// and checks a struct goes through this one list.
// Nobody writes it.
#pragma once

#include <elkodon/service/bounds.hpp>
#include <elkodon/service/configuration.hpp>

#include <array>
#include <string_view>

namespace elkodon::service {

/// The words of an enumeration, in the order of its values.
template <class Enum>
inline constexpr std::array<std::string_view, 0> words_of{};
template <>
inline constexpr std::array<std::string_view, 6> words_of<log_level>{"trace", "debug", "info",
                                                                     "warn",  "error", "off"};
template <>
inline constexpr std::array<std::string_view, 3> words_of<audience>{"owner", "group", "everyone"};
template <>
inline constexpr std::array<std::string_view, 3> words_of<doorbell_backend>{"auto", "futex",
                                                                            "eventfd"};
template <>
inline constexpr std::array<std::string_view, 3> words_of<backpressure>{"block", "fail", "discard"};
template <>
inline constexpr std::array<std::string_view, 3> words_of<allocation_strategy>{"fixed", "best_fit",
                                                                               "power_of_two"};

/// What a text may be: checked when a file is read, since a directory will be called so.
enum class text { anything, part_of_a_name, name };

/// Calls `visit(key, member)` or `visit(key, member, bounds or kind of text)` for each.
template <class Configuration, class Visit>
void for_each_key(Configuration& config, Visit&& visit) {
    visit("root", config.root, text::anything);
    visit("domain", config.domain, text::anything);
    visit("log_level", config.log_level);
    visit("liveness_bound", config.liveness_bound, bounds_of_waits);
    visit("wait_strategy", config.wait_strategy);
    visit("doorbell", config.doorbell);
    visit("distrust_peers", config.distrust_peers);
    visit("memory.prefault", config.memory.prefault);
    visit("memory.huge_pages", config.memory.huge_pages);

    visit("node.name", config.node.name, text::anything);

    auto& files = config.files;
    visit("files.prefix", files.prefix, text::part_of_a_name);
    visit("files.services", files.services, text::name);
    visit("files.nodes", files.nodes, text::name);
    visit("files.processes", files.processes, text::name);
    visit("files.doorbells", files.doorbells, text::name);
    visit("files.publish_subscribe_suffix", files.publish_subscribe_suffix, text::name);
    visit("files.event_suffix", files.event_suffix, text::name);

    auto& clean_up = config.clean_up;
    visit("clean_up.on_creation", clean_up.on_creation);
    visit("clean_up.on_opening", clean_up.on_opening);
    visit("clean_up.on_destruction", clean_up.on_destruction);

    visit("rights.read", config.rights.read);
    visit("rights.write", config.rights.write);

    auto& limits = config.limits;
    visit("limits.open_files", limits.open_files, bounds<std::uint64_t>{64, 1U << 20});
    visit("limits.lock_wait", limits.lock_wait, bounds_of_waits);

    auto& messages = config.publish_subscribe;
    visit("publish_subscribe.max_publishers", messages.max_publishers, bounds_of_ports);
    visit("publish_subscribe.max_subscribers", messages.max_subscribers, bounds_of_ports);
    visit("publish_subscribe.subscriber_max_buffer_size", messages.subscriber_max_buffer_size,
          bounds_of_samples);
    visit("publish_subscribe.subscriber_max_borrowed_samples",
          messages.subscriber_max_borrowed_samples, bounds_of_samples);
    visit("publish_subscribe.publisher_max_loaned_samples", messages.publisher_max_loaned_samples,
          bounds_of_samples);
    visit("publish_subscribe.history_size", messages.history_size, bounds_of_history);
    visit("publish_subscribe.enable_safe_overflow", messages.enable_safe_overflow);
    visit("publish_subscribe.stall_timeout", messages.stall_timeout, bounds_of_timeouts);
    visit("publish_subscribe.timestamps", messages.timestamps);
    visit("publish_subscribe.backpressure", messages.backpressure);
    visit("publish_subscribe.initial_max_slice_len", messages.initial_max_slice_len,
          bounds_of_elements);
    visit("publish_subscribe.allocation_strategy", messages.allocation_strategy);

    auto& event = config.event;
    visit("event.max_notifiers", event.max_notifiers, bounds_of_ports);
    visit("event.max_listeners", event.max_listeners, bounds_of_ports);
    visit("event.max_nodes", event.max_nodes, bounds_of_ports);
    visit("event.deadline", event.deadline, bounds_of_timeouts);
    visit("event.event_id_max_value", event.event_id_max_value, bounds_of_event_ids);
}

/// Throws invalid_value, with the key, for a member that cannot be: what a program has set.
void check_configuration(const configuration& config, const std::string& doing);

/// The built-in settings with what `text`, the file at `path`, says. Throws invalid_configuration.
configuration parse_configuration(const std::string& text, const std::string& path);

/// Whether names that it is a part of stay in their directory, and can be written into a line of domain.toml.
inline bool can_be_part_of_a_name(std::string_view value) noexcept {
    return value.size() <= 32 &&
           value.find_first_of(std::string_view("/\0%\n'", 5)) == std::string_view::npos &&
           (value.empty() || value.find_first_not_of('.') != std::string_view::npos);
}

/// `{uid}` replaced by our user's number.
std::string expanded_root(const std::string& root);

/// "500ms", "1s", "20us", "100ns", "2min" or "1h"; nothing when it is none of these.
bool parse_time(std::string_view text, std::chrono::nanoseconds& time) noexcept;

}  // namespace elkodon::service
