// A process' membership in a domain. Everything else begins here.
// The process' lock file says that it lives. After a kill -9 others find the lock free and clean up.
#pragma once

#include <elkodon/configuration.hpp>
#include <elkodon/service.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace elkodon {

/// A handle: copyable, any thread. Tests false when default-constructed or returned beside an error. Services
/// and ports keep what they need of it alive.
///
///     auto node    = elkodon::node::create();
///     auto service = node.service("My/Funk/ServiceName").publish_subscribe<std::uint64_t>().open_or_create();
class node {
public:
    node() noexcept = default;

    /// Joins the configuration's domain; makes the root directory when it is missing, and cleans up after
    /// the dead. Throws `error`: invalid_root, invalid_name, permission_denied, out_of_space, and what the
    /// system says.
    static node create(const configuration& config = configuration::load()) {
        return node(service::presence::in_domain(config), config.node.name);
    }
    static node create(std::error_code& ec) noexcept {
        return without_throwing(ec, [] { return create(); });
    }
    static node create(const configuration& config, std::error_code& ec) noexcept {
        return without_throwing(ec, [&] { return create(config); });
    }

    /// A node of a world of its own: the same services and ports from here on, which nobody can reach but who has
    /// this node or a copy of it. Two local nodes don't meet, in one process either. The configuration's domain means
    /// nothing here; what lies under the root goes with the last handle, port or sample. Throws as create().
    static node create_local(const configuration& config = configuration::load()) {
        return node(service::presence::of_its_own(config), config.node.name);
    }
    static node create_local(std::error_code& ec) noexcept {
        return without_throwing(ec, [] { return create_local(); });
    }
    static node create_local(const configuration& config, std::error_code& ec) noexcept {
        return without_throwing(ec, [&] { return create_local(config); });
    }

    explicit operator bool() const noexcept { return process_ != nullptr; }
    const std::string& name() const noexcept { return name_; }

    /// This process, in this domain; a local node has an id of its own.
    process_id id() const noexcept { return process_ ? process_->id() : process_id{}; }

    /// A service by name: any UTF-8 without NUL, 1 to 220 bytes where '/', '%', control characters and a
    /// leading '.' count three each. Checked when the service is created or opened.
    service_name service(std::string_view name) const { return {process_, std::string(name)}; }

private:
    node(std::shared_ptr<service::presence> process, std::string name)
        : process_(std::move(process)), name_(std::move(name)) {}

    std::shared_ptr<service::presence> process_;
    std::string name_;
};

}  // namespace elkodon
