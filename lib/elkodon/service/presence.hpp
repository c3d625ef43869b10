// A process' presence in a domain: one lock file for the process, however many nodes it has. A local node has its own.
// The process alone writes it. The kernel releases the lock however the process ends; a fork's child does
// not inherit it. After a kill -9 the file stays, unlocked: that is the proof of death.
#pragma once

#include <elkodon/base/ids.hpp>
#include <elkodon/os/process.hpp>
#include <elkodon/segment/bell.hpp>
#include <elkodon/segment/doorbell.hpp>
#include <elkodon/service/domain.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

namespace elkodon::service {

/// What the lock file of a process in the directory `processes` says about its life.
enum class lock_state {
    held,       ///< it lives
    free,       ///< it has ended
    missing,    ///< it has ended, and somebody has cleaned up
    forbidden,  ///< another user's: nobody lets us look
    unknown,    ///< we could not look, or it is no lock file
};

/// Any thread.
lock_state look_at_lock(int processes, process_id process) noexcept;

/// Whether that process still has its lock file in the directory `processes`, or could not be asked. Any thread.
bool has_its_lock(int processes, process_id process) noexcept;

/// Says to this process that a lock file is its own, and must not be opened: closing it would drop the lock.
class own_lock {
public:
    explicit own_lock(os::file_identity file);
    ~own_lock();
    own_lock(const own_lock&) = delete;
    own_lock& operator=(const own_lock&) = delete;

private:
    os::file_identity file_;
};

/// Any thread. Lives as long as any node, service, port or sample of this process in the domain.
class presence : public std::enable_shared_from_this<presence> {
public:
    /// This process' presence in the domain, made on the first call. Cleans up after the dead then.
    static std::shared_ptr<presence> in_domain(const configuration& config);

    /// Another presence of this process, in a world of its own: nobody but who has it can reach its services. All of
    /// it goes with the last node, service, port or sample. Cleans up after dead local nodes.
    static std::shared_ptr<presence> of_its_own(const configuration& config);

    explicit presence(const configuration& config, reach who = reach::shared);
    ~presence();

    const domain& directories() const noexcept { return domain_; }
    process_id id() const noexcept { return id_; }

    /// False in a fork's child: nothing of this object may be used, nor cleaned up, there.
    bool ours() const noexcept { return fork_generation_ == os::fork_generation(); }

    /// Whether `process` still has its lock. This process' own files are never opened: closing one would drop its lock.
    bool alive(process_id process) const noexcept;

    /// The doorbell of another place, connected. Empty when it has gone, or with `failure` when we have
    /// no memory or descriptor for it.
    std::shared_ptr<segment::bell> bell(process_id owner, doorbell_id id, std::error_code& failure);

    /// A doorbell keeps the presence alive: it may outlive every node and port.
    segment::doorbell_place doorbell_place() const noexcept {
        return {shared_from_this(),      domain_.doorbells.get(),
                domain_.processes.get(), id_,
                liveness_bound_,         distrust_peers_,
                wait_strategy_,          doorbell_backend_};
    }

private:
    domain domain_;
    process_id id_;
    std::chrono::milliseconds liveness_bound_;
    bool distrust_peers_;
    wait_strategy wait_strategy_;
    doorbell_backend doorbell_backend_;
    std::uint32_t fork_generation_;
    os::fd lock_file_;
    std::optional<own_lock> own_lock_;
    os::fd socket_;  // never accepts: whoever sleeps connects here, to be told of our death
    std::mutex mutex_;
    std::unordered_map<doorbell_id, std::weak_ptr<segment::bell>> bells_;
};

}  // namespace elkodon::service
