// Where a node lives, how patient it is, and what its services promise unless they are told otherwise.
// A plain struct, shaped like the configuration file; nothing is shared, nothing outlives it.
#pragma once

#include <elkodon/base/allocation.hpp>
#include <elkodon/base/backpressure.hpp>
#include <elkodon/base/doorbell_backend.hpp>
#include <elkodon/base/log.hpp>
#include <elkodon/base/wait_strategy.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <system_error>

namespace elkodon {

/// Which users may look at something, or take part in it.
enum class audience {
    owner,     ///< the user who made it
    group,     ///< and the group of the directory
    everyone,  ///< and all others on this machine
};

/// Handed to a node. Copyable; any thread. Each member is a key of the file: config/README.md explains them.
///
///     auto config   = elkodon::configuration::load();
///     config.domain = "simulation";            // meets nobody of another domain
///     auto node     = elkodon::node::create(config);
struct configuration {
    /// The directory under which everything lies. Made when it is missing; must be ours. {uid} stands for our user's number.
    std::string root = "/dev/shm/elkodon-{uid}";

    /// A world of its own inside the root.
    std::string domain = "default";

    /// What the library says on its own account. Making a node sets it for the process.
    elkodon::log_level log_level = elkodon::log_level::warn;

    /// How long a death may stay unnoticed where the kernel gives no notice of it. The first node of a process
    /// in a domain decides for all of them, as it does on distrust_peers.
    std::chrono::milliseconds liveness_bound{1000};

    /// What waiters do before they sleep, unless their port's builder says otherwise. The first node of a process
    /// in a domain decides, as for liveness_bound.
    elkodon::wait_strategy wait_strategy;

    /// What a thread sleeps on while it blocks in a wait. The first node of a process in a domain decides, as for
    /// liveness_bound.
    doorbell_backend doorbell = doorbell_backend::automatic;

    /// Every sleeper looks again once per liveness_bound, rung or not: a participant that clears others' waiter
    /// bits then delays their wake-up and can't prevent it. The first node of a process in a domain decides.
    bool distrust_peers = false;

    /// How ports map memory, unless they say so themselves. Neither ever fails: what the kernel can't do it leaves out.
    struct memory_settings {
        bool prefault = false;    ///< all pages at once: no message meets a page fault
        bool huge_pages = false;  ///< pages of 2 MiB, where the system's shmem_enabled lets us
        friend bool operator==(const memory_settings&, const memory_settings&) = default;
    } memory;

    struct node_settings {
        std::string name;  ///< for people; need not be unique
        friend bool operator==(const node_settings&, const node_settings&) = default;
    } node;

    /// How things are called in the file system. Whoever shares a domain must agree.
    struct file_settings {
        std::string prefix;  ///< of the domain's directory in the root
        std::string services = "services", nodes = "nodes", processes = "processes",
                    doorbells = "doorbells";  ///< the domain's directories
        std::string publish_subscribe_suffix = ".publish_subscribe",
                    event_suffix = ".event";  ///< of a service's directory
        friend bool operator==(const file_settings&, const file_settings&) = default;
    } files;

    /// When the remains of dead processes are looked for, besides when one notices a death.
    struct clean_up_settings {
        bool on_creation =
            true;                ///< a process makes its first node in the domain: the whole domain
        bool on_opening = true;  ///< a service is created or opened: that service
        bool on_destruction = true;  ///< a service is closed: that service
        friend bool operator==(const clean_up_settings&, const clean_up_settings&) = default;
    } clean_up;

    /// Who may do what with what we make: the root, and services that aren't told otherwise. Who may write may read.
    struct rights_settings {
        audience read = audience::owner;   ///< may list, and receive copies by a spectator
        audience write = audience::owner;  ///< may take part: make nodes, services and ports
        friend bool operator==(const rights_settings&, const rights_settings&) = default;
    } rights;

    struct limit_settings {
        std::uint64_t open_files =
            65'536;  ///< the soft limit is raised so far, where the hard one allows it
        std::chrono::milliseconds lock_wait{10'000};  ///< for a service's lock; then service_busy
        friend bool operator==(const limit_settings&, const limit_settings&) = default;
    } limits;

    /// The defaults of publish_subscribe_builder and of its ports' builders, by the same names.
    struct publish_subscribe_settings {
        std::uint64_t max_publishers = 8;
        std::uint64_t max_subscribers = 8;
        std::uint64_t subscriber_max_buffer_size = 8;
        std::uint64_t subscriber_max_borrowed_samples = 2;
        std::uint64_t publisher_max_loaned_samples = 2;
        std::uint64_t history_size = 0;
        bool enable_safe_overflow = true;
        std::chrono::milliseconds stall_timeout{0};
        bool timestamps = false;
        elkodon::backpressure backpressure = elkodon::backpressure::block;
        std::uint64_t initial_max_slice_len = 1;
        elkodon::allocation_strategy allocation_strategy = elkodon::allocation_strategy::fixed;
        friend bool operator==(const publish_subscribe_settings&,
                               const publish_subscribe_settings&) = default;
    } publish_subscribe;

    /// The defaults of event_builder.
    struct event_settings {
        std::uint64_t max_notifiers = 16;
        std::uint64_t max_listeners = 16;
        std::uint64_t max_nodes = 16'384;
        std::uint64_t event_id_max_value = 255;
        std::chrono::milliseconds deadline{0};  ///< none
        friend bool operator==(const event_settings&, const event_settings&) = default;
    } event;

    friend bool operator==(const configuration&, const configuration&) = default;

    /// The first of these that is there: the file that ELKODON_CONFIG names (it has to be there),
    /// $XDG_CONFIG_HOME/elkodon/config.toml or ~/.config/elkodon/config.toml, /etc/elkodon/config.toml, the built-in
    /// settings. Then ELKODON_ROOT, ELKODON_DOMAIN and ELKODON_LOG_LEVEL, where these are set and not empty. Throws
    /// invalid_configuration, with file, line, column, key, what was expected and the nearest known key.
    static configuration load();
    static configuration load(std::error_code& ec) noexcept;

    /// The built-in settings with what this file says. Throws as load().
    static configuration load_file(const std::string& path);
    static configuration load_file(const std::string& path, std::error_code& ec) noexcept;
};

}  // namespace elkodon
