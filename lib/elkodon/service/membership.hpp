// A node of this process in a domain: its name, and the configuration that its services and ports are made with.
// This process alone writes its file in nodes/, once; whether the node lives is told by the process' lock.
// After a kill -9 the file stays until somebody cleans up.
#pragma once

#include <elkodon/service/configuration.hpp>
#include <elkodon/service/presence.hpp>

#include <memory>
#include <string>

namespace elkodon::service {

/// Any thread. Lives as long as the node, or any service, port or sample that came of it.
class membership {
public:
    /// Joins the configuration's domain, or makes a world of its own, and sets the process' log level. Throws what node::create says.
    static std::shared_ptr<membership> join(configuration config, reach who = reach::shared);

    membership(configuration config, std::shared_ptr<presence> process);
    ~membership();
    membership(const membership&) = delete;
    membership& operator=(const membership&) = delete;

    presence& process() const noexcept { return *process_; }
    const configuration& settings() const noexcept { return config_; }
    node_id id() const noexcept { return id_; }

private:
    std::string file_name() const { return process_->id().to_string() + "." + id_.to_string(); }

    configuration config_;
    std::shared_ptr<presence> process_;
    node_id id_;
};

}  // namespace elkodon::service
