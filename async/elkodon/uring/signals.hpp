// Signals, awaited in a loop over io_uring.
// Blocks them in the thread that makes it, and in the threads that it starts afterwards; unblocks them at its end.
// Nothing here is shared.
#pragma once

#include <elkodon/task/task.hpp>
#include <elkodon/uring/loop.hpp>

#include <csignal>
#include <initializer_list>
#include <sys/signalfd.h>

namespace elkodon::uring {

/// No signal is taken that its user has not named. One at a time, on the thread that has made it; before other threads start.
///
///     elkodon::uring::signals stop{loop, {SIGINT, SIGTERM}};
///     co_await stop.async_wait();
class signals {
public:
    /// Throws what the system says.
    signals(loop& in, std::initializer_list<int> which) : loop_(&in) {
        sigset_t set;
        sigemptyset(&set);
        for (const int each : which) sigaddset(&set, each);
        if (const int failure = ::pthread_sigmask(SIG_BLOCK, &set, &before_))
            throw error({failure, std::system_category()}, "block signals");
        file_.reset(::signalfd(-1, &set, SFD_CLOEXEC));
        if (file_) return;
        const std::error_code failure(errno, std::system_category());
        ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
        throw error(failure, "await signals");
    }
    ~signals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    signals(const signals&) = delete;
    signals& operator=(const signals&) = delete;

    /// Waits for one of them: its number. A stop: operation_canceled, and the signal stays.
    task<int> async_wait() {
        signalfd_siginfo got{};
        co_await loop_->async_read(file_.get(), std::as_writable_bytes(std::span(&got, 1)));
        co_return static_cast<int>(got.ssi_signo);
    }

private:
    loop* loop_;
    os::fd file_;
    sigset_t before_;
};

}  // namespace elkodon::uring
