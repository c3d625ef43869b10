// See poll.hpp.
#include <elkodon/os/file.hpp>
#include <elkodon/os/poll.hpp>

#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <poll.h>
#include <string_view>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace elkodon::os {

fd make_eventfd() {
    fd made{eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    if (!made) throw_errno(errno, "make an eventfd");
    return made;
}

bool accept_eventfd(int file) noexcept {
    // Without a heap: this is on the way of the first message that finds its receiver asleep.
    std::array<char, 32> path{};
    std::array<char, 64> target{};
    std::snprintf(path.data(), path.size(), "/proc/self/fd/%d", file);
    const auto length = readlink(path.data(), target.data(), target.size());
    const auto kind =
        std::string_view(target.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
    return kind == "anon_inode:[eventfd]" && fcntl(file, F_SETFL, O_NONBLOCK) == 0;
}

void ring(int eventfd) noexcept {
    const std::uint64_t one = 1;
    while (write(eventfd, &one, sizeof one) < 0 && errno == EINTR) {}
}

void drain(int eventfd) noexcept {
    std::uint64_t rings = 0;
    while (read(eventfd, &rings, sizeof rings) < 0 && errno == EINTR) {}
}

fd make_timer() {
    fd made{timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)};
    if (!made) throw_errno(errno, "make a timer");
    return made;
}

void start_timer(int timer, std::chrono::nanoseconds after) noexcept {
    itimerspec setting{};
    setting.it_value.tv_sec = static_cast<time_t>(after.count() / 1'000'000'000);
    setting.it_value.tv_nsec = static_cast<long>(after.count() % 1'000'000'000);
    timerfd_settime(timer, 0, &setting, nullptr);
}

poll_set::poll_set() : set_(epoll_create1(EPOLL_CLOEXEC)) {
    if (!set_) throw_errno(errno, "make a poll set");
}

bool poll_set::add(int file, std::uint64_t key) noexcept { return add(file, key, EPOLLIN); }

// poll(2)'s numbers are epoll's.
static_assert(POLLIN == EPOLLIN && POLLOUT == EPOLLOUT && POLLPRI == EPOLLPRI &&
              POLLERR == EPOLLERR && POLLHUP == EPOLLHUP && POLLRDHUP == EPOLLRDHUP);

bool poll_set::add(int file, std::uint64_t key, std::uint32_t events) noexcept {
    epoll_event event{};
    event.events = events;
    event.data.u64 = key;
    return epoll_ctl(set_.get(), EPOLL_CTL_ADD, file, &event) == 0;
}

void poll_set::remove(int file) noexcept {
    epoll_event unused{};
    epoll_ctl(set_.get(), EPOLL_CTL_DEL, file, &unused);
}

std::size_t poll_set::ready(std::uint64_t (&keys)[64]) const noexcept {
    std::array<epoll_event, 64> events;
    const int count = epoll_wait(set_.get(), events.data(), 64, 0);
    for (int i = 0; i < count; ++i) keys[i] = events[static_cast<std::size_t>(i)].data.u64;
    return count > 0 ? static_cast<std::size_t>(count) : 0;
}

namespace {

timespec time_left(std::chrono::steady_clock::time_point until) noexcept {
    const auto rest =
        std::max(until - std::chrono::steady_clock::now(), std::chrono::steady_clock::duration{});
    return {static_cast<time_t>(rest.count() / 1'000'000'000),
            static_cast<long>(rest.count() % 1'000'000'000)};
}

}  // namespace

wait_end poll_set::wait(ready_file (&files)[most_at_once],
                        std::size_t& count,
                        std::optional<std::chrono::steady_clock::time_point> until) const noexcept {
    std::array<epoll_event, most_at_once> events;
    constexpr auto room = static_cast<int>(most_at_once);
    count = 0;
    for (;;) {
        const auto left = until ? time_left(*until) : timespec{};
        int found = epoll_pwait2(set_.get(), events.data(), room, until ? &left : nullptr, nullptr);
        if (found < 0 && errno == EINTR) continue;
        if (found < 0) {  // Linux 5.10 and older has no such call, and some sandboxes forbid it
            if (const auto end = wait_readable(set_.get(), until); end != wait_end::woken)
                return end;
            found = epoll_wait(set_.get(), events.data(), room, 0);
            if (found < 0 && errno != EINTR) return wait_end::refused;
            if (found <= 0) continue;
        }
        for (int i = 0; i < found; ++i) {
            const auto& event = events[static_cast<std::size_t>(i)];
            files[i] = {event.data.u64, event.events};
        }
        count = static_cast<std::size_t>(found);
        return count > 0 ? wait_end::woken : wait_end::time_over;
    }
}

wait_end wait_readable(int file,
                       std::optional<std::chrono::steady_clock::time_point> until) noexcept {
    for (;;) {
        pollfd look{file, POLLIN, 0};
        const auto left = until ? time_left(*until) : timespec{};
        const int count = ppoll(&look, 1, until ? &left : nullptr, nullptr);
        if (count == 0) return wait_end::time_over;
        if (count < 0 && errno == EINTR) continue;
        if (count > 0 && (look.revents & POLLNVAL) != 0) errno = EBADF;
        return count < 0 || (look.revents & POLLNVAL) != 0 ? wait_end::refused : wait_end::woken;
    }
}

}  // namespace elkodon::os
