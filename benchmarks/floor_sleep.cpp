// The floors of sleeping: a ping-pong on bare futexes (`way=futex`), or on eventfds with epoll (`way=epoll`). No data.
#include "ping_pong.hpp"

#include <linux/futex.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

namespace {

struct words {
    alignas(bench::line) std::atomic<std::uint32_t> ping{0};
    alignas(bench::line) std::atomic<std::uint32_t> pong{0};
};

class futex_end {
public:
    futex_end(std::atomic<std::uint32_t>& rings, std::atomic<std::uint32_t>& hears)
        : rings_(rings), hears_(hears) {}

    void send(std::uint64_t number) {
        rings_.store(static_cast<std::uint32_t>(number), std::memory_order_release);
        syscall(SYS_futex, &rings_, FUTEX_WAKE, 1, nullptr, nullptr, 0);
    }
    void receive(std::uint64_t number) {
        const auto due = static_cast<std::uint32_t>(number);
        while (hears_.load(std::memory_order_acquire) != due)
            syscall(SYS_futex, &hears_, FUTEX_WAIT, due - 1, nullptr, nullptr, 0);
    }

private:
    std::atomic<std::uint32_t>&rings_, &hears_;
};

class epoll_end {
public:
    epoll_end(int rings, int hears)
        : rings_(rings), hears_(hears), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
        epoll_event event{};
        event.events = EPOLLIN;
        if (epoll_ctl(epoll_, EPOLL_CTL_ADD, hears_, &event) != 0) bench::fail("epoll_ctl");
    }

    void send(std::uint64_t) {
        const std::uint64_t one = 1;
        if (write(rings_, &one, sizeof one) != sizeof one) bench::fail("write");
    }
    void receive(std::uint64_t) {
        epoll_event event{};
        while (epoll_wait(epoll_, &event, 1, -1) != 1) {}
        std::uint64_t count = 0;
        if (read(hears_, &count, sizeof count) != sizeof count) bench::fail("read");
    }

private:
    int rings_, hears_, epoll_;
};

}  // namespace

int main(int argc, char** argv) {
    const bench::arguments args{argc, argv};
    if (args.text("way", "futex") == "futex") {
        auto* const words = bench::shared<struct words>();
        return bench::main_of_ping_pong(args, [&](bool asks) {
            return asks ? futex_end{words->ping, words->pong} : futex_end{words->pong, words->ping};
        });
    }
    const int ping = eventfd(0, EFD_CLOEXEC), pong = eventfd(0, EFD_CLOEXEC);
    return bench::main_of_ping_pong(
        args, [&](bool asks) { return asks ? epoll_end{ping, pong} : epoll_end{pong, ping}; });
}
