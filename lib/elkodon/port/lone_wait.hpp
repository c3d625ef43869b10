// One port that waits by itself: a blocked thread, or behind its own descriptor.
// It owns the doorbell; the port attaches to it once.
// After our death the doorbell's files stay until somebody cleans up.
#pragma once

#include <elkodon/base/spin_estimator.hpp>
#include <elkodon/os/fence.hpp>
#include <elkodon/os/process.hpp>
#include <elkodon/port/waiting_port.hpp>

#include <chrono>
#include <optional>

namespace elkodon::port {

using deadline = std::optional<std::chrono::steady_clock::time_point>;

/// When `time` from now will be over; never, when the clock can't say so late a time.
template <class Rep, class Period>
deadline deadline_after(std::chrono::duration<Rep, Period> time) noexcept {
    using clock = std::chrono::steady_clock;
    using seconds = std::chrono::duration<long double>;
    const auto now = clock::now();
    if (!(time > time.zero())) return now;
    if (seconds(time) >= seconds(clock::time_point::max() - now)) return std::nullopt;
    return now + std::chrono::ceil<clock::duration>(time);
}

/// Owned by the port that it serves. One at a time.
class lone_wait {
public:
    lone_wait(waiting_port& port,
              layout::doorbell_kind kind,
              cores_in_reach cores = os::cores_of_this_thread());
    ~lone_wait() { port_.detach(); }
    lone_wait(const lone_wait&) = delete;
    lone_wait& operator=(const lone_wait&) = delete;

    /// Waits until the port may have news: looks for it first, as long as the port's strategy says, then sleeps. False
    /// when the time is over, or, with `failure`, when the system doesn't let us sleep. The caller has looked, looks
    /// again afterwards, and comes back when there was nothing.
    bool wait(deadline until, std::error_code& failure) noexcept;

    bool has_descriptor() const noexcept { return bell_.has_descriptors(); }

    /// The descriptor for other loops; from the first call on the port is armed whenever it is empty.
    int native_handle() noexcept;
    bool behind_descriptor() const noexcept { return behind_descriptor_; }

    /// The port was found empty: arms the descriptor again. True when the port has news after all: then
    /// the descriptor stays readable.
    bool rearm() noexcept;

private:
    using clock = std::chrono::steady_clock;

    bool spin(clock::time_point until) noexcept;
    os::wait_end sleep(deadline until, bool& slept) noexcept;
    bool arm() noexcept;
    void wake_up() noexcept;

    waiting_port& port_;
    segment::doorbell bell_;
    std::uint64_t notices_seen_ = 0;
    spin_estimator estimator_;
    std::chrono::milliseconds liveness_bound_;
    clock::time_point look_around_at_;  // who only spins has to ask for deaths at times
    bool behind_descriptor_ = false;
};

}  // namespace elkodon::port
