// See lone_wait.hpp.
#include <elkodon/port/lone_wait.hpp>

#include <cerrno>

namespace elkodon::port {

lone_wait::lone_wait(waiting_port& port, layout::doorbell_kind kind)
    : port_(port), bell_(port.doorbell_place(), kind) {
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
    if (!bell_.ready().any() && !port_.has_news() && bell_.notices() == notices_seen_) return true;
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
bool lone_wait::sleep(deadline until, std::error_code& failure) noexcept {
    const auto end = arm() ? bell_.sleep(until) : os::wait_end::woken;
    if (end == os::wait_end::refused) failure = {errno, std::system_category()};
    wake_up();
    return end == os::wait_end::woken && (!until || std::chrono::steady_clock::now() < *until);
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
