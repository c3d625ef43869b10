// The system calls of one send to `subscribers=1000` that sleep in one wait set of another process. The sender is traced:
// what it calls between two marks is counted.
#include "common.hpp"

#include <elkodon/elkodon.hpp>

#include <sys/ptrace.h>
#include <sys/resource.h>

namespace {

using payload = std::uint64_t;

constexpr payload measured = 6;  // the messages before it connect the two

auto join(const elkodon::node& node, std::uint64_t subscribers) {
    return node.service("benchmark/calls")
        .publish_subscribe<payload>()
        .max_subscribers(subscribers)
        .subscriber_max_buffer_size(2)
        .open_or_create();
}

// Takes every message, all subscribers of it, and says so.
void sleep_and_take(std::atomic<payload>& asleep_for, std::uint64_t count) {
    const auto node = elkodon::node::create();
    const auto service = join(node, count);
    auto waits = node.wait_set().wait_strategy(elkodon::wait_strategy::block()).create();
    std::vector<elkodon::subscriber<payload>> subscribers;
    std::vector<elkodon::attachment> attachments;
    subscribers.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) subscribers.push_back(service.subscriber().create());
    for (auto& each : subscribers) attachments.push_back(waits.attach(each));
    for (payload next = 1; next <= measured; ++next) {
        while (waits.timed_wait(std::chrono::milliseconds(1))) {}
        asleep_for.store(next, std::memory_order_release);
        for (std::uint64_t left = count; left > 0;) {
            waits.blocking_wait();
            for (auto& each : subscribers)
                if (each.receive()) --left;
        }
    }
}

void mark() { static_cast<void>(close(-4242)); }

void send(const std::atomic<payload>& asleep_for, std::uint64_t count) {
    const auto node = elkodon::node::create();
    auto publisher = elkodon::publisher<payload>();
    for (payload next = 1; next <= measured; ++next) {
        while (asleep_for.load(std::memory_order_acquire) < next) usleep(1000);
        if (!publisher) publisher = join(node, count).publisher().create();
        usleep(50'000);  // until they sleep
        if (next < measured) {
            bench::require(!publisher.send_copy(next), "send");
            continue;
        }
        mark();
        const auto failure = publisher.send_copy(next);
        mark();
        bench::require(!failure, "send");
    }
}

bool is_mark(pid_t process) {
    __ptrace_syscall_info info{};
    if (ptrace(PTRACE_GET_SYSCALL_INFO, process, sizeof info, &info) <= 0) bench::fail("ptrace");
    return info.op == PTRACE_SYSCALL_INFO_ENTRY && static_cast<int>(info.entry.args[0]) == -4242;
}

bool is_entry(pid_t process) {
    __ptrace_syscall_info info{};
    if (ptrace(PTRACE_GET_SYSCALL_INFO, process, sizeof info, &info) <= 0) bench::fail("ptrace");
    return info.op == PTRACE_SYSCALL_INFO_ENTRY;
}

/// Runs `body` in a traced process; how many system calls it makes between its two marks.
template <class Body>
int calls_between_marks(Body body) {
    const pid_t process = fork();
    if (process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        raise(SIGSTOP);
        body();
        std::fflush(nullptr);
        _exit(0);
    }
    int status = 0, marks = 0, calls = 0;
    waitpid(process, &status, 0);
    ptrace(PTRACE_SETOPTIONS, process, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
    for (;;) {
        ptrace(PTRACE_SYSCALL, process, nullptr, nullptr);
        if (waitpid(process, &status, 0) < 0) bench::fail("waitpid");
        if (WIFEXITED(status) || WIFSIGNALED(status)) break;
        if (WSTOPSIG(status) != (SIGTRAP | 0x80) || !is_entry(process)) continue;
        if (is_mark(process)) ++marks;
        else if (marks == 1) ++calls;
    }
    bench::require(WIFEXITED(status) && WEXITSTATUS(status) == 0 && marks == 2, "the sender");
    return calls;
}

}  // namespace

int main(int argc, char** argv) {
    const bench::arguments args{argc, argv};
    const auto count = args.number("subscribers", 1000);
    auto* const asleep_for = bench::shared<std::atomic<payload>>();
    const int calls = bench::two_processes(
        [&] { sleep_and_take(*asleep_for, count); },
        [&] { return calls_between_marks([&] { send(*asleep_for, count); }); });
    std::printf("{\"unit\": \"system calls\", \"p50\": %d, \"p99\": %d}\n", calls, calls);
}
