// See directory_watch.hpp.
#include <elkodon/os/directory_watch.hpp>
#include <elkodon/os/file.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <sys/inotify.h>
#include <unistd.h>

namespace elkodon::os {

directory_watch::directory_watch() : queue_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    if (!queue_) throw_errno(errno, "watch directories (see /proc/sys/fs/inotify)");
}

int directory_watch::watch(int directory) noexcept {
    // Long enough for every int; inotify wants a path.
    std::array<char, 32> path{"/proc/self/fd/"};
    auto* end = path.data() + std::strlen(path.data());
    std::array<char, 12> digits{};
    std::size_t count = 0;
    do digits[count++] = static_cast<char>('0' + directory % 10);
    while (directory /= 10);
    while (count > 0) *end++ = digits[--count];
    return inotify_add_watch(queue_.get(), path.data(),
                             IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR);
}

void directory_watch::forget(int number) noexcept {
    if (number >= 0) inotify_rm_watch(queue_.get(), number);
}

name_news directory_watch::take() {
    name_news news;
    alignas(inotify_event) std::array<char, 16 * 1024> bytes;
    for (;;) {
        const auto got = read(queue_.get(), bytes.data(), bytes.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return news;
        for (auto at = bytes.data(); at < bytes.data() + got;) {
            inotify_event event;
            std::memcpy(&event, at, sizeof event);
            if (event.mask & IN_Q_OVERFLOW) news.overflowed = true;
            else if (event.len > 0)
                news.events.push_back(
                    {event.wd, std::string(at + sizeof event), (event.mask & IN_MOVED_FROM) != 0});
            at += sizeof event + event.len;
        }
    }
}

}  // namespace elkodon::os
