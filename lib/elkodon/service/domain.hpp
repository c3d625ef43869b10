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

/// Of a directory that these users may read, and in which these may make names: they may read it, too, and remove only
/// what is their own. The group's is inherited by what is made in it.
constexpr std::uint32_t mode_for(audience readers, audience writers = audience::owner) noexcept {
    constexpr std::uint32_t reading[] = {0700, 0750, 0755};
    constexpr std::uint32_t writing[] = {0, 03020, 01022};
    return reading[static_cast<int>(readers > writers ? readers : writers)] |
           writing[static_cast<int>(writers)];
}

/// Whom a node meets: the others of its domain, or nobody but who has the node itself.
enum class reach { shared, local };

/// <root>/<domain>/{services,nodes,processes,doorbells}, opened. Any thread.
///
/// Local nodes of a user have <root>/.local in common (no domain's name is encoded like that), or <root>/.local.<user>
/// where several users share the root, and in it a directory of services each, called as the node's lock file: it is made after that one and removed before it, so who is dead can be told.
struct domain {
    /// Makes what is missing and checks what is there: the root must be a directory, not a link, and ours, so that nobody
    /// else may write it; or where `config` lets others take part, one that no others may write, and in which nobody can
    /// remove what is another's. Throws errc::invalid_root otherwise, with the way out; permission_denied when the others
    /// don't let us; incompatible_property when who made the domain calls its files otherwise.
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

/// Under the root: where this user's local nodes are.
std::string local_directory_in(int root);

}  // namespace elkodon::service
