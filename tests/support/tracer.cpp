// See tracer.hpp.
#include <support/tracer.hpp>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <stdexcept>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <system_error>

namespace support {
namespace {

void trace(int request, pid_t process, std::uintptr_t data = 0) {
    if (ptrace(static_cast<__ptrace_request>(request), process, nullptr,
               reinterpret_cast<void*>(data)) < 0)
        throw std::system_error(errno, std::generic_category(), "ptrace");
}

constexpr int call_stop = SIGTRAP | 0x80;

}  // namespace

tracer::tracer(child& of) : of_(of) {
    wait_for_stop();
    trace(PTRACE_SETOPTIONS, of_.pid(), PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD);
}

// Returns the signal with which it stopped, or 0 when it has ended.
int tracer::wait_for_stop() {
    int status = 0;
    while (waitpid(of_.pid(), &status, 0) < 0)
        if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "waitpid");
    if (WIFSTOPPED(status)) return WSTOPSIG(status);
    end_ = WIFSIGNALED(status) ? ending{-1, WTERMSIG(status)} : ending{WEXITSTATUS(status), 0};
    of_.forget();
    return 0;
}

void tracer::go_on() { trace(PTRACE_CONT, of_.pid()); }

void tracer::wait_for(int signal) {
    for (;;) {
        const int stopped = wait_for_stop();
        if (stopped == signal) return;
        if (stopped == 0) throw std::runtime_error("the traced process ended: " + to_string(end_));
        trace(PTRACE_CONT, of_.pid(), static_cast<std::uintptr_t>(stopped));
    }
}

bool tracer::step(int end) {
    trace(PTRACE_SINGLESTEP, of_.pid());
    const int stopped = wait_for_stop();
    if (stopped == 0) throw std::runtime_error("the traced process ended: " + to_string(end_));
    return stopped != end;
}

long tracer::next_call() {
    for (;;) {
        trace(PTRACE_SYSCALL, of_.pid());
        const int stopped = wait_for_stop();
        if (stopped == 0) return -1;
        if (stopped != call_stop) continue;
        __ptrace_syscall_info info{};
        if (ptrace(PTRACE_GET_SYSCALL_INFO, of_.pid(), sizeof info, &info) < 0)
            throw std::system_error(errno, std::generic_category(), "PTRACE_GET_SYSCALL_INFO");
        if (info.op == PTRACE_SYSCALL_INFO_ENTRY) return static_cast<long>(info.entry.nr);
    }
}

void tracer::finish_call() {
    trace(PTRACE_SYSCALL, of_.pid());
    wait_for_stop();
}

}  // namespace support
