// See futex.hpp.
#include <elkodon/os/futex.hpp>

#include <bit>
#include <cerrno>
#include <limits>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace elkodon::os {
namespace {

timespec time_of(std::chrono::steady_clock::time_point when) noexcept {
    const auto count =
        std::max(when.time_since_epoch(), std::chrono::steady_clock::duration{}).count();
    return {static_cast<time_t>(count / 1'000'000'000), static_cast<long>(count % 1'000'000'000)};
}

// Never FUTEX_PRIVATE_FLAG: the word is shared with other processes.
// By the clock and not by a span: after a signal it goes on as it was.
long wait(const std::uint32_t* half, std::uint32_t expected, const timespec* until) noexcept {
    return syscall(SYS_futex, half, FUTEX_WAIT_BITSET, expected, until, nullptr,
                   FUTEX_BITSET_MATCH_ANY);
}

// All, since whoever maps the word may sleep on it, and one wake-up would then be his.
long or_and_wake(const std::uint32_t* half, std::uint32_t bits) noexcept {
    constexpr auto all = std::numeric_limits<int>::max();
    const auto operation = FUTEX_OP(FUTEX_OP_OR, bits, FUTEX_OP_CMP_EQ, 0);
    return syscall(SYS_futex, half, FUTEX_WAKE_OP, all, std::uintptr_t{0}, half, operation);
}

}  // namespace

const std::uint32_t* low_half(const atomic<std::uint64_t>& word) noexcept {
    constexpr std::size_t index = std::endian::native == std::endian::little ? 0 : 1;
    return reinterpret_cast<const std::uint32_t*>(&word) + index;
}

wait_end sleep_on(const atomic<std::uint64_t>& word,
                  std::uint64_t expected,
                  std::optional<std::chrono::steady_clock::time_point> until) noexcept {
    const auto end = until ? time_of(*until) : timespec{};
    for (;;) {
        if (wait(low_half(word), static_cast<std::uint32_t>(expected), until ? &end : nullptr) == 0)
            return wait_end::woken;
        switch (errno) {
            case EINTR: continue;
            case EAGAIN: return wait_end::woken;
            case ETIMEDOUT: return wait_end::time_over;
            default: return wait_end::refused;
        }
    }
}

void set_and_wake(atomic<std::uint64_t>& word, std::uint32_t bits) noexcept {
    or_and_wake(low_half(word), bits);
}

bool has_futexes() noexcept {
    static const bool has = [] {
        atomic<std::uint64_t> word{4};
        const timespec now{};
        const bool wakes = or_and_wake(low_half(word), 2) == 0;
        // relaxed: nobody else has it.
        const bool sets = word.load(std::memory_order_relaxed) == 6;
        return wakes && sets && wait(low_half(word), 6, &now) != 0 && errno == ETIMEDOUT;
    }();
    return has;
}

}  // namespace elkodon::os
