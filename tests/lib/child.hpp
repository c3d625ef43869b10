// A fork's child of the test, for what would spoil the test's own process: mounts, users, forks themselves.
// It ends with _exit, so that nothing of the parent's is destroyed in it.
#pragma once

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <sched.h>
#include <string>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace tests {

/// Runs `body` in a child; returns the sentence that it returns, empty when all was well, or how it ended.
template <class F>
std::string in_child(F&& body) {
    int ends[2];
    if (pipe(ends) != 0) return "pipe failed";
    const auto child = fork();
    if (child < 0) return "fork failed";
    if (child == 0) {
        close(ends[0]);
        for (const int each : {SIGINT, SIGTERM, SIGSEGV, SIGABRT})
            signal(each, SIG_DFL);  // were Catch2's
        std::string said;
        try {
            said = std::forward<F>(body)();
        } catch (const std::exception& thrown) {
            said = std::string("thrown: ") + thrown.what();
        }
        const bool told =
            write(ends[1], said.data(), said.size()) == static_cast<ssize_t>(said.size());
        _exit(told ? 0 : 1);
    }
    close(ends[1]);
    std::string said;
    char part[512];
    for (ssize_t got; (got = read(ends[0], part, sizeof part)) > 0;)
        said.append(part, static_cast<std::size_t>(got));
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) return "killed by " + std::string(strsignal(WTERMSIG(status)));
    return WEXITSTATUS(status) == 0 ? said : "ended with " + std::to_string(WEXITSTATUS(status));
}

/// In a child: a namespace of its own for mounts, where need be as root of a namespace of users with one user in it.
inline bool own_mounts() {
    if (unshare(CLONE_NEWNS) == 0) return true;
    const auto user = std::to_string(geteuid()), group = std::to_string(getegid());
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    const auto put = [](const char* path, const std::string& text) {
        return static_cast<bool>(std::ofstream(path) << text << std::flush);
    };
    return put("/proc/self/setgroups", "deny") &&
           put("/proc/self/uid_map", user + " " + user + " 1") &&
           put("/proc/self/gid_map", group + " " + group + " 1");
}

/// In a child: mounts a tmpfs of its own at `path`. Says why not where that isn't allowed.
inline std::string mount_tmpfs(const std::string& path, const char* options) {
    if (!own_mounts()) return "skipped: no mounts of our own: " + std::string(strerror(errno));
    if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("none", path.c_str(), "tmpfs", 0, options) != 0)
        return "skipped: no tmpfs of our own: " + std::string(strerror(errno));
    return {};
}

}  // namespace tests
