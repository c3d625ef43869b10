// A domain: the directories under which everything of one world lies.
// Every process of the domain creates names in them; each name has one owner.
// After a kill -9 the names of the dead stay until somebody cleans up.
#pragma once

#include <elkodon/base/ids.hpp>
#include <elkodon/os/file.hpp>
#include <elkodon/service/configuration.hpp>
#include <elkodon/service/static_configuration.hpp>

#include <optional>
#include <string>

namespace elkodon::service {

/// Of a directory that these users may read.
constexpr std::uint32_t mode_for(audience readers) noexcept {
    constexpr std::uint32_t modes[] = {0700, 0750, 0755};
    return modes[static_cast<int>(readers)];
}

/// Whom a node meets: the others of its domain, or nobody but who has the node itself.
enum class reach { shared, local };

/// <root>/<domain>/{services,nodes,processes,doorbells}, opened. Any thread.
///
/// Local nodes have <root>/.local in common (no domain's name is encoded like that), and in it a directory of services
/// each, called as the node's lock file: it is made after that one and removed before it, so who is dead can be told.
struct domain {
    /// Makes what is missing and checks what is there: the root must be a directory of ours that nobody
    /// else may write, not a link. Throws errc::invalid_root otherwise, with the way out;
    /// incompatible_property when who made the domain calls its files otherwise.
    explicit domain(const configuration& config, reach who = reach::shared);

    /// The same without making anything: nothing when there is no such domain.
    static std::optional<domain> if_there(const configuration& config);

    /// How the directory of a service ends.
    const std::string& suffix_of(messaging_pattern kind) const noexcept {
        return kind == messaging_pattern::event ? event_suffix : publish_subscribe_suffix;
    }

    /// Local: makes the services of the node with this lock file, and uses them from here on.
    void make_services_of(process_id node);

    std::string path;  // for messages
    std::string publish_subscribe_suffix, event_suffix;
    os::fd root, services, nodes, processes, doorbells;
    os::fd all_local;  // local: the directory in which `services` lies
    os::file_identity identity;

private:
    domain() = default;
    domain(const configuration& config, reach who, const std::string& root_path);
};

/// Under the root: where local nodes are.
inline constexpr const char* local_directory = ".local";

}  // namespace elkodon::service
