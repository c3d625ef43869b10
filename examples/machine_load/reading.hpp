// One reading of this machine's load, as it lies in shared memory.
// Written by the publisher, straight into the loan; read by whoever subscribes to "machine/load".
// After a kill -9 of the publisher it is either published whole or not at all.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace machine_load {

struct reading {
    static constexpr std::size_t max_cores = 256;

    std::uint64_t number;            // counted by its publisher, from 1
    std::int64_t published_ns;       // std::chrono::steady_clock: one clock for all processes
    std::uint64_t memory_total;      // bytes
    std::uint64_t memory_available;  // bytes
    std::uint64_t received_total;    // bytes, all interfaces but the loopback
    std::uint64_t sent_total;
    double received_rate;  // bytes a second, over the last half second
    double sent_rate;
    std::array<double, 3> load;  // averages of 1, 5 and 15 minutes
    std::uint32_t tasks_runnable;
    std::uint32_t tasks_total;
    float busy;                // all cores together: 0 to 1, over the last half second
    std::uint32_t core_count;  // how many of the fractions below are set
    std::array<float, max_cores> core_busy;
};

static_assert(std::is_trivially_copyable_v<reading> && std::is_standard_layout_v<reading>);

}  // namespace machine_load
