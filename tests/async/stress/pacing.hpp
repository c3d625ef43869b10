// Random numbers that a run prints, and waits too short for a clock: what stress tests are paced by.
#pragma once

#include <elkodon/base/atomic.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>

namespace test {

/// ELKODON_TEST_SEED, or a new one. Printed, so that a run can be repeated.
inline std::uint64_t seed() {
    static const std::uint64_t value = [] {
        const char* const given = std::getenv("ELKODON_TEST_SEED");
        const std::uint64_t chosen =
            given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
        std::printf("ELKODON_TEST_SEED=%llu\n", static_cast<unsigned long long>(chosen));
        return chosen;
    }();
    return value;
}

/// Small, and good enough to hit every instant.
class dice {
public:
    explicit dice(std::uint64_t stream) : engine_(seed() + stream) {}
    std::uint64_t up_to(std::uint64_t most) { return engine_() % (most + 1); }
    bool one_in(std::uint64_t n) { return engine_() % n == 0; }

private:
    std::mt19937_64 engine_;
};

/// Spins for so many pauses, some nanoseconds each.
inline void spin(std::uint64_t pauses) {
    for (; pauses > 0; --pauses) elkodon::pause_once();
}

}  // namespace test
