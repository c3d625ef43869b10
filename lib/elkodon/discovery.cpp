// See discovery.hpp.
#include <elkodon/base/error.hpp>
#include <elkodon/discovery.hpp>

namespace elkodon {

std::vector<service_info> list_services(const configuration& config) {
    const auto domain = service::existing_domain(config);
    if (!domain) return {};
    return service::observer(*domain).services();
}

std::vector<service_info> list_services(const configuration& config, std::error_code& ec) noexcept {
    return without_throwing(ec, [&] { return list_services(config); });
}

std::optional<service_details> find_service(const std::string& name,
                                            messaging_pattern pattern,
                                            const configuration& config) {
    const auto domain = service::existing_domain(config);
    if (!domain) return std::nullopt;
    return service::observer(*domain).details(name, pattern);
}

std::vector<node_info> list_nodes(const configuration& config) {
    const auto domain = service::existing_domain(config);
    if (!domain) return {};
    return service::observer(*domain).nodes();
}

std::vector<node_info> list_nodes(const configuration& config, std::error_code& ec) noexcept {
    return without_throwing(ec, [&] { return list_nodes(config); });
}

}  // namespace elkodon
