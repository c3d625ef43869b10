// See lone_wait.hpp.
#include <elkodon/port/lone_wait.hpp>

#include <cerrno>

namespace elkodon::port {
namespace {

constexpr int pauses_between_looks = 8;

// Set only for a test that shows what finds a lost wake: the looks between bit, arming and sleep are left out there.
#ifdef ELKODON_MUTANT_WITHOUT_RECHECK
constexpr bool lone_wait_looks_again = false;
#else
constexpr bool lone_wait_looks_again = true;
#endif

}  // namespace

lone_wait::lone_wait(waiting_port& port, layout::doorbell_kind kind, cores_in_reach cores)
    : port_(port),
      bell_(port.doorbell_place(), kind),
      estimator_(port.strategy(), cores),
      liveness_bound_(port.doorbell_place().liveness_bound),
      look_around_at_(clock::now() + liveness_bound_) {
    port_.attach(bell_);
}

// Bit, armed word, fence, last look: in this order, so that a publisher that misses the bit or the armed word
// is one whose message we see here.
bool lone_wait::arm() noexcept {
    const bool turned_cold = port_.cool();
    bell_.arm();
    // sync[fence.light] heavy: our waiter bit, then our look; the publisher's message, then the bit.
    if (turned_cold && port_.needs_heavy_fence() && !os::heavy_fence())
        bell_.look_again_after(std::chrono::milliseconds(1));
    // Notices after the look: it may have met a newcomer that is dead already.
    const auto anything = [this] {
        return bell_.ready().any() || port_.has_news() || bell_.notices() != notices_seen_;
    };
    if (!lone_wait_looks_again || !anything()) return true;
    bell_.disarm();
    return false;
}

// Notices first, then the ready set, then the data: what comes later is found by the next round.
void lone_wait::wake_up() noexcept {
    bell_.drain();
    bell_.disarm();
    bell_.serve();
    if (bell_.notices() != notices_seen_) {
        notices_seen_ = bell_.notices();
        bell_.ready().take_all([](std::size_t) {});
        port_.look_at_peers();
    } else {
        bell_.ready().take([](std::size_t) {});
    }
}

// Whatever keeps waking us without news, the time is over when it is over.
bool lone_wait::wait(deadline until, std::error_code& failure) noexcept {
    const auto began = clock::now();
    const auto over = [&](clock::time_point now) { return until && now >= *until; };
    const auto most = estimator_.spin_for();
    const bool spins = most > most.zero();
    const auto last = clock::time_point::max();
    const auto spin_end = most < last - began ? began + most : last;
    bool slept = false;
    if (!spins || !spin(until ? std::min(*until, spin_end) : spin_end)) {
        const auto end =
            spins && over(clock::now()) ? os::wait_end::time_over : sleep(until, slept);
        if (end == os::wait_end::refused) failure = {errno, std::system_category()};
        if (end != os::wait_end::woken) {
            estimator_.waited({clock::now() - began, spins, slept, false});
            return false;
        }
    }
    const auto now = clock::now();
    estimator_.waited({now - began, spins, slept, true});
    return !over(now);
}

// With pauses between the looks: what we look at is about to be written. True when there may be news.
bool lone_wait::spin(clock::time_point until) noexcept {
    for (;;) {
        for (int i = 0; i < pauses_between_looks; ++i) pause_once();
        if (estimator_.yields()) os::yield();
        if (port_.has_news()) return true;
        const auto now = clock::now();
        if (now >= look_around_at_) {
            look_around_at_ = now + liveness_bound_;
            wake_up();
            return true;
        }
        if (now >= until) return false;
    }
}

os::wait_end lone_wait::sleep(deadline until, bool& slept) noexcept {
    slept = arm();
    const auto end = slept ? bell_.sleep(until) : os::wait_end::woken;
    const int number = errno;
    wake_up();
    errno = number;
    return end;
}

int lone_wait::native_handle() noexcept {
    if (!behind_descriptor_) {
        behind_descriptor_ = true;
        rearm();
    }
    return bell_.descriptor();
}

bool lone_wait::rearm() noexcept {
    wake_up();
    if (arm()) return false;
    bell_.ring_ourselves();
    return true;
}

}  // namespace elkodon::port
