// See scratch_root.hpp.
#include <support/scratch_root.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace support {

scratch_root::scratch_root() {
    std::string name = "/dev/shm/elkodon-test-XXXXXX";
    if (!mkdtemp(name.data())) throw std::system_error(errno, std::generic_category(), "mkdtemp");
    path_ = name;
    if (const char* before = std::getenv("ELKODON_ROOT")) before_ = before;
    setenv("ELKODON_ROOT", path_.c_str(), 1);
}

scratch_root::~scratch_root() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
    if (before_.empty()) unsetenv("ELKODON_ROOT");
    else setenv("ELKODON_ROOT", before_.c_str(), 1);
}

std::vector<std::string> scratch_root::listing() const {
    std::vector<std::string> names;
    for (const auto& place : {services(), processes(), doorbells()}) {
        std::error_code gone;
        for (std::filesystem::recursive_directory_iterator each(place, gone), end; each != end;
             each.increment(gone))
            names.push_back(each->path().lexically_relative(path_ / "default").string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

}  // namespace support
