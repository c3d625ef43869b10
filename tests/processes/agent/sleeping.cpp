// How the agent sleeps and wakes between marks for strace, and in a sandbox without futexes.
#include "agent.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace agent {
namespace {

void mark_for_strace() { static_cast<void>(close(-4242)); }

/// Receives that many messages, one for each sleep.
std::string marked_sleeps(state& own, const words& line) {
    say("pid " + std::to_string(getpid()));
    // The first sleep sets up what all have in common.
    if (!own.subscriber.blocking_receive()) throw std::runtime_error("nothing came");
    mark_for_strace();
    for (auto left = number(line, 1); left > 0; --left)
        if (!own.subscriber.blocking_receive()) throw std::runtime_error("nothing came");
    mark_for_strace();
    return "ok";
}

/// One message, built before the first mark.
std::string marked_publish(state& own, const words& line) {
    auto loan = own.publisher.loan_uninit();
    support::fill(*loan, number(line, 1));
    mark_for_strace();
    must(own.publisher.send(std::move(loan)));
    mark_for_strace();
    return "ok";
}

/// All subscribers of the crowd wait in one wait set, until each has had a message; says so each time, for three.
std::string crowd_sleeps(state& own, const words&) {
    auto waits = own.node.wait_set().wait_strategy(elkodon::wait_strategy::block()).create();
    std::vector<elkodon::attachment> all;
    for (auto& each : own.crowd) all.push_back(waits.attach(each));
    for (int round = 0; round < 3; ++round) {
        if (round > 0) say("woken");
        for (std::size_t left = own.crowd.size(); left > 0;) {
            waits.blocking_wait();
            for (auto& each : own.crowd)
                if (each.receive()) --left;
        }
    }
    return "woken";
}

/// From here on the kernel refuses FUTEX_WAKE_OP, as a sandbox may.
std::string forbid_futexes(state&, const words&) {
    std::array<sock_filter, 6> program{{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_futex, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[1])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FUTEX_WAKE_OP, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    }};
    const sock_fprog filter{program.size(), program.data()};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
        return "no seccomp";
    return "ok";
}

}  // namespace

void add_sleeping(command_table& table) {
    table["marked_sleeps"] = marked_sleeps;
    table["marked_publish"] = marked_publish;
    table["crowd_sleeps"] = crowd_sleeps;
    table["forbid_futexes"] = forbid_futexes;
}

}  // namespace agent
