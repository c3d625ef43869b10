// Real processes for tests: started with fork and exec, spoken to line by line through pipes, killed and always
// reaped. None outlives the test, however that ends.
// A line that doesn't come within a minute is a hang, and an exception; no test waits for a time to pass.
#pragma once

#include <chrono>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace support {

/// How a process ended.
struct ending {
    int code = -1;   // when it exited
    int signal = 0;  // when a signal ended it
    friend bool operator==(const ending&, const ending&) = default;
};
std::string to_string(const ending& end);

inline constexpr ending success{0, 0};

/// A pipe that many processes wait at: they start at the same moment, when it is fired.
class starting_gun {
public:
    starting_gun();
    ~starting_gun();
    starting_gun(const starting_gun&) = delete;
    starting_gun& operator=(const starting_gun&) = delete;

    void fire();
    int waiting_end() const noexcept { return ends_[0]; }

private:
    int ends_[2];
};

struct start_options {
    std::vector<std::pair<std::string, std::string>> environment;
    const starting_gun* gun = nullptr;    // becomes descriptor 3
    bool traced = false;                  // stops after its exec; see tracer.hpp
    bool with_errors = false;             // stderr goes into the pipe too
    std::chrono::seconds patience{60};    // a line that doesn't come by then is a hang
    std::string agent = "process_agent";  // which of them
};

/// A running program. Move-only; one thread.
class child {
public:
    child(std::vector<std::string> command, const start_options& options = {});
    child(child&& other) noexcept;
    child& operator=(child&& other) noexcept;
    ~child();

    pid_t pid() const noexcept { return pid_; }

    /// One line to its stdin, one from its stdout; ask() is both.
    void tell(const std::string& line);
    std::string line();
    std::string ask(const std::string& line);

    /// The rest of its output, until it closes it.
    std::string rest();

    /// Returns once it sleeps in the kernel, waiting for descriptors or a futex.
    void wait_until_asleep();

    void signal(int number);

    /// Sends SIGKILL and reaps: when this returns the kernel has released all that was its.
    void kill();

    /// Closes its stdin, waits for its end.
    ending finish();

    /// Waits for its end.
    ending wait();

    /// Returns once SIGSTOP has taken effect.
    void stop();
    void go_on();

    /// Somebody else has reaped it.
    void forget() noexcept { pid_ = -1; }

private:
    void close_pipes() noexcept;
    bool fill();

    pid_t pid_ = -1;
    int to_ = -1, from_ = -1;
    std::chrono::seconds patience_{60};
    std::string name_, unread_;
};

/// Returns once that process sleeps in the kernel, waiting for descriptors or a futex.
void wait_until_asleep(pid_t process, const std::string& name);

/// The path of a program that was built beside this one.
std::string beside_this(const std::string& name);

/// Starts the agent of these tests: see tests/processes/agent.
child start_agent(const start_options& options = {});

}  // namespace support
