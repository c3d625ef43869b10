// See clean_up.hpp.
#include <elkodon/base/error.hpp>
#include <elkodon/base/log.hpp>
#include <elkodon/layout/control_page.hpp>
#include <elkodon/layout/pool_segment.hpp>
#include <elkodon/layout/publisher_segment.hpp>
#include <elkodon/layout/subscriber_segment.hpp>
#include <elkodon/service/clean_up.hpp>
#include <elkodon/service/dead_notifiers.hpp>
#include <elkodon/service/files.hpp>
#include <elkodon/service/names.hpp>
#include <elkodon/service/presence.hpp>

#include <algorithm>
#include <chrono>
#include <set>
#include <unordered_map>

namespace elkodon::service {
namespace {

// Whether a process lives, asked once.
class life {
public:
    explicit life(const presence& self) noexcept : self_(self) {}
    bool on(process_id process) {
        const auto [known, asked] = known_.try_emplace(process, false);
        if (asked) known->second = self_.alive(process);
        return known->second;
    }

private:
    const presence& self_;
    std::unordered_map<process_id, bool> known_;
};

using entries = std::vector<os::directory_entry>;

// Whether every living subscriber has mapped what was there at this generation: an ended publisher keeps its
// name until then, so that what it sent before the end reaches those who had not looked yet.
bool all_have_seen(int directory, const entries& names, std::uint64_t generation, life& lives) {
    for (const auto& name : names) {
        if (!slot_of(port_kind::subscriber, name.name)) continue;
        // sync[subscriber.seen] acquire: read through the file, by a system call.
        const auto subscriber =
            segment::glimpse_at(directory, name.name, offsetof(layout::subscriber_segment, seen));
        if (subscriber.unreadable) return false;
        if (!subscriber.process || subscriber.closed || subscriber.word >= generation) continue;
        if (lives.on(subscriber.process)) return false;
    }
    return true;
}

// A pool goes as its publisher's name does, but never before everybody has mapped it: it takes nobody's place.
bool remove_pool(int directory, const entries& names, const std::string& name, life& lives) {
    // sync[publisher.known_from] acquire: read through the file, by a system call.
    const auto pool =
        segment::glimpse_at(directory, name, offsetof(layout::pool_segment, known_from));
    if (!pool.process || (lives.on(pool.process) && !pool.closed)) return false;
    return all_have_seen(directory, names, pool.word, lives) &&
           os::unlink_if(directory, name, pool.file);
}

// Other processes that map the service learn of it through the generation.
void bump_generation(int directory) noexcept {
    const auto page =
        segment::foreign_segment::map(directory, control_name, layout::segment_kind::control,
                                      os::access::read_write, sizeof(layout::control_page));
    // sync[control.generation] seq_cst: after the names have gone.
    if (page) page.as<layout::control_page>().generation.fetch_add(1, std::memory_order_seq_cst);
}

// Another user's service may be closed to us.
os::fd open_if_allowed(int services, const std::string& name) try {
    return os::open_directory(services, name);
} catch (const error& refused) {
    if (refused.code() != errc::permission_denied) throw;
    return {};
}

// Who joins or cleans here holds the lock for moments only; who stands still with it is left to a later cleaner.
void clean_up_one(presence& self,
                  const std::string& name,
                  std::chrono::steady_clock::time_point until,
                  bool& complete) {
    const int services = self.directories().services.get();
    const auto directory = open_if_allowed(services, name);
    if (!directory) return;
    if (!os::lock_directory(directory.get(), until)) {
        complete = false;
        say(log_level::info, [&] {
            return "what dead processes left in service directory " + in_quotes(name) +
                   " stays: somebody holds its lock";
        });
        return;
    }
    const os::unlock_at_end unlock(directory.get());
    clean_up_service(directory.get(), self, unseen::stays);
    if (!has_members(directory.get())) remove_service(services, name.c_str(), directory.get());
}

// What is called <process>.<more>.
void remove_files_of(const std::set<process_id>& dead, int directory) {
    for (const auto& entry : os::list_directory(directory))
        if (entry.name.size() > 16 && entry.name[16] == '.' &&
            dead.contains(parse_id(entry.name.substr(0, 16))))
            os::unlink_name(directory, entry.name);
}

// What dead processes of another user left, one of his cleans up.
bool ours_to_remove(int directory, const std::string& name) {
    const auto owner = os::owner_of(directory, name);
    return owner && os::may_remove(os::facts_of(directory, "look at a directory"), *owner);
}

// Takes away the names of those that were killed while they left, too.
std::set<process_id> dead_processes(int processes) {
    std::set<process_id> dead;
    for (const auto& entry : os::list_directory(processes)) {
        // Killed in its last moment; who lives removes it in the next.
        if (entry.name.ends_with(left_suffix)) os::unlink_name(processes, entry.name);
        const auto process = parse_id(entry.name);
        if (process && !has_its_lock(processes, process) && ours_to_remove(processes, entry.name))
            dead.insert(process);
    }
    return dead;
}

// Their lock files last: as long as one is there, whoever comes finds that its process is dead.
void remove_processes(int processes, int doorbells, int nodes, const std::set<process_id>& dead) {
    remove_files_of(dead, doorbells);
    remove_files_of(dead, nodes);
    for (const auto process : dead) {
        const auto name = process.to_string();
        os::unlink_name(processes, segment::socket_name(name));
        os::unlink_name(processes, name);
        say(log_level::info, [&] { return "removed what the dead process " + name + " left"; });
    }
}

}  // namespace

// Ports are asked one by one whether their owner lives: their membership may have gone in an earlier pass.
void clean_up_service(int directory, presence& self, unseen what) {
    auto names = os::list_directory(directory);
    // Event sets first: once a listener's name is gone, its slot and the set's name are a newcomer's.
    std::partition(names.begin(), names.end(),
                   [](const auto& name) { return name.name.ends_with(".events"); });
    const auto facts = os::facts_of(directory, "look at a service");
    life lives(self);
    bool removed = false;
    for (const auto& name : names) {
        if (is_pool(name.name) && remove_pool(directory, names, name.name, lives)) removed = true;
        const auto kind = port_of(name.name);
        if (!kind) continue;
        // sync[publisher.known_from] acquire: read through the file, by a system call.
        const auto port = segment::glimpse_at(directory, name.name,
                                              offsetof(layout::publisher_segment, known_from));
        if (!port.process || (lives.on(port.process) && !port.closed)) continue;
        if (!os::may_remove(facts, port.owner)) continue;
        if (*kind != port_kind::publisher && lives.on(port.process)) continue;
        if (*kind == port_kind::publisher && what == unseen::stays &&
            !all_have_seen(directory, names, port.word, lives))
            continue;
        // Rung before the name goes: whoever is killed in between leaves it to the next cleaner.
        if (*kind == port_kind::notifier && !port.closed) ring_for_dead_notifier(directory, self);
        if (os::unlink_if(directory, name.name, port.file)) removed = true;
    }
    for (const auto& name : names)
        if (const auto process = member_process(name.name);
            process && !lives.on(process) && os::unlink_name(directory, name.name))
            removed = true;
    if (!removed) return;
    bump_generation(directory);
    say(log_level::debug, [] { return "removed ports or memberships of the dead in a service"; });
}

bool has_members(int directory) {
    for (const auto& entry : os::list_directory(directory))
        if (member_process(entry.name)) return true;
    return false;
}

bool clear_service(int directory) {
    bool all = true;
    for (const auto& entry : os::list_directory(directory))
        if (entry.name != configuration_name && entry.name != control_name &&
            !os::unlink_name(directory, entry.name))
            all = false;
    return all && os::unlink_name(directory, configuration_name) &&
           os::unlink_name(directory, control_name);
}

// The path may name a successor by now, who has only just made it and holds its lock, not this one's.
void remove_service(int services, const char* name, int directory) noexcept try {
    const auto ours = os::facts_of(directory, "remove a service").identity;
    if (os::identity_of(services, name) != ours) return;
    if (clear_service(directory)) os::remove_directory(services, name);
} catch (...) {
    // The next cleaner goes on.
}

void clean_up_domain(presence& self) noexcept try {
    const auto& directories = self.directories();
    const auto dead = dead_processes(directories.processes.get());
    const auto facts = os::facts_of(directories.services.get(), "look at services");
    // Where several users take part, the last one to leave may not be the one who can take the service away.
    if (dead.empty() && !facts.for_others_too()) return;
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
    bool complete = true;
    for (const auto& entry : os::list_directory(directories.services.get()))
        clean_up_one(self, entry.name, until, complete);
    if (!complete) return;
    remove_processes(directories.processes.get(), directories.doorbells.get(),
                     directories.nodes.get(), dead);
} catch (...) {
    // What we could not clean, the next one will.
}

void clean_up_local_nodes(int root) noexcept try {
    const auto top = os::open_directory(root, local_directory_in(root));
    if (!top) return;
    const auto services = os::open_directory(top.get(), "services");
    const auto processes = os::open_directory(top.get(), "processes");
    const auto doorbells = os::open_directory(top.get(), "doorbells");
    const auto nodes = os::open_directory(top.get(), "nodes");
    if (!services || !processes || !doorbells || !nodes) return;
    const auto dead = dead_processes(processes.get());
    for (const auto node : dead) remove_services_of(services.get(), node);
    if (!dead.empty()) remove_processes(processes.get(), doorbells.get(), nodes.get(), dead);
} catch (...) {
    // As above.
}

void remove_services_of(int all_local, process_id node) noexcept try {
    const auto services = os::open_directory(all_local, node.to_string());
    if (!services) return;
    for (const auto& entry : os::list_directory(services.get()))
        if (const auto each = os::open_directory(services.get(), entry.name))
            remove_service(services.get(), entry.name.c_str(), each.get());
    os::remove_directory(all_local, node.to_string());
} catch (...) {
    // As above.
}

}  // namespace elkodon::service
