// A process' membership in a domain. Everything else begins here.
// The process' lock file says that it lives. After a kill -9 others find the lock free and clean up.
#pragma once

#include <elkodon/configuration.hpp>
#include <elkodon/discovery.hpp>
#include <elkodon/service.hpp>
#include <elkodon/wait_set.hpp>

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
    /// the dead. Throws `error`: invalid_configuration, invalid_value, invalid_root, invalid_name,
    /// incompatible_property, permission_denied, out_of_space, and what the system says.
    static node create(const elkodon::configuration& config = elkodon::configuration::load()) {
        return node(service::membership::join(config));
    }
    static node create(std::error_code& ec) noexcept {
        return without_throwing(ec, [] { return create(); });
    }
    static node create(const elkodon::configuration& config, std::error_code& ec) noexcept {
        return without_throwing(ec, [&] { return create(config); });
    }

    /// A node of a world of its own: the same services and ports from here on, which nobody can reach but who has
    /// this node or a copy of it. Two local nodes don't meet, in one process either. The configuration's domain and
    /// files mean nothing here; what lies under the root goes with the last handle, port or sample. Throws as create().
    static node create_local(const elkodon::configuration& config = elkodon::configuration::load()) {
        return node(service::membership::join(config, service::reach::local));
    }
    static node create_local(std::error_code& ec) noexcept {
        return without_throwing(ec, [] { return create_local(); });
    }
    static node create_local(const elkodon::configuration& config, std::error_code& ec) noexcept {
        return without_throwing(ec, [&] { return create_local(config); });
    }

    explicit operator bool() const noexcept { return member_ != nullptr; }

    /// Of the configuration; empty when there is none.
    std::string name() const { return member_ ? member_->settings().node.name : std::string(); }

    /// Differs from that of every other node, of this process too.
    node_id id() const noexcept { return member_ ? member_->id() : node_id{}; }

    /// What makes a watch of its domain: `node.watch().create()`.
    watch_builder watch() const { return watch_builder(member_); }

    /// What its services and ports are made with.
    elkodon::configuration configuration() const {
        return member_ ? member_->settings() : elkodon::configuration();
    }

    /// A service by name: any UTF-8 without NUL, 1 to 220 bytes where '/', '%', control characters and a
    /// leading '.' count three each. Checked when the service is created or opened.
    service_name service(std::string_view name) const { return {member_, std::string(name)}; }

    /// What makes a wait set for ports of this node's domain: `node.wait_set().create()`.
    wait_set_builder wait_set() const { return wait_set_builder(member_); }

private:
    explicit node(std::shared_ptr<service::membership> member) : member_(std::move(member)) {}

    std::shared_ptr<service::membership> member_;
};

}  // namespace elkodon
