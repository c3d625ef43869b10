// See process.hpp.
#include <elkodon/os/file.hpp>
#include <elkodon/os/process.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

namespace elkodon::os {
namespace {

struct flock whole_file() noexcept {
    struct flock request{};
    request.l_type = F_WRLCK;
    request.l_whence = SEEK_SET;
    return request;
}

}  // namespace

std::uint32_t process_number() noexcept { return static_cast<std::uint32_t>(getpid()); }

std::uint32_t user_number() noexcept { return geteuid(); }

std::string executable_path() {
    std::array<char, 4096> path{};
    const auto length = readlink("/proc/self/exe", path.data(), path.size());
    return length > 0 ? std::string(path.data(), static_cast<std::size_t>(length)) : std::string();
}

std::uint64_t random_number() {
    std::uint64_t number = 0;
    while (number == 0)
        if (getrandom(&number, sizeof number, 0) != sizeof number && errno != EINTR)
            throw_errno(errno, "draw a random number");
    return number;
}

cores_in_reach cores_of_this_thread() noexcept {
    if (sysconf(_SC_NPROCESSORS_ONLN) == 1) return cores_in_reach::one;
    // More cores than the set has room for are several, whatever the error.
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return cores_in_reach::several;
    return CPU_COUNT(&allowed) == 1 ? cores_in_reach::pinned : cores_in_reach::several;
}

void yield() noexcept { sched_yield(); }

void raise_file_limit(std::uint64_t enough) noexcept {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    const auto wanted = std::min<rlim_t>(limit.rlim_max, enough);
    if (limit.rlim_cur >= wanted) return;
    limit.rlim_cur = wanted;
    setrlimit(RLIMIT_NOFILE, &limit);
}

bool lock_for_this_process(int file) noexcept {
    auto request = whole_file();
    return fcntl(file, F_SETLK, &request) == 0;
}

bool locked_by_another(int file) noexcept {
    auto request = whole_file();
    // Who could not ask knows nothing: then it counts as locked.
    return fcntl(file, F_GETLK, &request) != 0 || request.l_type != F_UNLCK;
}

void watch_forks() noexcept {
    static const bool once = [] {
        pthread_atfork(nullptr, nullptr, [] {
            // relaxed: the child's only thread.
            internal_fork::generation.fetch_add(1, std::memory_order_relaxed);
        });
        return true;
    }();
    static_cast<void>(once);
}

}  // namespace elkodon::os
