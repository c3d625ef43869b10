// See watcher.hpp and watch.hpp.
#include <elkodon/base/log.hpp>
#include <elkodon/os/socket.hpp>
#include <elkodon/segment/bell.hpp>
#include <elkodon/service/files.hpp>
#include <elkodon/service/names.hpp>
#include <elkodon/service/watcher.hpp>

#include <algorithm>

namespace elkodon {

watch::watch() noexcept = default;
watch::watch(std::unique_ptr<service::watcher> engine) noexcept : engine_(std::move(engine)) {}
watch::watch(watch&&) noexcept = default;
watch& watch::operator=(watch&&) noexcept = default;
watch::~watch() = default;

change watch::receive() noexcept {
    change made;
    if (!engine_) {
        made.error_ = errc::closed;
        return made;
    }
    std::error_code ec;
    made = without_throwing(ec, [&] { return engine_->next(); });
    if (ec) made.error_ = ec;
    return made;
}

int watch::native_handle() const {
    if (!engine_) throw error(errc::closed, "ask a watch for its descriptor");
    return engine_->descriptor();
}

watch watch_builder::create() const {
    if (!node_) throw error(errc::closed, "watch through an empty node");
    if (!node_->process().ours()) throw error(errc::forked, "watch a domain");
    return watch(std::make_unique<service::watcher>(node_));
}

namespace service {
namespace {

// Keys in the poll set; every other key is a process' id.
enum : std::uint64_t { untold_key, names_key, timer_key };

}  // namespace

watcher::watcher(std::shared_ptr<membership> node)
    : node_(std::move(node)),
      observer_(node_->process().directories()),
      untold_(os::make_eventfd()),
      timer_(os::make_timer()) {
    const auto& directories = node_->process().directories();
    services_ = names_.watch(directories.services.get());
    nodes_ = names_.watch(directories.nodes.get());
    processes_ = names_.watch(directories.processes.get());
    if (services_ < 0 || nodes_ < 0 || processes_ < 0) bound_waits();
    if (!set_.add(untold_.get(), untold_key) || !set_.add(names_.get(), names_key) ||
        !set_.add(timer_.get(), timer_key))
        throw error(std::make_error_code(std::errc::not_enough_memory), "watch a domain");
    os::ring(untold_.get());
}

change watcher::next() {
    if (!node_->process().ours()) throw error(errc::forked, "receive from a watch");
    if (queue_.empty()) look();
    if (queue_.empty()) {
        os::drain(untold_.get());
        return {};
    }
    auto made = std::move(queue_.front());
    queue_.pop_front();
    // Level-style: readable until receive() has said that there is nothing.
    os::ring(untold_.get());
    return made;
}

void watcher::look() {
    std::uint64_t keys[64];
    bool deaths = false, time_over = false;
    for (std::size_t i = 0, count = set_.ready(keys); i < count; ++i) {
        time_over = time_over || keys[i] == timer_key;
        deaths = deaths || keys[i] > timer_key;
    }
    std::set<std::string> touched;
    bool services = false, nodes = false;
    const bool overflowed = take_news(touched, services, nodes);
    if (first_ || overflowed || time_over) {
        if (overflowed) {
            change made;
            made.kind = change::resync;
            queue_.push_back(std::move(made));
            say(log_level::info, [] { return "a watch was told too late of some changes"; });
        }
        first_ = false;
        look_at_everything();
        if (bounded_) bound_waits();
        return;
    }
    if (services || nodes || !touched.empty() || deaths) observer_.ask_again();
    if (services) look_at_services();
    for (const auto& file : touched)
        if (const auto found = known_services_.find(file); found != known_services_.end())
            look_at_service(found->second);
    if (nodes) look_at_nodes();
    if (deaths) look_for_the_dead();
}

// Whether some news were dropped.
bool watcher::take_news(std::set<std::string>& touched, bool& services, bool& nodes) {
    const auto news = names_.take();
    for (const auto& event : news.events) {
        if (event.directory == services_) services = true;
        else if (event.directory == nodes_) nodes = true;
        else if (event.directory == processes_) {
            // A process that ends in an orderly way moves its lock file away first.
            if (const auto process = parse_id(event.name); process && event.moved_away)
                left_.insert(process);
        } else if (const auto found = by_watch_.find(event.directory); found != by_watch_.end()) {
            touched.insert(found->second);
        }
    }
    return news.overflowed;
}

void watcher::look_at_everything() {
    observer_.ask_again();
    look_at_services();
    for (auto& [file, service] : known_services_) look_at_service(service);
    look_at_nodes();
    look_for_the_dead();
}

void watcher::look_at_services() {
    const int all = node_->process().directories().services.get();
    std::set<std::string> there;
    for (const auto& entry : os::list_directory(all)) {
        there.insert(entry.name);
        auto& service = known_services_[entry.name];
        if (service.directory && service.inode == entry.inode) continue;
        if (service.directory) close_service(service);
        service.inode = entry.inode;
        std::error_code failure;
        service.directory =
            without_throwing(failure, [&] { return os::open_directory(all, entry.name); });
        if (!service.directory) continue;
        service.watched = names_.watch(service.directory.get());
        if (service.watched < 0) bound_waits();
        else by_watch_[service.watched] = entry.name;
        look_at_service(service);
    }
    for (auto each = known_services_.begin(); each != known_services_.end();) {
        if (there.contains(each->first)) {
            ++each;
            continue;
        }
        close_service(each->second);
        each = known_services_.erase(each);
    }
}

void watcher::close_service(known_service& service) {
    look_at_ports(service, {});
    if (std::exchange(service.open, false)) {
        const bool bad = std::any_of(service.members.begin(), service.members.end(),
                                     [&](auto process) { return ended_badly(process); });
        tell(bad ? change::died : change::gone, service);
    }
    service.members.clear();
    by_watch_.erase(service.watched);
    names_.forget(service.watched);
    service.watched = -1;
    service.directory.reset();
}

void watcher::look_at_service(known_service& service) {
    if (!service.directory) return;
    const auto inside = contents_of(service.directory.get());
    std::set<process_id> living;
    for (const auto& [process, node] : inside.members)
        if (observer_.state_of(process) != node_state::dead) living.insert(process);
    const bool open = !living.empty();
    if (open && !service.open) {
        auto info = read_service(service.directory.get());
        if (!info) return;  // not complete yet: its next name tells
        service.info = std::move(*info);
        service.open = true;
        tell(change::appeared, service);
    }
    look_at_ports(service, inside);
    if (!open && service.open) {
        service.open = false;
        const bool bad = std::any_of(service.members.begin(), service.members.end(),
                                     [&](auto process) { return ended_badly(process); });
        tell(bad ? change::died : change::gone, service);
    }
    service.members = std::move(living);
    for (const auto process : service.members) follow(process);
}

void watcher::look_at_ports(known_service& service, const directory_contents& inside) {
    std::map<std::string, std::uint64_t> there;
    for (const auto& port : inside.ports) there.emplace(port.file, port.inode);
    std::erase_if(service.ports, [&](const auto& each) {
        const auto& [file, port] = each;
        const auto found = there.find(file);
        const bool named = found != there.end() && found->second == port.inode;
        if (named && observer_.state_of(port.info.process) != node_state::dead) return false;
        tell(ended_badly(port.info.process) ? change::died : change::gone, service, port.info);
        return true;
    });
    if (!service.open) return;
    for (const auto& port : inside.ports) {
        if (service.ports.contains(port.file)) continue;
        auto info = read_port(service.directory.get(), port.role, port.file);
        if (!info || observer_.state_of(info->process) == node_state::dead) continue;
        follow(info->process);
        tell(change::appeared, service, *info);
        service.ports.emplace(port.file, known_port{std::move(*info), port.inode});
    }
}

// Local nodes share a directory, and don't meet.
void watcher::look_at_nodes() {
    const auto& directories = node_->process().directories();
    std::set<std::string> there;
    for (const auto& entry : os::list_directory(directories.nodes.get())) {
        there.insert(entry.name);
        if (known_nodes_.contains(entry.name)) continue;
        auto node = read_node(directories.nodes.get(), entry.name);
        if (!node || (directories.all_local && node->process != node_->process().id())) continue;
        if (observer_.state_of(node->process) == node_state::dead) continue;
        follow(node->process);
        tell(change::appeared, *node);
        known_nodes_.emplace(entry.name, std::move(*node));
    }
    std::erase_if(known_nodes_, [&](const auto& each) {
        if (there.contains(each.first)) return false;
        tell(ended_badly(each.second.process) ? change::died : change::gone, each.second);
        return true;
    });
}

// Whose files are still there as if they lived.
void watcher::look_for_the_dead() {
    std::unordered_set<process_id> dead;
    for (const auto& [process, followed] : known_processes_)
        if (observer_.state_of(process) == node_state::dead) dead.insert(process);
    if (dead.empty()) return;
    for (auto& [file, service] : known_services_)
        if (std::any_of(service.members.begin(), service.members.end(),
                        [&](auto process) { return dead.contains(process); }))
            look_at_service(service);
    std::erase_if(known_nodes_, [&](const auto& each) {
        if (!dead.contains(each.second.process)) return false;
        tell(ended_badly(each.second.process) ? change::died : change::gone, each.second);
        return true;
    });
    for (const auto process : dead) {
        if (const auto followed = known_processes_.find(process); followed->second.ending)
            set_.remove(followed->second.ending.get());
        known_processes_.erase(process);
    }
}

// Its death makes our descriptor readable; where the kernel can't do that, the clock does.
void watcher::follow(process_id process) {
    if (process == node_->process().id() || known_processes_.contains(process)) return;
    auto& made = known_processes_[process];
    const int processes = node_->process().directories().processes.get();
    const auto state =
        os::connect_to(processes, segment::socket_name(process.to_string()), made.connection);
    bool dead = false;
    if (state == os::connecting::connected)
        made.ending = os::peer_process(made.connection.get(), dead);
    if (!made.ending || dead || !set_.add(made.ending.get(), process.value())) bound_waits();
}

bool watcher::ended_badly(process_id process) {
    return observer_.state_of(process) == node_state::dead && !left_.contains(process);
}

void watcher::bound_waits() noexcept {
    bounded_ = true;
    os::start_timer(timer_.get(), node_->settings().liveness_bound);
}

void watcher::tell(change::kind_type kind, const known_service& service) {
    change made;
    made.kind = kind;
    made.subject = change::service;
    made.name = made.service_name = service.info.name;
    made.pattern = service.info.pattern;
    queue_.push_back(std::move(made));
}

void watcher::tell(change::kind_type kind, const known_service& service, const port_info& port) {
    change made;
    made.kind = kind;
    made.subject = change::port;
    made.name = port.name;
    made.service_name = service.info.name;
    made.pattern = service.info.pattern;
    made.role = port.role;
    made.port_identity = port.id;
    made.process = port.process;
    queue_.push_back(std::move(made));
}

void watcher::tell(change::kind_type kind, const node_info& node) {
    change made;
    made.kind = kind;
    made.subject = change::node;
    made.name = node.name;
    made.node_identity = node.id;
    made.process = node.process;
    queue_.push_back(std::move(made));
}

}  // namespace service
}  // namespace elkodon
