// Loaded before the C library: the n-th call that could fail with FAILING_ERRNO fails with it, all others are the
// library's own. FAILING_AT says which; FAILING_ERRNO is EMFILE (calls that need a descriptor) or ENOSPC (calls that
// need room in a file system).
// Each process counts its own calls; FAILING_LOG names a file to which the failed call's name is written.
// Both names of openat are ours.
#undef _FILE_OFFSET_BITS
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace {

int number_in(const char* variable) {
    const char* text = std::getenv(variable);
    return text ? std::atoi(text) : 0;
}

template <class F>
F* real(const char* name) {
    return reinterpret_cast<F*>(dlsym(RTLD_NEXT, name));
}

void tell(const char* name) {
    const char* path = std::getenv("FAILING_LOG");
    if (!path) return;
    const int file = real<int(const char*, int, ...)>("open")(
        path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) return;
    if (write(file, name, std::strlen(name)) < 0) std::abort();
    close(file);
}

// One thread at a time makes these calls in what is tested.
bool fails(int error, const char* name) {
    static int count = 0;
    if (number_in("FAILING_ERRNO") != error || ++count != number_in("FAILING_AT")) return false;
    tell(name);
    errno = error;
    return true;
}

mode_t mode_of(int flags, va_list rest) {
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
}

int open_at(const char* name, int directory, const char* path, int flags, mode_t mode) {
    if (fails(EMFILE, name)) return -1;
    if ((flags & O_TMPFILE) == O_TMPFILE && fails(ENOSPC, name)) return -1;
    return real<int(int, const char*, int, ...)>(name)(directory, path, flags, mode);
}

}  // namespace

extern "C" {

int openat(int directory, const char* path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    const auto mode = mode_of(flags, rest);
    va_end(rest);
    return open_at("openat", directory, path, flags, mode);
}

int openat64(int directory, const char* path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    const auto mode = mode_of(flags, rest);
    va_end(rest);
    return open_at("openat64", directory, path, flags, mode);
}

int socket(int domain, int type, int protocol) {
    if (fails(EMFILE, "socket")) return -1;
    return real<int(int, int, int)>("socket")(domain, type, protocol);
}

int eventfd(unsigned int start, int flags) {
    if (fails(EMFILE, "eventfd")) return -1;
    return real<int(unsigned int, int)>("eventfd")(start, flags);
}

int epoll_create1(int flags) {
    if (fails(EMFILE, "epoll_create1")) return -1;
    return real<int(int)>("epoll_create1")(flags);
}

int timerfd_create(int clock, int flags) {
    if (fails(EMFILE, "timerfd_create")) return -1;
    return real<int(int, int)>("timerfd_create")(clock, flags);
}

int posix_fallocate64(int file, off_t begin, off_t size) {
    if (fails(ENOSPC, "posix_fallocate64")) return ENOSPC;
    return real<int(int, off_t, off_t)>("posix_fallocate64")(file, begin, size);
}

int linkat(int from, const char* path, int to, const char* name, int flags) {
    if (fails(ENOSPC, "linkat")) return -1;
    return real<int(int, const char*, int, const char*, int)>("linkat")(from, path, to, name, flags);
}

int mkdirat(int directory, const char* path, mode_t mode) {
    if (fails(ENOSPC, "mkdirat")) return -1;
    return real<int(int, const char*, mode_t)>("mkdirat")(directory, path, mode);
}

int bind(int socket, const sockaddr* address, socklen_t length) {
    if (fails(ENOSPC, "bind")) return -1;
    return real<int(int, const sockaddr*, socklen_t)>("bind")(socket, address, length);
}

ssize_t write(int file, const void* bytes, size_t size) {
    // The agent's own answers need no room.
    if (file > 2 && size > 8 && fails(ENOSPC, "write")) return -1;
    return real<ssize_t(int, const void*, size_t)>("write")(file, bytes, size);
}

}  // extern "C"
