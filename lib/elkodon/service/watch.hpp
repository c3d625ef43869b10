// What appears in a domain, goes and dies, as a stream: a snapshot first, then differences.
// Nothing of anybody is written; the watcher knows what it has told, and tells what has changed since.
// A killed process is noticed by its socket's pidfd, before anybody has cleaned up after it.
#pragma once

#include <elkodon/base/error.hpp>
#include <elkodon/service/discovery.hpp>

#include <memory>
#include <string>
#include <system_error>

namespace elkodon {

namespace service {
class membership;
class watcher;
}  // namespace service

/// One thing that a watch tells. Tests false when there was nothing to tell: then error() may say why.
struct change {
    enum kind_type {
        nothing,
        appeared,
        gone,    ///< in an orderly way
        died,    ///< its process ended without it; of a service: that of the last who had it open
        resync,  ///< some changes came and went untold; what is told next is true again
    } kind = nothing;
    enum subject_type { service, node, port } subject = service;

    std::string name;          ///< of the service, the node or the port, which may have none
    std::string service_name;  ///< of services and ports
    messaging_pattern pattern = messaging_pattern::publish_subscribe;  ///< of services and ports
    port_role role = port_role::publisher;                             ///< of ports
    port_id port_identity;
    node_id node_identity;
    process_id process;  ///< of nodes and ports

    explicit operator bool() const noexcept { return kind != nothing; }
    std::error_code error() const noexcept { return error_; }

    std::error_code error_;
};

/// Services, nodes and ports of a domain as they come and go. Move-only; one at a time. Keeps its node alive.
///
///     auto watch = node.watch().create();
///     while (auto change = watch.receive())
///         if (change.kind == elkodon::change::died) fmt::print("{} died\n", change.name);
class watch {
public:
    watch() noexcept;
    explicit watch(std::unique_ptr<service::watcher> engine) noexcept;
    watch(watch&&) noexcept;
    watch& operator=(watch&&) noexcept;
    ~watch();

    explicit operator bool() const noexcept { return engine_ != nullptr; }

    /// The next change: first everything that is there, as appeared. False when there is nothing to tell now; with an
    /// error when we could not look: closed, forked, or the system's.
    change receive() noexcept;

    /// A descriptor that is readable while there may be something to tell: level-style, until receive() tests false.
    /// Throws closed.
    int native_handle() const;

private:
    std::unique_ptr<service::watcher> engine_;
};

/// Makes a watch: `node.watch().create()`. Any thread.
class watch_builder {
public:
    explicit watch_builder(std::shared_ptr<service::membership> node) noexcept
        : node_(std::move(node)) {}

    /// Throws closed, forked, too_many_files_open, and what the system says.
    watch create() const;
    watch create(std::error_code& ec) const noexcept {
        return without_throwing(ec, [&] { return create(); });
    }

private:
    std::shared_ptr<service::membership> node_;
};

}  // namespace elkodon
