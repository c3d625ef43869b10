// See domain.hpp.
#include <elkodon/base/error.hpp>
#include <elkodon/os/process.hpp>
#include <elkodon/service/configuration_keys.hpp>
#include <elkodon/service/domain.hpp>
#include <elkodon/service/names.hpp>

#include <cerrno>
#include <fcntl.h>
#include <utility>
#include <vector>

namespace elkodon::service {
namespace {

constexpr std::uint32_t writable_by_others = 022;
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

void check_root(int root, const std::string& path) {
    const auto doing = "open root " + in_quotes(path);
    const auto facts = os::facts_of(root, doing);
    if (facts.owner != os::user_number())
        throw error(errc::invalid_root, doing, "owner", "user " + std::to_string(os::user_number()),
                    "user " + std::to_string(facts.owner) +
                        ": set ELKODON_ROOT to a directory of your own");
    if ((facts.mode & writable_by_others) != 0)
        throw error(errc::invalid_root, doing, "mode", "nobody else may write (chmod 700)",
                    octal(facts.mode & 0777));
}

os::fd open_inside(int at,
                   const std::string& name,
                   const std::string& root,
                   std::uint32_t mode = 0700) {
    const auto doing = "make \"" + name + "\" in root " + in_quotes(root);
    os::make_directory(at, name, doing, mode);
    auto directory = os::open_directory(at, name);
    if (!directory) throw error(errc::invalid_root, doing + ": removed meanwhile");
    return directory;
}

std::string directory_for(const configuration& config, reach who) {
    if (who == reach::local) return local_directory;
    return encode_name(config.files.prefix + config.domain,
                       "open domain " + in_quotes(config.domain));
}

// What is local is nobody else's, but the root may be for others.
audience readers(const configuration& config, reach who) {
    return who == reach::local ? audience::owner : config.rights.read;
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
    : path(root_path + "/" + directory_for(config, who)),
      root(open_root(root_path, mode_for(config.rights.read))) {
    check_root(root.get(), root_path);
    const auto files = files_for(config, who);
    publish_subscribe_suffix = files.publish_subscribe_suffix;
    event_suffix = files.event_suffix;
    const auto mode = mode_for(readers(config, who));
    const auto top = open_inside(root.get(), directory_for(config, who), root_path, mode);
    agree(top.get(), files, "open domain " + in_quotes(config.domain));
    services = open_inside(top.get(), files.services, root_path, mode);
    nodes = open_inside(top.get(), files.nodes, root_path, mode);
    processes = open_inside(top.get(), files.processes, root_path, mode);
    doorbells = open_inside(top.get(), files.doorbells, root_path);
    identity = os::facts_of(top.get(), "open domain " + in_quotes(config.domain)).identity;
    if (who == reach::local) all_local = std::move(services);
}

std::optional<domain> domain::if_there(const configuration& config) {
    const auto root_path = expanded_root(config.root);
    const auto doing = "open root " + in_quotes(root_path);
    domain made;
    made.path = root_path + "/" + directory_for(config, reach::shared);
    made.publish_subscribe_suffix = config.files.publish_subscribe_suffix;
    made.event_suffix = config.files.event_suffix;
    made.root = os::open_directory(AT_FDCWD, root_path);
    if (!made.root) return std::nullopt;
    const auto top = os::open_directory(made.root.get(), directory_for(config, reach::shared));
    if (!top) return std::nullopt;
    made.services = os::open_directory(top.get(), config.files.services);
    made.nodes = os::open_directory(top.get(), config.files.nodes);
    made.processes = os::open_directory(top.get(), config.files.processes);
    made.identity = os::facts_of(top.get(), doing).identity;
    if (!made.services || !made.nodes || !made.processes) return std::nullopt;
    return made;
}

void domain::make_services_of(process_id node) {
    services = open_inside(all_local.get(), node.to_string(), path);
}

}  // namespace elkodon::service
