// Which services and nodes there are, asked once. node.watch() tells how that changes.
// Reads names and files; nothing is joined, and nothing of anybody is written.
#pragma once

#include <elkodon/service/discovery.hpp>
#include <elkodon/service/watch.hpp>

#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace elkodon {

/// The services of the configuration's domain that somebody alive has open, by name and pattern. Throws what reading
/// directories throws. Any thread, as all below.
///
///     for (const auto& info : elkodon::list_services()) fmt::print("{} {}\n", info.name, info.type.name);
std::vector<service_info> list_services(const configuration& config = configuration::load());
std::vector<service_info> list_services(const configuration& config, std::error_code& ec) noexcept;

/// One service with its nodes and ports; nothing when nobody alive has it open.
std::optional<service_details> find_service(const std::string& name,
                                            messaging_pattern pattern,
                                            const configuration& config = configuration::load());

/// The nodes of the domain, the dead that nobody has cleaned up after among them.
std::vector<node_info> list_nodes(const configuration& config = configuration::load());
std::vector<node_info> list_nodes(const configuration& config, std::error_code& ec) noexcept;

}  // namespace elkodon
