// See file.hpp.
#include <elkodon/base/atomic.hpp>
#include <elkodon/base/error.hpp>
#include <elkodon/os/file.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <mutex>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <thread>
#include <unistd.h>

#if ELKODON_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace elkodon::os {
namespace {

// ThreadSanitizer doesn't know that the kernel orders what threads do with one directory: who doesn't find a name any
// more comes after all that was done before it was removed.
#if ELKODON_TSAN
char names;
void before_names_change() noexcept { __tsan_release(&names); }
void after_names_were_read() noexcept { __tsan_acquire(&names); }
#else
void before_names_change() noexcept {}
void after_names_were_read() noexcept {}
#endif

std::string path_of(int file) { return "/proc/self/fd/" + std::to_string(file); }

std::error_code code_of(int number) noexcept {
    switch (number) {
        case ENOSPC:
        case EDQUOT: return errc::out_of_space;
        case EACCES:
        case EPERM:
        case EROFS: return errc::permission_denied;
        default: return {number, std::system_category()};
    }
}

// Allocated at once, so that a full file system is an error here and not a SIGBUS in the middle of a write.
void allocate(int file, std::uint64_t size, int directory, const std::string& doing) {
    int failure = 0;
    do failure = posix_fallocate(file, 0, static_cast<off_t>(size));
    while (failure == EINTR);
    if (failure == 0) return;
    if (failure != ENOSPC && failure != EFBIG) throw_errno(failure, doing);
    struct statvfs space{};
    const bool known = fstatvfs(directory, &space) == 0;
    const auto free = known ? std::uint64_t{space.f_bavail} * space.f_frsize : 0;
    throw error(errc::out_of_space, doing, "bytes in the root's file system", std::to_string(size),
                std::to_string(free));
}

// What closes must be able to remove what it made, also when no descriptor is free. One at a time: the position belongs
// to the open description.
std::vector<directory_entry> list_by_its_own_position(int directory) {
    static std::mutex positions;
    const std::lock_guard alone(positions);
    if (lseek(directory, 0, SEEK_SET) < 0) throw_errno(errno, "list a directory");
    std::vector<directory_entry> entries;
    alignas(dirent64) std::array<char, 16 * 1024> bytes;
    for (;;) {
        const auto got = getdents64(directory, bytes.data(), bytes.size());
        if (got < 0) throw_errno(errno, "list a directory");
        if (got == 0) return entries;
        for (auto* at = bytes.data(); at < bytes.data() + got;) {
            const auto& entry = *reinterpret_cast<const dirent64*>(at);
            const std::string_view name = entry.d_name;
            if (name != "." && name != "..") entries.push_back({std::string(name), entry.d_ino});
            at += entry.d_reclen;
        }
    }
}

}  // namespace

void throw_errno(int number, const std::string& doing) {
    const auto code = code_of(number);
    if (code.category() == error_category())
        throw error(code, doing + ": " + std::strerror(number));
    throw error(code, doing);
}

void fd::reset(int number) noexcept {
    if (number_ >= 0) ::close(number_);
    number_ = number;
}

file_facts facts_of(int file, const std::string& doing) {
    struct stat status{};
    if (fstat(file, &status) != 0) throw_errno(errno, doing);
    return {{status.st_dev, status.st_ino},
            static_cast<std::uint64_t>(status.st_size),
            status.st_uid,
            status.st_mode,
            S_ISREG(status.st_mode),
            S_ISDIR(status.st_mode),
            status.st_nlink > 0};
}

fd open_directory(int at, const std::string& name) {
    fd directory{openat(at, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (!directory && errno != ENOENT) {
        const int number = errno;
        throw_errno(number, "open directory \"" + name + "\"");
    }
    return directory;
}

void make_directory(int at, const std::string& name, const std::string& doing, std::uint32_t mode) {
    if (mkdirat(at, name.c_str(), mode & 01777) != 0) {
        if (errno != EEXIST) throw_errno(errno, doing);
        return;
    }
    // Whatever the umask says.
    if (mode != 0700 && fchmodat(at, name.c_str(), mode, 0) != 0) throw_errno(errno, doing);
}

void set_mode(int directory, std::uint32_t mode, const std::string& doing) {
    if (fchmod(directory, mode) != 0) throw_errno(errno, doing);
}

bool remove_directory(int at, const std::string& name) noexcept {
    return unlinkat(at, name.c_str(), AT_REMOVEDIR) == 0;
}

fd open_file(int directory, const std::string& name, bool writable) {
    const int access = writable ? O_RDWR : O_RDONLY;
    fd file{openat(directory, name.c_str(), access | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
    if (!file && errno != ENOENT) {
        const int number = errno;
        throw_errno(number, "open \"" + name + "\"");
    }
    if (!file) after_names_were_read();
    return file;
}

fd create_unnamed(int directory, std::uint64_t size, const std::string& doing, writers who) {
    fd file{openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
    if (!file) {
        const int number = errno;
        if (number == EOPNOTSUPP || number == EISDIR)
            throw error(
                {number, std::system_category()},
                doing + ": the root's file system has no unnamed files: choose a root on a tmpfs");
        throw_errno(number, doing);
    }
    const auto others =
        facts_of(directory, doing).mode & (who == writers::all_of_the_directory ? 066 : 044);
    if (others != 0 && fchmod(file.get(), 0600 | others) != 0) throw_errno(errno, doing);
    if (size > 0) allocate(file.get(), size, directory, doing);
    return file;
}

bool link_unnamed(int file, int directory, const std::string& name) {
    before_names_change();
    if (linkat(AT_FDCWD, path_of(file).c_str(), directory, name.c_str(), AT_SYMLINK_FOLLOW) == 0)
        return true;
    if (errno == EEXIST) return false;
    const int number = errno;
    throw_errno(number, "link \"" + name + "\"");
}

file_identity identity_of(int directory, const std::string& name) noexcept {
    struct stat status{};
    if (fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return {};
    return {status.st_dev, status.st_ino};
}

bool unlink_if(int directory, const std::string& name, file_identity identity) noexcept {
    before_names_change();
    return identity_of(directory, name) == identity && unlinkat(directory, name.c_str(), 0) == 0;
}

bool unlink_name(int directory, const std::string& name) noexcept {
    before_names_change();
    return unlinkat(directory, name.c_str(), 0) == 0 || (errno != EPERM && errno != EACCES);
}

bool may_remove(const file_facts& directory, std::uint32_t owner) noexcept {
    const auto self = geteuid();
    return !directory.for_others_too() || self == owner || self == directory.owner || self == 0;
}

bool may_write(int directory) noexcept {
    return faccessat(directory, ".", W_OK | X_OK, AT_EACCESS) == 0;
}

std::optional<std::uint32_t> owner_of(int directory, const std::string& name) noexcept {
    struct stat status{};
    if (fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
    return status.st_uid;
}

void rename_and_unlink(int directory,
                       const std::string& name,
                       const std::string& last_name) noexcept {
    before_names_change();
    const bool renamed = renameat(directory, name.c_str(), directory, last_name.c_str()) == 0;
    unlinkat(directory, renamed ? last_name.c_str() : name.c_str(), 0);
}

std::vector<directory_entry> list_directory(int directory) {
    // A descriptor of its own: the position in a directory belongs to the open description.
    fd again{openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    std::vector<directory_entry> entries;
    if (!again) {
        if (errno == ENOENT) return entries;
        const int number = errno;
        if (number == EMFILE || number == ENFILE) return list_by_its_own_position(directory);
        throw_errno(number, "list a directory");
    }
    std::unique_ptr<DIR, int (*)(DIR*)> stream(fdopendir(again.get()), &closedir);
    if (!stream) throw_errno(errno, "list a directory");
    again.release();
    while (const dirent* entry = readdir(stream.get())) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") entries.push_back({std::string(name), entry->d_ino});
    }
    after_names_were_read();
    return entries;
}

std::string read_text(int file, std::size_t limit, const std::string& doing) {
    std::string text(std::min<std::size_t>(limit, 2047) + 1, '\0');
    std::size_t filled = 0;
    for (;;) {
        const auto got =
            pread(file, text.data() + filled, text.size() - filled, static_cast<off_t>(filled));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw_errno(errno, doing);
        if (got == 0) break;
        filled += static_cast<std::size_t>(got);
        if (filled > limit)
            throw error(errc::invalid_segment, doing + ": longer than " + std::to_string(limit));
        if (filled == text.size()) text.resize(std::min(limit + 1, 4 * text.size()));
    }
    text.resize(filled);
    return text;
}

std::optional<std::string> read_file(const std::string& path, std::size_t limit) {
    const auto doing = "read \"" + path + '"';
    const fd file{open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
    if (!file && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
    if (!file) throw_errno(errno, doing);
    if (!facts_of(file.get(), doing).regular)
        throw error(errc::invalid_configuration, doing, "kind", "a file", "something else");
    return read_text(file.get(), limit, doing);
}

void write_text(int file, std::string_view text, const std::string& doing) {
    while (!text.empty()) {
        const auto put = write(file, text.data(), text.size());
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) throw_errno(errno, doing);
        text.remove_prefix(static_cast<std::size_t>(put));
    }
}

bool try_lock_directory(int directory) noexcept { return flock(directory, LOCK_EX | LOCK_NB) == 0; }

bool lock_directory(int directory, std::chrono::steady_clock::time_point until) {
    // flock alone would wait for as long as a stopped process likes.
    auto pause = std::chrono::microseconds(20);
    while (!try_lock_directory(directory)) {
        if (std::chrono::steady_clock::now() > until) return false;
        std::this_thread::sleep_for(pause);
        if (pause < std::chrono::milliseconds(5)) pause *= 2;
    }
    return true;
}

void unlock_directory(int directory) noexcept { flock(directory, LOCK_UN); }

}  // namespace elkodon::os
