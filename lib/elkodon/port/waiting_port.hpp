// A port that can wait: the sleeper's half of the wake protocol.
// The port writes its wake address and its own waiter bit; wakers write the doorbell.
// After its death the bit stays; wakers mask it by the ports that they know.
#pragma once

#include <elkodon/layout/control_page.hpp>
#include <elkodon/segment/doorbell.hpp>
#include <elkodon/service/service_directory.hpp>

#include <memory>
#include <optional>

namespace elkodon::port {

class lone_wait;
class waiting_port;

/// Whoever watches a port for its user, and must hear of it when the port ends.
class port_watcher {
public:
    virtual void port_ends(waiting_port& port) noexcept = 0;

protected:
    ~port_watcher() = default;
};

/// The ports of one place that have turned hot by themselves, in no order: the place must cool them before it sleeps.
/// Ports on threads of their own add themselves; the place takes all. A port is in it once: it can't turn hot again
/// before it was taken out and cooled.
class warmed_list {
public:
    void push(waiting_port& port) noexcept;
    /// Calls `found(port)` for each. The place that waits, one at a time.
    template <class Found>
    void take(Found&& found) noexcept;

private:
    atomic<waiting_port*> first_{nullptr};
};

/// Hot: the waiter bit is clear, whoever owns the port polls it. Cold: the bit is set, and whoever publishes
/// marks the doorbell. Subscribers and listeners derive from this, and publishers, which wait for lossless
/// subscribers. One at a time.
class waiting_port {
public:
    waiting_port(const waiting_port&) = delete;
    waiting_port& operator=(const waiting_port&) = delete;
    virtual ~waiting_port();

    /// Whether taking would find something. Reads the directory when it has changed. The one look for peek,
    /// pop and before a sleep.
    virtual bool has_news() noexcept = 0;

    /// After a newcomer, a departure or a death: who of our peers lives?
    virtual void look_at_peers() noexcept = 0;

    /// Makes `bell` the place where this port waits, and watches every peer that may have to wake it.
    /// Throws errc::already_attached when it waits elsewhere. Whoever cools the port only when it has turned hot hears
    /// of that by `warmed`.
    void attach(segment::doorbell& bell, warmed_list* warmed = nullptr);
    void detach() noexcept;
    bool attached() const noexcept { return bell_ != nullptr; }

    /// Where a doorbell for this port lives.
    segment::doorbell_place doorbell_place() const noexcept {
        return service_->process().doorbell_place();
    }

    std::uint32_t doorbell_slot() const noexcept { return doorbell_slot_; }

    /// What whoever waits for it does before it sleeps: the port's own setting, or the process' default.
    wait_strategy strategy() const noexcept {
        return strategy_.value_or(doorbell_place().wait_strategy);
    }

    /// Who is told when the port ends, as long as it is attached.
    void watched_by(port_watcher* watcher) noexcept { watcher_ = watcher; }

    /// The port's own doorbell, made on the first call: for a blocked thread.
    lone_wait& wait_alone();
    /// The port's descriptor. Its own doorbell is made, or, where a thread has slept on a futex before, made anew.
    int own_descriptor();
    bool behind_descriptor() const noexcept;

    /// Before a sleep: sets the waiter bit. True when the port was hot; then a fence is due before the last
    /// look: a heavy one if needs_heavy_fence().
    bool cool() noexcept;
    bool needs_heavy_fence() const noexcept { return heavy_; }
    bool cold() const noexcept { return cold_; }

    /// The place that waits has slept: what is counted by count_taken() begins anew.
    void rested() noexcept { taken_since_sleep_ = 0; }

    /// Clears the waiter bit: the place that waits polls this port from now on, until it cools it.
    void heat() noexcept;

    /// Counts what was taken since the last sleep: a port with dense traffic turns hot, for marking costs
    /// the publisher more than polling costs us.
    void count_taken() noexcept {
        if (cold_ && ++taken_since_sleep_ == dense) warm();
    }

protected:
    waiting_port(std::shared_ptr<service::service_directory> service,
                 bool heavy,
                 std::optional<wait_strategy> strategy = {}) noexcept;

    /// Whether we are in a fork's child: nothing of the port may be touched there.
    bool forked() const noexcept { return fork_generation_ != os::fork_generation(); }

    virtual layout::wake_address& wake_address() noexcept = 0;
    virtual void watch_peers() = 0;

    /// Every derived destructor calls this first: detaching needs the derived port's segment.
    void stop_waiting() noexcept;
    /// The user has let go of the port, which may live on.
    void leave_watcher() noexcept {
        if (watcher_) std::exchange(watcher_, nullptr)->port_ends(*this);
    }

    /// Where this port says that it is cold: `bit` of `word`, which no other port uses.
    void say_cold_at(atomic<std::uint64_t>& word, std::uint64_t bit) noexcept {
        cold_word_ = &word;
        cold_bit_ = bit;
    }
    /// The bit of the subscriber or listener in `slot`, on the control page.
    void say_cold_at(std::uint32_t slot) noexcept {
        say_cold_at(service_->control().waiting[slot / 64], std::uint64_t{1} << slot % 64);
    }

    /// Hot again: nobody need ring.
    void warm() noexcept;
    segment::doorbell* bell() const noexcept { return bell_; }
    service::service_directory& service() const noexcept { return *service_; }

private:
    friend class warmed_list;
    static constexpr std::uint32_t dense = 32;

    std::shared_ptr<service::service_directory> service_;
    std::unique_ptr<lone_wait> lone_;
    segment::doorbell* bell_ = nullptr;
    warmed_list* warmed_ = nullptr;
    waiting_port* next_warmed_ = nullptr;  // the list's
    port_watcher* watcher_ = nullptr;
    std::uint32_t fork_generation_;
    atomic<std::uint64_t>* cold_word_ = nullptr;
    std::uint64_t cold_bit_ = 0;
    std::uint32_t doorbell_slot_ = 0;
    std::uint32_t taken_since_sleep_ = 0;
    std::optional<wait_strategy> strategy_;
    bool heavy_;
    bool cold_ = false;
};

template <class Found>
void warmed_list::take(Found&& found) noexcept {
    // relaxed: mostly nothing is there; who pushes and then awaits its port is seen by its own order.
    if (!first_.load(std::memory_order_relaxed)) return;
    // sync[warmed] acquire: the port's link, and that it is hot.
    auto* port = first_.exchange(nullptr, std::memory_order_acquire);
    while (port) found(*std::exchange(port, port->next_warmed_));
}

}  // namespace elkodon::port
