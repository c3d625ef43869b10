// `elkodon clean`: joining a domain cleans up after its dead; this says what that came to.
#include "commands.hpp"

#include <cstdio>
#include <filesystem>
#include <set>

namespace tools {
namespace {

/// All names below the domain's directory. Others make and remove some meanwhile.
std::set<std::string> names_in(const elkodon::configuration& config) {
    std::set<std::string> names;
    std::error_code gone;
    const auto end = std::filesystem::recursive_directory_iterator{};
    for (auto each = std::filesystem::recursive_directory_iterator(
             std::filesystem::path(config.root) / config.domain, gone);
         !gone && each != end; each.increment(gone))
        names.insert(each->path().string());
    return names;
}

}  // namespace

int clean(const elkodon::configuration& config) {
    const auto before = names_in(config);
    elkodon::node::create(config);
    const auto after = names_in(config);
    std::size_t removed = 0;
    for (const auto& name : before) removed += after.contains(name) ? 0 : 1;
    std::printf("%zu names removed, %zu left\n", removed, after.size());
    return 0;
}

}  // namespace tools
