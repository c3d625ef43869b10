// See scratch_root.hpp.
#include <support/scratch_root.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace support {
namespace {

void must(int error, const char* doing) {
    if (error != 0) throw std::system_error(error, std::generic_category(), doing);
}

}  // namespace

// Waits for the end of its stdin, whose other end only this process has, in a session of its own: what is sent to
// the test's process group doesn't reach it.
scratch_root::guardian::guardian(const std::string& path) {
    int ends[2];
    must(pipe2(ends, O_CLOEXEC) == 0 ? 0 : errno, "pipe2");
    alive_ = ends[1];
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, ends[0], 0);
    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&files, 3);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
    std::string name = "sh", option = "-c", script = "read -r end; rm -rf -- \"$0\"", root = path;
    char* const command[]{name.data(), option.data(), script.data(), root.data(), nullptr};
    const int error = posix_spawn(&pid_, "/bin/sh", &files, &attributes, command, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    close(ends[0]);
    must(error, "start the guardian of a scratch root");
}

scratch_root::guardian::~guardian() {
    close(alive_);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
}

scratch_root::scratch_root() {
    std::string name = "/dev/shm/elkodon-test-XXXXXX";
    if (!mkdtemp(name.data())) must(errno, "mkdtemp");
    path_ = name;
    guardian_.emplace(name);
    if (const char* before = std::getenv("ELKODON_ROOT")) before_ = before;
    setenv("ELKODON_ROOT", path_.c_str(), 1);
}

scratch_root::~scratch_root() {
    if (before_.empty()) unsetenv("ELKODON_ROOT");
    else setenv("ELKODON_ROOT", before_.c_str(), 1);
}

std::vector<std::string> scratch_root::listing() const {
    std::vector<std::string> names;
    for (const auto& place : {services(), nodes(), processes(), doorbells()}) {
        std::error_code gone;
        for (std::filesystem::recursive_directory_iterator each(place, gone), end; each != end;
             each.increment(gone))
            names.push_back(each->path().lexically_relative(path_ / "default").string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

}  // namespace support
