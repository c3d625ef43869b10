// Reads /proc/stat, /proc/meminfo, /proc/net/dev and /proc/loadavg into a reading of the caller's.
#pragma once

#include "reading.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace machine_load {

// A file of /proc, opened once and read from its beginning each time.
class proc_file {
public:
    explicit proc_file(const char* path);  // throws std::system_error with the path
    ~proc_file();
    proc_file(const proc_file&) = delete;
    proc_file& operator=(const proc_file&) = delete;

    // The text as far as it fits.
    std::string_view text(std::span<char> buffer) const;

private:
    const char* path_;
    int fd_;
};

class proc_reader {
public:
    proc_reader();

    // Sets all members but number and published_ns.
    void read(reading& into);

private:
    struct core_ticks {
        std::uint32_t id;
        std::uint64_t busy;
        std::uint64_t total;
    };

    struct snapshot {
        std::chrono::steady_clock::time_point taken;
        core_ticks all;
        std::size_t core_count;
        std::array<core_ticks, reading::max_cores> cores;
        std::uint64_t received;
        std::uint64_t sent;
    };

    // The kernel counts in ticks of 10 ms: a fraction over 100 ms would come in steps of a tenth.
    static constexpr std::size_t window = 5;

    void read_stat(snapshot& into);
    void read_memory(reading& into);
    void read_network(snapshot& into);
    void read_load(reading& into);
    static bool parse_cpu_line(std::string_view line, core_ticks& into);
    static float busy_between(const core_ticks& before, const core_ticks& after);
    static void set_rates(reading& into, const snapshot& before, const snapshot& after);
    snapshot& take();

    proc_file stat_{"/proc/stat"};
    proc_file meminfo_{"/proc/meminfo"};
    proc_file net_dev_{"/proc/net/dev"};
    proc_file loadavg_{"/proc/loadavg"};
    std::array<snapshot, window + 1> snapshots_{};
    std::size_t taken_ = 0;
    std::array<char, 64 * 1024> buffer_;  // the cpu lines of 256 cores need less than half of it
};

}  // namespace machine_load
