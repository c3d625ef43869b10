// See domain.hpp.
#include <elkodon/base/error.hpp>
#include <elkodon/os/process.hpp>
#include <elkodon/service/domain.hpp>
#include <elkodon/service/names.hpp>

#include <cerrno>
#include <fcntl.h>

namespace elkodon::service {
namespace {

constexpr std::uint32_t writable_by_others = 022;

std::string octal(std::uint32_t mode) {
    std::string text;
    for (int shift = 6; shift >= 0; shift -= 3)
        text += static_cast<char>('0' + (mode >> shift & 7));
    return text;
}

os::fd open_root(const std::string& path) {
    const auto doing = "open root " + quoted(path);
    if (path.empty() || path.find('\0') != std::string::npos)
        throw error(errc::invalid_root, doing, "path", "a directory", "none");
    try {
        os::make_directory(AT_FDCWD, path, doing);
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
    const auto doing = "open root " + quoted(path);
    const auto facts = os::facts_of(root, doing);
    if (facts.owner != os::user_number())
        throw error(errc::invalid_root, doing, "owner", "user " + std::to_string(os::user_number()),
                    "user " + std::to_string(facts.owner) +
                        ": set ELKODON_ROOT to a directory of your own");
    if ((facts.mode & writable_by_others) != 0)
        throw error(errc::invalid_root, doing, "mode", "nobody else may write (chmod 700)",
                    octal(facts.mode & 0777));
}

os::fd open_inside(int at, const std::string& name, const std::string& root) {
    const auto doing = "make \"" + name + "\" in root " + quoted(root);
    os::make_directory(at, name, doing);
    auto directory = os::open_directory(at, name);
    if (!directory) throw error(errc::invalid_root, doing + ": removed meanwhile");
    return directory;
}

std::string directory_for(const configuration& config, reach who) {
    return who == reach::local ? local_directory
                               : encode_name(config.domain, "open domain " + quoted(config.domain));
}

}  // namespace

domain::domain(const configuration& config, reach who)
    : path(config.root + "/" + directory_for(config, who)), root(open_root(config.root)) {
    check_root(root.get(), config.root);
    const auto top = open_inside(root.get(), directory_for(config, who), config.root);
    services = open_inside(top.get(), "services", config.root);
    processes = open_inside(top.get(), "processes", config.root);
    doorbells = open_inside(top.get(), "doorbells", config.root);
    identity = os::facts_of(top.get(), "open domain " + quoted(config.domain)).identity;
    if (who == reach::local) all_local = std::move(services);
}

void domain::make_services_of(process_id node) {
    services = open_inside(all_local.get(), node.to_string(), path);
}

}  // namespace elkodon::service
