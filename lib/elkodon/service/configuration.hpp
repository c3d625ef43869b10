// Where a node lives and how patient it is. A plain struct; nothing is shared, nothing outlives it.
#pragma once

#include <elkodon/base/wait_strategy.hpp>

#include <chrono>
#include <string>

namespace elkodon {

/// Handed to a node. Copyable; any thread.
///
///     auto config   = elkodon::configuration::load();
///     config.domain = "simulation";            // meets nobody of another domain
///     auto node     = elkodon::node::create(config);
struct configuration {
    /// The directory under which everything lies. Made when it is missing (mode 0700); must be ours.
    std::string root;

    /// A world of its own inside the root.
    std::string domain = "default";

    /// How long a death may stay unnoticed where the kernel gives no notice of it. The first node of a process
    /// in a domain decides for all of them.
    std::chrono::milliseconds liveness_bound{1000};

    /// What waiters do before they sleep, unless their port's builder says otherwise. The first node of a process
    /// in a domain decides, as for liveness_bound.
    elkodon::wait_strategy wait_strategy;

    /// Every sleeper looks again once per liveness_bound, rung or not: a participant that clears others' waiter
    /// bits then delays their wake-up and can't prevent it. The first node of a process in a domain decides.
    bool distrust_peers = false;

    struct {
        std::string name;  ///< for people; need not be unique
    } node;

    /// The built-in settings, with root and domain from ELKODON_ROOT and ELKODON_DOMAIN where these are set.
    /// Default root: /dev/shm/elkodon-<uid>.
    static configuration load();
};

}  // namespace elkodon
