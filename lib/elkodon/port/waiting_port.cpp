// See waiting_port.hpp.
#include <elkodon/base/error.hpp>
#include <elkodon/port/lone_wait.hpp>
#include <elkodon/port/waiting_port.hpp>

namespace elkodon::port {

waiting_port::waiting_port(std::shared_ptr<service::service_directory> service,
                           bool heavy,
                           std::optional<wait_strategy> strategy) noexcept
    : service_(std::move(service)),
      fork_generation_(os::fork_generation()),
      strategy_(strategy),
      heavy_(heavy) {}

waiting_port::~waiting_port() = default;

lone_wait& waiting_port::wait_alone() {
    if (!lone_)
        lone_ = std::make_unique<lone_wait>(*this,
                                            segment::kind_for_a_thread(doorbell_place().backend));
    return *lone_;
}

int waiting_port::own_descriptor() {
    if (lone_ && !lone_->has_descriptor()) lone_.reset();
    if (!lone_) lone_ = std::make_unique<lone_wait>(*this, layout::doorbell_kind::eventfd);
    return lone_->native_handle();
}

bool waiting_port::behind_descriptor() const noexcept {
    return lone_ && lone_->behind_descriptor();
}

void warmed_list::push(waiting_port& port) noexcept {
    // relaxed: the exchange below orders; a stale value only makes it try again.
    port.next_warmed_ = first_.load(std::memory_order_relaxed);
    // sync[warmed] release: the port's link, and that it is hot, before whoever takes it.
    while (!first_.compare_exchange_weak(port.next_warmed_, &port, std::memory_order_release,
                                         std::memory_order_relaxed)) {}
}

void waiting_port::stop_waiting() noexcept {
    leave_watcher();
    lone_.reset();
    detach();
}

void waiting_port::attach(segment::doorbell& bell, warmed_list* warmed) {
    if (forked()) throw error(errc::forked, "wait for a port of " + service_->title());
    // A thread that waited here has gone on; behind a descriptor somebody may still be waiting.
    if (lone_ && !lone_->behind_descriptor()) lone_.reset();
    if (bell_) throw error(errc::already_attached, "wait for a port of " + service_->title());
    const auto slot = bell.take_slot();
    if (!slot)
        throw error(errc::port_limit_reached,
                    "attach a port of " + service_->title() + " to its doorbell");
    bell_ = &bell;
    warmed_ = warmed;
    doorbell_slot_ = *slot;
    auto& address = wake_address();
    // sync[wake_address] release: the slot is visible with the doorbell.
    address.slot.store(doorbell_slot_, std::memory_order_release);
    address.doorbell.store(bell.id().value(), std::memory_order_release);
    service_->bump_generation();
    try {
        watch_peers();
    } catch (...) {
        detach();
        throw;
    }
}

void waiting_port::detach() noexcept {
    if (!bell_) return;
    watcher_ = nullptr;
    warmed_ = nullptr;
    if (forked()) {
        bell_ = nullptr;
        return;
    }
    warm();
    // sync[wake_address] release: who still rings there rings a bell that nobody needs.
    wake_address().doorbell.store(0, std::memory_order_release);
    bell_->free_slot(doorbell_slot_);
    bell_ = nullptr;
}

bool waiting_port::cool() noexcept {
    taken_since_sleep_ = 0;
    if (cold_) return false;
    cold_ = true;
    // sync[publisher.waiting] seq_cst: a lossless publisher's, in the same way.
    // sync[control.waiting] seq_cst: set before our last look at the data; a publisher stores its message,
    // then loads this. One of the two sees the other.
    cold_word_->fetch_or(cold_bit_, std::memory_order_seq_cst);
    return true;
}

void waiting_port::heat() noexcept {
    if (!std::exchange(cold_, false)) return;
    // relaxed: a waker that still sees the bit marks a doorbell once more.
    cold_word_->fetch_and(~cold_bit_, std::memory_order_relaxed);
}

void waiting_port::warm() noexcept {
    if (!cold_) return;
    heat();
    if (warmed_) warmed_->push(*this);
}

}  // namespace elkodon::port
