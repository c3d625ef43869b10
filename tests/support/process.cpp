// See process.hpp.
#include <support/process.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <sched.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace support {
namespace {

constexpr std::chrono::seconds hang{60};

[[noreturn]] void fail(const std::string& doing) {
    throw std::system_error(errno, std::generic_category(), doing);
}

struct pipe_pair {
    int read = -1, write = -1;
    pipe_pair() {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0) fail("pipe2");
        read = ends[0];
        write = ends[1];
    }
};

// In the child, between fork and exec: system calls only.
[[noreturn]] void become(
    char* const* command, int in, int out, const start_options& options, pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    dup2(in, 0);
    dup2(out, 1);
    if (options.with_errors) dup2(out, 2);
    if (options.gun) {
        const int gun = dup(options.gun->waiting_end());
        dup2(gun, 3);
        if (gun != 3) close(gun);
    }
    for (const auto& [name, value] : options.environment) setenv(name.c_str(), value.c_str(), 1);
    std::signal(SIGPIPE, SIG_DFL);
    if (options.traced) ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    execv(command[0], command);
    _exit(127);
}

ending ending_of(int status) {
    if (WIFSIGNALED(status)) return {-1, WTERMSIG(status)};
    return {WEXITSTATUS(status), 0};
}

/// What /proc/…/stat says behind the name, which may have anything in it.
char state_in(std::istream& stat) {
    std::string line;
    std::getline(stat, line);
    const auto end = line.rfind(')');
    return end != std::string::npos && line.size() > end + 2 ? line[end + 2] : '?';
}

bool is_wait(long call) {
    for (const long each : {
             SYS_ppoll,
             SYS_epoll_pwait,
             SYS_epoll_pwait2,
             SYS_futex,
#ifdef SYS_epoll_wait
             SYS_epoll_wait,
             SYS_poll,
#endif
         })
        if (call == each) return true;
    return false;
}

}  // namespace

std::string to_string(const ending& end) {
    return end.signal != 0 ? "signal " + std::to_string(end.signal)
                           : "exit " + std::to_string(end.code);
}

starting_gun::starting_gun() {
    const pipe_pair made;
    ends_[0] = made.read;
    ends_[1] = made.write;
}

starting_gun::~starting_gun() {
    close(ends_[0]);
    fire();
}

void starting_gun::fire() {
    if (ends_[1] >= 0) close(std::exchange(ends_[1], -1));
}

child::child(std::vector<std::string> command, const start_options& options)
    : patience_(options.patience), name_(std::filesystem::path(command.at(0)).filename().string()) {
    std::signal(SIGPIPE, SIG_IGN);  // a dead child is an exception here, not our death
    std::vector<char*> arguments;
    for (auto& each : command) arguments.push_back(each.data());
    arguments.push_back(nullptr);
    const pipe_pair in, out;
    const auto parent = getpid();
    pid_ = fork();
    if (pid_ == 0) become(arguments.data(), in.read, out.write, options, parent);
    close(in.read);
    close(out.write);
    to_ = in.write;
    from_ = out.read;
    if (pid_ < 0) fail("fork");
}

child::child(child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      to_(std::exchange(other.to_, -1)),
      from_(std::exchange(other.from_, -1)),
      patience_(other.patience_),
      name_(std::move(other.name_)),
      unread_(std::move(other.unread_)) {}

child& child::operator=(child&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(to_, other.to_);
    std::swap(from_, other.from_);
    std::swap(patience_, other.patience_);
    std::swap(name_, other.name_);
    std::swap(unread_, other.unread_);
    return *this;
}

child::~child() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {}
    }
    close_pipes();
}

void child::close_pipes() noexcept {
    if (to_ >= 0) close(std::exchange(to_, -1));
    if (from_ >= 0) close(std::exchange(from_, -1));
}

void child::tell(const std::string& line) {
    const auto text = line + "\n";
    std::size_t done = 0;
    while (done < text.size()) {
        const auto put = write(to_, text.data() + done, text.size() - done);
        if (put < 0 && errno != EINTR) fail("tell " + name_ + " \"" + line + "\"");
        if (put > 0) done += static_cast<std::size_t>(put);
    }
}

bool child::fill() {
    pollfd look{from_, POLLIN, 0};
    int ready = 0;
    do ready = poll(&look, 1, static_cast<int>(std::chrono::milliseconds(patience_).count()));
    while (ready < 0 && errno == EINTR);
    if (ready == 0)
        throw std::runtime_error(name_ + " hangs: it has said \"" + unread_ + "\" and then nothing");
    std::array<char, 4096> bytes;
    const auto got = read(from_, bytes.data(), bytes.size());
    if (got > 0) unread_.append(bytes.data(), static_cast<std::size_t>(got));
    return got > 0;
}

std::string child::line() {
    for (;;) {
        if (const auto end = unread_.find('\n'); end != std::string::npos) {
            auto found = unread_.substr(0, end);
            unread_.erase(0, end + 1);
            return found;
        }
        if (!fill())
            throw std::runtime_error(name_ + " ended: " + to_string(wait()) + "; it had said \"" +
                                     unread_ + "\"");
    }
}

std::string child::ask(const std::string& line_) {
    tell(line_);
    return line();
}

std::string child::rest() {
    while (fill()) {}
    return std::exchange(unread_, {});
}

void wait_until_asleep(pid_t process, const std::string& name) {
    const auto deadline = std::chrono::steady_clock::now() + hang;
    const auto folder = "/proc/" + std::to_string(process);
    while (std::chrono::steady_clock::now() < deadline) {
        std::ifstream file(folder + "/syscall"), stat(folder + "/stat");
        long call = -1;
        // One that strace has stopped at the end of the call still shows the call.
        if (file >> call && is_wait(call) && state_in(stat) == 'S') return;
        sched_yield();
    }
    throw std::runtime_error(name + " doesn't go to sleep");
}

void child::wait_until_asleep() { support::wait_until_asleep(pid_, name_); }

void child::signal(int number) {
    if (::kill(pid_, number) != 0) fail("signal " + name_);
}

void child::kill() {
    signal(SIGKILL);
    wait();
    close_pipes();
}

ending child::finish() {
    if (to_ >= 0) close(std::exchange(to_, -1));
    return wait();
}

ending child::wait() {
    int status = 0;
    for (;;) {
        if (waitpid(pid_, &status, 0) < 0) {
            if (errno == EINTR) continue;
            fail("wait for " + name_);
        }
        if (WIFEXITED(status) || WIFSIGNALED(status)) break;
    }
    pid_ = -1;
    return ending_of(status);
}

void child::stop() {
    signal(SIGSTOP);
    int status = 0;
    while (waitpid(pid_, &status, WUNTRACED) < 0 && errno == EINTR) {}
    if (!WIFSTOPPED(status)) throw std::runtime_error(name_ + " ended when it was to be stopped");
}

void child::go_on() { signal(SIGCONT); }

std::string beside_this(const std::string& name) {
    return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / name).string();
}

child start_agent(const start_options& options) {
    return child({beside_this(options.agent)}, options);
}

}  // namespace support
