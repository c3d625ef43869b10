// A root directory of its own for a test: unique, in shared memory, handed to this process and to all that it starts
// in ELKODON_ROOT, and removed when this process has ended or the object has, whatever the dead have left in it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace support {

class scratch_root {
public:
    scratch_root();
    ~scratch_root();
    scratch_root(const scratch_root&) = delete;
    scratch_root& operator=(const scratch_root&) = delete;

    const std::filesystem::path& path() const noexcept { return path_; }

    /// The four directories of the default domain.
    std::filesystem::path services() const { return path_ / "default" / "services"; }
    std::filesystem::path nodes() const { return path_ / "default" / "nodes"; }
    std::filesystem::path processes() const { return path_ / "default" / "processes"; }
    std::filesystem::path doorbells() const { return path_ / "default" / "doorbells"; }

    /// Every name below those four, relative to the domain and sorted: empty when nothing is left behind.
    std::vector<std::string> listing() const;

private:
    /// A process that removes the directory, at the latest when this one has been killed.
    class guardian {
    public:
        explicit guardian(const std::string& path);
        ~guardian();
        guardian(const guardian&) = delete;
        guardian& operator=(const guardian&) = delete;

    private:
        int alive_ = -1;
        pid_t pid_ = -1;
    };

    std::filesystem::path path_;
    std::optional<guardian> guardian_;
    std::string before_;
};

/// What listing() says when nothing is left.
inline const std::vector<std::string> nothing;

}  // namespace support
