// See domain.hpp.
#include <elkodon/base/error.hpp>
#include <elkodon/os/process.hpp>
#include <elkodon/service/configuration_keys.hpp>
#include <elkodon/service/domain.hpp>
#include <elkodon/service/names.hpp>

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <thread>
#include <utility>
#include <vector>

namespace elkodon::service {
namespace {

constexpr const char* domain_name = "domain.toml";

std::string octal(std::uint32_t mode) {
    std::string text;
    for (int shift = 6; shift >= 0; shift -= 3)
        text += static_cast<char>('0' + (mode >> shift & 7));
    return text;
}

os::fd open_root(const std::string& path, std::uint32_t mode) {
    const auto doing = "open root " + in_quotes(path);
    if (path.empty() || path.find('\0') != std::string::npos)
        throw error(errc::invalid_root, doing, "path", "a directory", "none");
    try {
        os::make_directory(AT_FDCWD, path, doing, mode);
        auto root = os::open_directory(AT_FDCWD, path);
        if (root) return root;
    } catch (const std::system_error& failure) {
        // O_NOFOLLOW with O_DIRECTORY says ENOTDIR for a link, ELOOP on some file systems.
        const bool not_a_directory = failure.code() == std::errc::not_a_directory ||
                                     failure.code() == std::errc::too_many_symbolic_link_levels;
        if (!not_a_directory && failure.code() != std::errc::no_such_file_or_directory) throw;
        if (not_a_directory)
            throw error(errc::invalid_root, doing, "kind", "a directory",
                        "a link or a file: name the directory itself");
    }
    throw error(errc::invalid_root, doing, "path", "a directory whose parent exists", "none");
}

void check_own_root(const os::file_facts& facts, const std::string& doing) {
    if (facts.owner != os::user_number())
        throw error(errc::invalid_root, doing, "owner", "user " + std::to_string(os::user_number()),
                    "user " + std::to_string(facts.owner) +
                        ": set ELKODON_ROOT to a directory of your own");
    if (facts.for_others_too())
        throw error(errc::invalid_root, doing, "mode", "nobody else may write (chmod 700)",
                    octal(facts.mode & 0777));
}

// A directory gets its rights a moment after it was made.
bool opens_to_us(int directory, const std::string& doing) {
    for (int tries = 0; tries < 20; ++tries) {
        const auto facts = os::facts_of(directory, doing);
        if (facts.owner == os::user_number()) return true;
        if (facts.for_others_too() && os::may_write(directory)) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
}

// Whoever made it may do anything in it: who lets others take part chooses the directory, and with it him.
void check_shared(int directory,
                  const os::file_facts& facts,
                  audience writers,
                  const std::string& doing) {
    if (!facts.keeps_names())
        throw error(errc::invalid_root, doing, "mode",
                    "others may write, but not remove each other's files (chmod +t)",
                    octal(facts.mode & 0777));
    if (writers == audience::group && (facts.mode & 02) != 0)
        throw error(errc::invalid_root, doing, "mode",
                    "nobody but the group may write (rights.write is \"group\")",
                    octal(facts.mode & 0777));
    if (!opens_to_us(directory, doing))
        throw error(errc::permission_denied, doing, "the right to write", "ours",
                    "user " + std::to_string(facts.owner) +
                        "'s, who lets us read at most (rights.write, where he makes it)");
}

void check_directory(int directory, audience writers, const std::string& doing) {
    const auto facts = os::facts_of(directory, doing);
    if (writers == audience::owner) check_own_root(facts, doing);
    else check_shared(directory, facts, writers, doing);
}

os::fd open_inside(int at,
                   const std::string& name,
                   const std::string& root,
                   const configuration::rights_settings& rights = {}) {
    const auto doing = "make \"" + name + "\" in root " + in_quotes(root);
    os::make_directory(at, name, doing, mode_for(rights.read, rights.write));
    auto directory = os::open_directory(at, name);
    if (!directory) throw error(errc::invalid_root, doing + ": removed meanwhile");
    check_directory(directory.get(), rights.write, doing);
    return directory;
}

std::string directory_for(const configuration& config) {
    return encode_name(config.files.prefix + config.domain,
                       "open domain " + in_quotes(config.domain));
}

// What is local is nobody else's, but the root may be for others.
configuration::rights_settings rights_in(const configuration& config, reach who) {
    return who == reach::local ? configuration::rights_settings{} : config.rights;
}

// Local nodes of one root sweep up after each other, whatever they are configured with.
configuration::file_settings files_for(const configuration& config, reach who) {
    return who == reach::local ? configuration::file_settings{} : config.files;
}

using file_names = std::vector<std::pair<std::string_view, std::string_view>>;

file_names names_in(const configuration::file_settings& files) {
    return {{"services", files.services},
            {"nodes", files.nodes},
            {"processes", files.processes},
            {"doorbells", files.doorbells},
            {"publish_subscribe_suffix", files.publish_subscribe_suffix},
            {"event_suffix", files.event_suffix}};
}

std::string text_of(const file_names& all) {
    std::string text;
    for (const auto& [key, value] : all)
        text += std::string(key) + " = '" + std::string(value) + "'\n";
    return text;
}

// Who looks for processes in another directory would take all for dead: the first one decides what files are called.
void agree(int top, const configuration::file_settings& files, const std::string& doing) {
    const auto ours = names_in(files);
    auto file = os::open_file(top, domain_name, false);
    if (!file) {
        const auto made = os::create_unnamed(top, 0, doing);
        os::write_text(made.get(), text_of(ours), doing);
        if (os::link_unnamed(made.get(), top, domain_name)) return;
        file = os::open_file(top, domain_name, false);
    }
    if (!file) throw error(errc::invalid_root, doing + ": its domain.toml was removed meanwhile");
    const auto theirs = os::read_text(file.get(), 4096, doing);
    if (theirs == text_of(ours)) return;
    for (const auto& [key, value] : ours) {
        const auto line = std::string(key) + " = '" + std::string(value) + "'\n";
        if (("\n" + theirs).find("\n" + line) != std::string::npos) continue;
        throw error(errc::incompatible_property, doing, "files." + std::string(key),
                    in_quotes(value), "another name in " + in_quotes(domain_name));
    }
    throw error(errc::incompatible_property, doing, "files", text_of(ours), theirs);
}

}  // namespace

domain::domain(const configuration& config, reach who)
    : domain(config, who, expanded_root(config.root)) {}

domain::domain(const configuration& config, reach who, const std::string& root_path)
    : root(open_root(root_path, mode_for(config.rights.read, config.rights.write))) {
    check_directory(root.get(), config.rights.write, "open root " + in_quotes(root_path));
    const auto name = who == reach::local ? local_directory_in(root.get()) : directory_for(config);
    path = root_path + "/" + name;
    const auto files = files_for(config, who);
    publish_subscribe_suffix = files.publish_subscribe_suffix;
    event_suffix = files.event_suffix;
    const auto rights = rights_in(config, who);
    const auto top = open_inside(root.get(), name, root_path, rights);
    agree(top.get(), files, "open domain " + in_quotes(config.domain));
    services = open_inside(top.get(), files.services, root_path, rights);
    nodes = open_inside(top.get(), files.nodes, root_path, rights);
    processes = open_inside(top.get(), files.processes, root_path, rights);
    // Who only reads has nothing to ring here.
    doorbells = open_inside(top.get(), files.doorbells, root_path, {.write = rights.write});
    identity = os::facts_of(top.get(), "open domain " + in_quotes(config.domain)).identity;
    if (who == reach::local) all_local = std::move(services);
}

std::optional<domain> domain::if_there(const configuration& config) {
    const auto root_path = expanded_root(config.root);
    const auto doing = "open root " + in_quotes(root_path);
    domain made;
    made.path = root_path + "/" + directory_for(config);
    made.publish_subscribe_suffix = config.files.publish_subscribe_suffix;
    made.event_suffix = config.files.event_suffix;
    made.root = os::open_directory(AT_FDCWD, root_path);
    if (!made.root) return std::nullopt;
    const auto top = os::open_directory(made.root.get(), directory_for(config));
    if (!top) return std::nullopt;
    made.services = os::open_directory(top.get(), config.files.services);
    made.nodes = os::open_directory(top.get(), config.files.nodes);
    made.processes = os::open_directory(top.get(), config.files.processes);
    made.identity = os::facts_of(top.get(), doing).identity;
    if (!made.services || !made.nodes || !made.processes) return std::nullopt;
    return made;
}

std::string local_directory_in(int root) {
    const std::string name = ".local";
    if (!os::facts_of(root, "look at the root").for_others_too()) return name;
    return name + '.' + std::to_string(os::user_number());
}

void domain::make_services_of(process_id node) {
    services = open_inside(all_local.get(), node.to_string(), path);
}

}  // namespace elkodon::service
