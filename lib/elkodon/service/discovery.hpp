// What there is in a domain: services with their members and ports, nodes with their state. Plain structs, filled by
// reading names and files; nothing is joined, and nothing of anybody is written.
// What the dead left, and nobody has cleaned up yet, is told apart by the locks of their processes.
#pragma once

#include <elkodon/base/ids.hpp>
#include <elkodon/service/configuration.hpp>
#include <elkodon/service/domain.hpp>
#include <elkodon/service/static_configuration.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace elkodon {

/// Whether a node can still do anything.
enum class node_state {
    alive,
    dead,          ///< its process has ended; whoever notices first removes what it left
    inaccessible,  ///< another user's, who doesn't let us look
    undefined,     ///< its files contradict each other: somebody else has written there
};

/// A node, as its file says. Times and pids are those of its maker: another pid namespace numbers differently.
struct node_info {
    node_id id;
    process_id process;  ///< which has one lock for all its nodes
    std::string name;
    node_state state = node_state::undefined;
    std::uint32_t pid = 0;
    std::string executable;
    std::chrono::system_clock::time_point started;
    std::vector<std::string>
        services;  ///< that it has open, by name, each once for each time that it has it open
};

enum class port_role { publisher, subscriber, notifier, listener };

/// One port of a service.
struct port_info {
    port_role role;
    port_id id;
    std::string name;  ///< empty unless given
    process_id process;
    std::uint32_t pid = 0;
};

/// A service with who takes part in it.
struct service_details : service_info {
    std::vector<node_id> nodes;  ///< that live and have it open, each once
    std::vector<port_info> ports;
};

}  // namespace elkodon

namespace elkodon::service {

/// Looks at one domain; asks each process once whether it lives. One at a time.
class observer {
public:
    explicit observer(const domain& where) noexcept : domain_(where) {}

    std::vector<service_info> services();
    std::optional<service_details> details(const std::string& name, messaging_pattern kind);
    std::vector<node_info> nodes();

    node_state state_of(process_id process);

    /// Forgets who lived: the dead stay dead.
    void ask_again();

private:
    const domain& domain_;
    std::unordered_map<process_id, node_state> known_;
};

/// What one service's directory holds, read once.
struct directory_contents {
    std::vector<std::pair<process_id, node_id>> members;
    struct port {
        port_role role;
        std::string file;
        std::uint64_t inode;
    };
    std::vector<port> ports;
};
directory_contents contents_of(int directory);

/// What the port's segment says of itself; nothing when it is no segment.
std::optional<port_info> read_port(int directory, port_role role, const std::string& file);

/// What service.toml says, whatever the pattern; nothing when it can't be read.
std::optional<service_info> read_service(int directory);

/// What a node's file says, without its state and services; nothing when it isn't called as one.
std::optional<node_info> read_node(int nodes, const std::string& file);

/// The domain, if it has been made; nothing is made. Throws as domain's constructor.
std::optional<domain> existing_domain(const configuration& config);

}  // namespace elkodon::service
