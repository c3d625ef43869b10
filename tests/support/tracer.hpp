// Looks at a process as a debugger does: from one of its marks on, instruction by instruction or system call by system
// call, so that a test can kill it at any point.
#pragma once

#include <support/process.hpp>

namespace support {

/// For a child that was started with `traced`. It dies with this process.
class tracer {
public:
    /// Waits for the stop after its exec.
    explicit tracer(child& of);

    /// Lets it run.
    void go_on();

    /// Waits until it stops with this signal of its own, which it doesn't get to feel.
    void wait_for(int signal);

    /// One instruction. False when it stops with `end` instead.
    bool step(int end);

    /// Runs to the entry of its next system call and returns its number; -1 when the process has ended.
    long next_call();

    /// From the entry of a call to its return.
    void finish_call();

    ending end() const noexcept { return end_; }

private:
    int wait_for_stop();

    child& of_;
    ending end_;
};

}  // namespace support
