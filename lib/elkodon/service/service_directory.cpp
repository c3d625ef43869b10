// See service_directory.hpp.
#include <elkodon/base/error.hpp>
#include <elkodon/service/clean_up.hpp>
#include <elkodon/service/names.hpp>
#include <elkodon/service/properties.hpp>
#include <elkodon/service/service_directory.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <set>
#include <thread>

namespace elkodon::service {
namespace {

using clock = std::chrono::steady_clock;
constexpr std::size_t longest_configuration = 64 * 1024;

std::string_view word_for(joining how) noexcept {
    constexpr std::string_view words[] = {"create", "open", "open or create"};
    return words[static_cast<int>(how)];
}

std::uint32_t mode_of(const static_configuration& wanted, const configuration& settings) {
    return mode_for(wanted.readable_by.value_or(settings.rights.read),
                    wanted.writable_by.value_or(settings.rights.write));
}

// Opens the directory and takes its lock. Whoever removed it in between has moved the path on: try anew.
os::fd lock_path(int services,
                 const std::string& name,
                 joining how,
                 std::uint32_t mode,
                 std::chrono::milliseconds lock_wait,
                 const std::string& doing) {
    for (;;) {
        if (how != joining::open) os::make_directory(services, name, doing, mode);
        auto directory = os::open_directory(services, name);
        if (!directory && how == joining::open) throw error(errc::service_not_found, doing);
        if (!directory) continue;
        if (!os::lock_directory(directory.get(), clock::now() + lock_wait))
            throw error(errc::service_busy, doing, "the directory's lock",
                        "free within " + std::to_string(lock_wait.count()) + " ms",
                        "held by a process that doesn't move on");
        const auto facts = os::facts_of(directory.get(), doing);
        if (!facts.keeps_names())
            throw error(errc::permission_denied, doing, "mode of the service's directory",
                        "others can't remove each other's files (chmod +t)", "they can");
        if (os::identity_of(services, name) == facts.identity) return directory;
        os::unlock_directory(directory.get());
    }
}

}  // namespace

std::string configuration_text(int directory, const std::string& doing) {
    const auto where = doing + ": its service.toml can't be read (remove the service's directory)";
    os::fd file;
    try {
        file = os::open_file(directory, configuration_name, false);
    } catch (const std::system_error& failure) {
        throw error(failure.code(), where);
    }
    if (!file) throw error(errc::invalid_segment, where + ": there is none");
    return os::read_text(file.get(), longest_configuration, where);
}

// Where several users take part, one may open what another is just making: it takes its rights in a moment.
std::shared_ptr<service_directory> service_directory::join(std::shared_ptr<membership> node,
                                                           static_configuration wanted,
                                                           joining how) {
    const int most_tries = node->settings().rights.write == audience::owner ? 1 : 20;
    for (int tries = 1;; ++tries) {
        try {
            return join_once(node, wanted, how);
        } catch (const error& refused) {
            if (refused.code() != errc::permission_denied || tries >= most_tries) throw;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }
}

std::shared_ptr<service_directory> service_directory::join_once(std::shared_ptr<membership> node,
                                                                static_configuration wanted,
                                                                joining how) {
    const auto doing = std::string(word_for(how)) + " " + in_quotes(wanted.name);
    if (!node->process().ours()) throw error(errc::forked, doing);
    const auto& domain = node->process().directories();
    if (!os::facts_of(domain.services.get(), doing).linked)
        throw error(errc::membership_lost, doing + ": " + domain.path +
                                               " is not that of this node any more (end all nodes "
                                               "in it, and make new ones)");
    const auto& settings = node->settings();
    const auto name =
        encode_name(wanted.name, doing) + node->process().directories().suffix_of(wanted.pattern);
    check_values(wanted, doing);
    if (wanted.writable_by.value_or(audience::owner) > settings.rights.write)
        throw error(errc::invalid_value, doing, "writable_by",
                    "no more than may write the root (rights.write)", "more");
    auto directory = lock_path(node->process().directories().services.get(), name, how,
                               mode_of(wanted, settings), settings.limits.lock_wait, doing);
    auto made = std::make_shared<service_directory>(std::move(node), name, std::move(directory));
    const os::unlock_at_end unlock(made->descriptor());
    made->create_or_check(std::move(wanted), how);
    return made;
}

service_directory::service_directory(std::shared_ptr<membership> node,
                                     std::string name,
                                     os::fd directory)
    : node_(std::move(node)), directory_name_(std::move(name)), directory_(std::move(directory)) {}

// Under the directory's lock. Where nobody is a member, there is no service, whatever the dead have left.
void service_directory::create_or_check(static_configuration wanted, joining how) {
    const auto doing = std::string(word_for(how)) + " " + in_quotes(wanted.name);
    if (settings().clean_up.on_opening) clean_up_service(descriptor(), process(), unseen::stays);
    const auto facts = os::facts_of(descriptor(), doing);
    if (facts.owner != os::user_number() && !(facts.for_others_too() && os::may_write(descriptor())))
        throw error(errc::permission_denied, doing, "the right to write", "ours",
                    "user " + std::to_string(facts.owner) +
                        "'s, who lets us read at most (writable_by, rights.write)");
    const bool exists = has_members(descriptor());
    if (exists && how == joining::create) throw error(errc::service_exists, doing);
    if (exists) {
        check(wanted, doing);
        check_room(doing);
        become_member(doing);
        return;
    }
    const int services = process().directories().services.get();
    if (how == joining::open) {
        remove_service(services, directory_name_.c_str(), descriptor());
        throw error(errc::service_not_found, doing);
    }
    if (!clear_service(descriptor())) return take_over(wanted, how, doing);
    try {
        create(std::move(wanted), doing);
        become_member(doing);
    } catch (...) {
        remove_service(services, directory_name_.c_str(), descriptor());
        throw;
    }
}

// Nobody has it open, but only the user who made it can take it away: then it is used as it is.
void service_directory::take_over(const static_configuration& wanted,
                                  joining how,
                                  const std::string& doing) {
    if (how == joining::create)
        throw error(errc::service_exists,
                    doing + ": another user left it, whose next process takes it away");
    check(wanted, doing);
    become_member(doing);
}

void service_directory::check(const static_configuration& wanted, const std::string& doing) {
    configuration_ = from_toml(configuration_text(descriptor(), doing), wanted, doing);
    check_compatible(wanted, configuration_, doing);
    configuration_.any_type = false;
    map_control();
}

void service_directory::create(static_configuration wanted, const std::string& doing) {
    check_can_be_made(wanted, doing);
    define_what_is_required(wanted, doing);
    const auto text = to_toml(wanted);
    if (text.size() > longest_configuration)
        throw error(errc::invalid_value, doing, "length of the static configuration",
                    "at most " + std::to_string(longest_configuration) + " bytes",
                    std::to_string(text.size()));
    set_rights(wanted, doing);
    segment::own_segment page(descriptor(), {layout::segment_kind::control, {}, process().id()},
                              sizeof(layout::control_page), doing);
    page.link(descriptor(), control_name);
    configuration_ = std::move(wanted);
    map_control();
    // relaxed: nobody else sees the page before the configuration has its name.
    control().last_notified.store(
        static_cast<std::uint64_t>(clock::now().time_since_epoch() / std::chrono::nanoseconds(1)),
        std::memory_order_relaxed);
    const auto file = os::create_unnamed(descriptor(), 0, doing);
    os::write_text(file.get(), text, doing);
    os::link_unnamed(file.get(), descriptor(), configuration_name);
}

// Before anything is made in it. Whose directory another user made for all, and let go of, takes it as it is.
void service_directory::set_rights(const static_configuration& wanted, const std::string& doing) {
    const auto mode = mode_of(wanted, settings());
    const auto facts = os::facts_of(descriptor(), doing);
    if ((facts.mode & 07777) == mode) return;
    if (facts.owner == os::user_number()) return os::set_mode(descriptor(), mode, doing);
    throw error(errc::permission_denied, doing, "rights", "those of this user",
                "those of user " + std::to_string(facts.owner) +
                    ", who made the directory and alone can take it away");
}

// A node counts once, however often it has opened the service.
void service_directory::check_room(const std::string& doing) const {
    const auto most = configuration_[key::max_nodes];
    if (most == 0) return;  // the pattern has no such limit
    std::set<std::string> nodes;
    for (const auto& entry : os::list_directory(descriptor()))
        if (member_process(entry.name))
            nodes.insert(entry.name.substr(0, entry.name.rfind('.') + 1));
    if (nodes.size() < most || nodes.contains(member_prefix())) return;
    throw error(errc::node_limit_reached, doing, std::string(key::max_nodes),
                std::to_string(nodes.size() + 1), std::to_string(most));
}

std::string service_directory::member_prefix() const {
    return "member." + process().id().to_string() + "." + node_->id().to_string() + ".";
}

void service_directory::become_member(const std::string& doing) {
    const auto file = os::create_unnamed(descriptor(), 0, doing);
    auto name = member_prefix() + process_id{os::random_number()}.to_string();
    os::link_unnamed(file.get(), descriptor(), name);
    member_name_ = std::move(name);
}

void service_directory::map_control() {
    control_ =
        segment::foreign_segment::map(descriptor(), control_name, layout::segment_kind::control,
                                      os::access::read_write, sizeof(layout::control_page));
    if (control_) return;
    const auto doing = "open the control page of " + title();
    switch (control_.why_absent()) {
        case segment::absence::our_failure: throw error(control_.failure(), doing);
        case segment::absence::other_layout: throw error(errc::incompatible_layout, doing);
        default:
            throw error(errc::invalid_segment,
                        doing + ": remove the service's directory \"" + directory_name_ + "\"");
    }
}

service_directory::~service_directory() {
    if (member_name_.empty() || !process().ours()) return;
    // Without the lock the name goes all the same; whoever cleans up next removes the service.
    const bool locked = os::lock_directory(descriptor(), clock::now() + std::chrono::seconds(1));
    const os::unlock_at_end unlock(descriptor());
    os::unlink_name(descriptor(), member_name_);
    if (!locked) return;
    try {
        if (settings().clean_up.on_destruction)
            clean_up_service(descriptor(), process(), unseen::stays);
        const int services = process().directories().services.get();
        if (!has_members(descriptor()))
            remove_service(services, directory_name_.c_str(), descriptor());
    } catch (...) {
        // As above.
    }
}

std::string service_directory::title() const { return "service " + in_quotes(configuration_.name); }

std::uint32_t service_directory::claim(port_kind kind,
                                       segment::own_segment& port,
                                       std::string_view limit_key) {
    const auto limit = configuration_[limit_key];
    std::uint32_t slot = 0;
    bool claimed = try_claim(kind, port, limit, slot);
    if (!claimed) {
        clean_up(kind == port_kind::publisher ? unseen::goes : unseen::stays);
        claimed = try_claim(kind, port, limit, slot);
    }
    if (!claimed)
        throw error(errc::port_limit_reached,
                    "create a " + std::string(service::word_for(kind)) + " of " + title(),
                    std::string(limit_key), "one more", std::to_string(limit) + " in use");
    bump_generation();
    return slot;
}

bool service_directory::try_claim(port_kind kind,
                                  segment::own_segment& port,
                                  std::uint64_t limit,
                                  std::uint32_t& slot) {
    if (os::identity_of(process().directories().services.get(), directory_name_) !=
        os::facts_of(descriptor(), "look at " + title()).identity)
        throw error(errc::membership_lost, "create a port of " + title());
    std::vector<bool> taken(limit);
    for (const auto& entry : list(kind))
        if (entry.slot < limit) taken[entry.slot] = true;
    for (slot = 0; slot < limit; ++slot)
        if (!taken[slot] && port.link(descriptor(), port_name(kind, slot))) return true;
    return false;
}

void service_directory::release(port_kind kind,
                                std::uint32_t slot,
                                os::file_identity port) noexcept {
    if (!process().ours()) return;
    os::unlink_if(descriptor(), port_name(kind, slot), port);
    bump_generation();
}

std::vector<port_entry> service_directory::list(port_kind kind) const {
    std::vector<port_entry> ports;
    for (const auto& entry : os::list_directory(descriptor()))
        if (const auto slot = slot_of(kind, entry.name)) ports.push_back({*slot, entry.inode});
    return ports;
}

void service_directory::watch_names() {
    const std::lock_guard lock(names_mutex_);
    const auto doing = "watch the names of " + title();
    if (names_ || !os::facts_of(descriptor(), doing).for_others_too()) return;
    names_.emplace();
    if (names_->watch(descriptor()) < 0) {
        const int number = errno;
        names_.reset();
        os::throw_errno(number, doing + " (see /proc/sys/fs/inotify)");
    }
}

std::uint64_t service_directory::name_changes() noexcept {
    const std::lock_guard lock(names_mutex_);
    if (!names_) return 0;
    std::error_code out_of_memory;
    const auto news = without_throwing(out_of_memory, [&] {
        const auto taken = names_->take();
        return taken.overflowed || !taken.events.empty();
    });
    if (news || out_of_memory) ++name_changes_;
    return name_changes_;
}

bool service_directory::clean_up(unseen what) noexcept try {
    // The lock of the directory is between processes: our ports share its open description.
    const std::unique_lock alone(cleaning_, std::try_to_lock);
    if (!alone.owns_lock() || !os::try_lock_directory(descriptor())) return false;
    const os::unlock_at_end unlock(descriptor());
    clean_up_service(descriptor(), process(), what);
    return true;
} catch (...) {
    return false;  // what we could not clean, the next one will
}

}  // namespace elkodon::service
