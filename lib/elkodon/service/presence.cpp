// See presence.hpp.
#include <elkodon/base/error.hpp>
#include <elkodon/os/fence.hpp>
#include <elkodon/os/socket.hpp>
#include <elkodon/service/clean_up.hpp>
#include <elkodon/service/files.hpp>
#include <elkodon/service/presence.hpp>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace elkodon::service {
namespace {

struct registry {
    std::mutex mutex;
    std::vector<std::pair<os::file_identity, std::weak_ptr<presence>>> presences;
};

// Never destroyed: ports with static storage may outlive any order of destruction.
registry& presences() {
    static auto* const instance = new registry;
    return *instance;
}

// The lock files of this process. A fork's child has none of its parent's locks.
struct own_locks {
    std::mutex mutex;
    std::vector<std::pair<os::file_identity, std::uint32_t>> files;
};

// Never destroyed, as above.
own_locks& all_own_locks() {
    static auto* const instance = new own_locks;
    return *instance;
}

bool is_ours(os::file_identity lock_file) {
    auto& all = all_own_locks();
    const std::lock_guard lock(all.mutex);
    return std::find(all.files.begin(), all.files.end(),
                     std::pair(lock_file, os::fork_generation())) != all.files.end();
}

void prepare_this_process(const configuration& config) {
    os::watch_forks();
    os::register_light_fences();
    os::raise_file_limit(config.limits.open_files);
}

}  // namespace

std::shared_ptr<presence> presence::in_domain(const configuration& config) {
    prepare_this_process(config);
    auto& all = presences();
    const std::lock_guard lock(all.mutex);
    const auto identity = domain(config).identity;
    std::erase_if(all.presences, [](const auto& entry) { return entry.second.expired(); });
    for (const auto& [where, weak] : all.presences)
        if (auto known = weak.lock(); known && where == identity && known->ours()) return known;
    auto made = std::make_shared<presence>(config);
    all.presences.emplace_back(identity, made);
    if (!config.clean_up.on_creation) return made;
    clean_up_domain(*made);
    clean_up_local_nodes(made->directories().root.get());
    return made;
}

std::shared_ptr<presence> presence::of_its_own(const configuration& config) {
    prepare_this_process(config);
    auto made = std::make_shared<presence>(config, reach::local);
    if (config.clean_up.on_creation) clean_up_local_nodes(made->directories().root.get());
    return made;
}

own_lock::own_lock(os::file_identity file) : file_(file) {
    auto& all = all_own_locks();
    const std::lock_guard lock(all.mutex);
    all.files.emplace_back(file_, os::fork_generation());
}

own_lock::~own_lock() {
    auto& all = all_own_locks();
    const std::lock_guard lock(all.mutex);
    std::erase(all.files, std::pair(file_, os::fork_generation()));
}

presence::presence(const configuration& config, reach who)
    : domain_(config, who),
      id_(os::random_number()),
      liveness_bound_(config.liveness_bound),
      distrust_peers_(config.distrust_peers || config.rights.write != audience::owner),
      wait_strategy_(config.wait_strategy),
      doorbell_backend_(config.doorbell),
      fork_generation_(os::fork_generation()),
      lock_file_(os::create_unnamed(domain_.processes.get(), 0, "create a process' lock file")) {
    // Locked before it has a name: nobody ever sees it unlocked while we live.
    if (!os::lock_for_this_process(lock_file_.get()))
        os::throw_errno(errno, "lock a process' lock file");
    os::write_text(lock_file_.get(),
                   "pid = " + std::to_string(os::process_number()) + "\nexecutable = '" +
                       os::executable_path() + "'\n",
                   "write a process' lock file");
    own_lock_.emplace(os::facts_of(lock_file_.get(), "create a process' lock file").identity);
    os::link_unnamed(lock_file_.get(), domain_.processes.get(), id_.to_string());
    // After the lock file: a socket without one would be taken for a dead process' remains.
    socket_ = os::listen_at(domain_.processes.get(), segment::socket_name(id_.to_string()));
    if (who == reach::local) domain_.make_services_of(id_);
}

presence::~presence() {
    if (!ours()) return;
    if (domain_.all_local) remove_services_of(domain_.all_local.get(), id_);
    os::unlink_name(domain_.processes.get(), segment::socket_name(id_.to_string()));
    // Moved first: who watches the directory sees that nobody had to clean up.
    const auto name = id_.to_string();
    os::rename_and_unlink(domain_.processes.get(), name, name + std::string(left_suffix));
}

bool presence::alive(process_id process) const noexcept {
    return process == id_ || has_its_lock(domain_.processes.get(), process);
}

lock_state look_at_lock(int processes, process_id process) noexcept try {
    const auto name = process.to_string();
    const auto identity = os::identity_of(processes, name);
    if (identity == os::file_identity{})
        return errno == ENOENT ? lock_state::missing : lock_state::unknown;
    if (is_ours(identity)) return lock_state::held;
    const auto file = os::open_file(processes, name, false);
    if (!file) return lock_state::missing;
    if (!os::facts_of(file.get(), "look at a lock file").regular) return lock_state::unknown;
    return os::locked_by_another(file.get()) ? lock_state::held : lock_state::free;
} catch (const std::system_error& failure) {
    return failure.code() == errc::permission_denied ? lock_state::forbidden : lock_state::unknown;
} catch (...) {
    return lock_state::unknown;
}

// We could not ask: that proves nothing.
bool has_its_lock(int processes, process_id process) noexcept {
    const auto state = look_at_lock(processes, process);
    return state != lock_state::free && state != lock_state::missing;
}

std::shared_ptr<segment::bell> presence::bell(process_id owner,
                                              doorbell_id id,
                                              std::error_code& failure) {
    const std::lock_guard lock(mutex_);
    std::erase_if(bells_, [](const auto& entry) { return entry.second.expired(); });
    if (auto known = bells_[id].lock()) return known;
    auto made = segment::bell::open(domain_.doorbells.get(), owner, id, failure);
    if (made) bells_[id] = made;
    return made;
}

}  // namespace elkodon::service
