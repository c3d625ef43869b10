// What every program here shares: pinning, a clock, percentiles, two processes, and the line of JSON.
// Written by: each program its own objects; `shared<T>` is one mapping that both processes of a pair write.
// After a kill -9: the child dies with its parent (PR_SET_PDEATHSIG), and the mapping is anonymous: nothing stays behind.
// Whatever hangs is ended by an alarm.
#pragma once

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace bench {

inline constexpr std::size_t line =
    128;  // two cache lines: the adjacent-line prefetcher fetches pairs

[[noreturn]] inline void fail(const char* what) {
    std::fprintf(stderr, "%s: %s\n", what, std::strerror(errno));
    std::exit(1);
}

inline void pin(int core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(core), &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0) fail("sched_setaffinity");
}

inline void pause() noexcept {
#if defined(__x86_64__)
    _mm_pause();
#elif defined(__aarch64__)
    asm volatile("isb");
#endif
}

inline double nanoseconds() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// One reading costs about 10 ns where it is the time-stamp counter; every latency program takes one a round trip.
inline std::uint64_t ticks() noexcept {
#if defined(__x86_64__)
    return __rdtsc();
#else
    return static_cast<std::uint64_t>(nanoseconds());
#endif
}

inline double nanoseconds_per_tick() {
#if defined(__x86_64__)
    static const double measured = [] {
        const double begin = nanoseconds();
        const std::uint64_t begin_ticks = ticks();
        double end = begin;
        while (end - begin < 20e6) end = nanoseconds();
        return (end - begin) / static_cast<double>(ticks() - begin_ticks);
    }();
    return measured;
#else
    return 1.0;
#endif
}

inline void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "wrong result: %s\n", what);
    std::exit(1);
}

// What the two processes of a ping-pong agree on beside what is measured. In a mapping that both share.
class meeting {
public:
    // Both call it: returns when the other has, too.
    void arrive() {
        arrived_.fetch_add(1, std::memory_order_acq_rel);
        while (arrived_.load(std::memory_order_acquire) < 2) usleep(100);
    }

    // The round trip after which both end. Who asks sets it before asking, who answers looks after hearing. The line is
    // only read until then, so that looking costs a hit.
    void end_after(std::uint64_t round_trip) { last_.store(round_trip, std::memory_order_release); }
    bool ends_after(std::uint64_t round_trip) const {
        return last_.load(std::memory_order_acquire) == round_trip;
    }

private:
    std::atomic<int> arrived_{0};
    std::atomic<std::uint64_t> last_{0};
};

inline double percentile(std::vector<std::uint64_t>& values, double p) {
    if (values.empty()) return 0.0;
    const auto at = static_cast<std::size_t>(p / 100.0 * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
    return static_cast<double>(values[at]);
}

// Differences of ticks, one a round trip. The counter of some CPUs moves in steps of 10 ns, too coarse for a round trip
// of 100: the median is that of blocks of 16 round trips, the tail that of single ones.
class distribution {
public:
    static constexpr std::size_t block = 16;

    explicit distribution(std::size_t count) {
        single_.reserve(count);
        blocks_.reserve(count / block + 1);
    }

    void add(std::uint64_t value) {
        single_.push_back(value);
        sum_ += value;
        if (single_.size() % block == 0) blocks_.push_back(std::exchange(sum_, 0));
    }

    double median() { return percentile(blocks_, 50) / static_cast<double>(block); }
    double tail(double p) { return percentile(single_, p); }

    std::size_t size() const noexcept { return single_.size(); }

private:
    std::vector<std::uint64_t> single_;
    std::vector<std::uint64_t> blocks_;
    std::uint64_t sum_ = 0;
};

// Round trips 1 … `count` after the warm-up, or as many as fit into `milliseconds`: other load makes a round trip
// arbitrarily long, and a median needs no fixed number.
class measured_loop {
public:
    measured_loop(std::uint64_t warm_up, std::uint64_t count, std::uint64_t milliseconds)
        : warm_up_(warm_up),
          total_(warm_up + count),
          allowed_(milliseconds == 0
                       ? ~std::uint64_t{0}
                       : static_cast<std::uint64_t>(static_cast<double>(milliseconds) * 1e6 /
                                                    nanoseconds_per_tick())),
          result_(count) {}

    // Before each round trip, that is from 1 on; announces the last one.
    bool next(meeting& with) {
        if (ended_) return false;
        if (++number_ == 1) begin_ = last_tick_ = ticks();
        ended_ = number_ == total_ || (last_tick_ - begin_ > allowed_ && result_.size() >= least);
        if (ended_) with.end_after(number_);
        return true;
    }
    std::uint64_t number() const { return number_; }

    // After each.
    void done() {
        const auto now = ticks();
        if (number_ > warm_up_) result_.add(now - last_tick_);
        last_tick_ = now;
    }

    distribution result() && { return std::move(result_); }

private:
    static constexpr std::size_t least = 16 * distribution::block;

    std::uint64_t warm_up_, total_, allowed_;
    std::uint64_t number_ = 0, begin_ = 0, last_tick_ = 0;
    bool ended_ = false;
    distribution result_;
};

// Messages a second: the median of blocks, since a mean would count the moments in which one of the two didn't run.
class throughput {
public:
    static constexpr std::uint64_t block = 4096;

    throughput(std::uint64_t count, std::uint64_t milliseconds)
        : end_(milliseconds == 0
                   ? ~std::uint64_t{0}
                   : ticks() + static_cast<std::uint64_t>(static_cast<double>(milliseconds) * 1e6 /
                                                          nanoseconds_per_tick())) {
        blocks_.reserve(count / block + 1);
    }

    // After every batch; `taken` counts from the beginning. Batches are small against a block. False when time is up.
    bool add(std::uint64_t taken) {
        if (taken - first_ < block) return true;
        const auto now = ticks();
        if (last_ != 0) blocks_.push_back(((now - last_) << 10) / (taken - first_));
        last_ = now;
        first_ = taken;
        return now < end_ || blocks_.size() < least;
    }

    double per_second(double p = 50) {
        return 1024e9 / (percentile(blocks_, p) * nanoseconds_per_tick());
    }

private:
    static constexpr std::size_t least = 16;

    std::vector<std::uint64_t> blocks_;  // 1/1024 ticks a message
    std::uint64_t first_ = 0, last_ = 0;
    std::uint64_t end_;
};

// An object in a mapping that a forked child shares.
template <class T>
T* shared() {
    void* memory = mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED) fail("mmap");
    return new (memory) T{};
}

// Runs `child` in a forked process and `parent` in this one; the result is the parent's. A failed child ends the program.
template <class Child, class Parent>
auto two_processes(Child child, Parent parent) {
    const pid_t self = getpid();
    const pid_t pid = fork();
    if (pid < 0) fail("fork");
    alarm(60);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != self) _exit(1);
        child();
        std::fflush(nullptr);
        _exit(0);
    }
    auto result = parent();
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        std::fprintf(stderr, "the other process failed\n");
        std::exit(1);
    }
    return result;
}

// `name=value` among the arguments, else the default: `latency_ours size=48 cores=0,1`.
class arguments {
public:
    arguments(int count, char** values) : values_(values + 1, values + count) {}

    std::string text(std::string_view name, std::string_view otherwise) const {
        for (std::string_view each : values_)
            if (each.size() > name.size() && each.substr(0, name.size()) == name &&
                each[name.size()] == '=')
                return std::string{each.substr(name.size() + 1)};
        return std::string{otherwise};
    }

    // How long a measurement may take; 0: as long as it takes.
    std::uint64_t milliseconds() const { return number("milliseconds", 0); }

    std::uint64_t number(std::string_view name, std::uint64_t otherwise) const {
        const std::string value = text(name, "");
        return value.empty() ? otherwise : std::strtoull(value.c_str(), nullptr, 10);
    }

    // The cores of this process and of the other.
    std::pair<int, int> cores() const {
        const std::string value = text("cores", "0,1");
        const auto comma = value.find(',');
        const int first = std::atoi(value.c_str());
        return {first, comma == std::string::npos ? first : std::atoi(value.c_str() + comma + 1)};
    }

private:
    std::vector<std::string> values_;
};

// Half round trips, in nanoseconds.
inline void print_latency(distribution& round_trips) {
    const double half = nanoseconds_per_tick() / 2;
    std::printf("{\"unit\": \"ns\", \"p50\": %.2f, \"p99\": %.2f, \"p99.9\": %.2f, \"max\": %.0f, "
                "\"count\": %zu}\n",
                round_trips.median() * half, round_trips.tail(99) * half,
                round_trips.tail(99.9) * half, round_trips.tail(100) * half, round_trips.size());
}

inline void print_throughput(throughput& rate) {
    std::printf("{\"unit\": \"messages/s\", \"p50\": %.0f, \"p99\": %.0f}\n", rate.per_second(50),
                rate.per_second(99));
}

}  // namespace bench
