// The wait set without types: ports, foreign descriptors and timers, all waited for in one place.
// It owns a doorbell and a poll set; ports write nothing of it, wakers the doorbell.
// After our death the doorbell's files stay until somebody cleans up; a peer's death is looked at as any news.
#pragma once

#include <elkodon/base/spin_estimator.hpp>
#include <elkodon/base/status.hpp>
#include <elkodon/port/lone_wait.hpp>
#include <elkodon/port/timer_queue.hpp>
#include <elkodon/port/waiting_room.hpp>

#include <functional>
#include <mutex>
#include <unordered_map>

namespace elkodon::port {

using attachment_id = strong_id<struct attachment_tag>;

/// What one attachment waits for. Shared by the set and by whoever holds the attachment.
/// Its timer is an interval, or the deadline of a port; without a period it is neither.
struct attached : timer {
    attachment_id id;
    waiting_port* port = nullptr;  // null again when the port has ended
    int file = -1;  // a foreign descriptor; -1 again when somebody else has taken its number
    std::function<bool()> callback;  // false: stop

    // In which turn it was ready, or missed its deadline; the events of its descriptor. The waiting thread's.
    std::uint64_t ready_turn = 0, missed_turn = 0;
    std::uint32_t events = 0;
};

/// Attaching, detaching and waking: any thread, also while another one waits. Waiting and what a wait has found: one
/// at a time; an attached port is used by the thread that waits, or while no wait runs.
///
/// A turn is one wait. A port that was ready, and one that was just attached, is polled by the following turns (it is
/// hot) until one of them has to sleep: then all of these are cooled, with one fence, and from there on the room awaits
/// them. So what a turn costs depends on the ports with traffic.
class wait_set_core final : public port_watcher {
public:
    wait_set_core(std::shared_ptr<service::membership> node, wait_strategy strategy);
    ~wait_set_core();
    wait_set_core(const wait_set_core&) = delete;
    wait_set_core& operator=(const wait_set_core&) = delete;

    /// Throws what waiting_port::attach() throws, invalid_value for a port of another domain, forked.
    std::shared_ptr<attached> attach(waiting_port& port, std::function<bool()> callback = {});
    std::shared_ptr<attached> attach_deadline(waiting_port& port, timer::clock::duration time);
    /// Throws already_attached, invalid_value, forked, and what the system says.
    std::shared_ptr<attached> attach_fd(int file, short events);
    /// Throws invalid_value, forked.
    std::shared_ptr<attached> attach_interval(timer::clock::duration period);
    void detach(attached& what) noexcept;

    /// Waits until something is ready, wake() was called, or the time is over. Its errors: forked; already_running
    /// when another thread waits; what the system says that doesn't let us sleep.
    status wait(deadline until) noexcept;

    /// What the last turn has found; valid until the next one.
    std::uint64_t turn() const noexcept { return turn_; }
    const std::vector<attachment_id>& ready() const noexcept { return ready_ids_; }

    /// Calls the callbacks of what is ready. False when one of them, or wake(), says stop.
    bool call_back();

    /// The wait that goes on ends, or else the next one. Also from a signal handler.
    void wake() noexcept;

    /// One descriptor for all: readable, level-style, while a wait would find something. Throws forked.
    int native_handle();

private:
    using lock = std::unique_lock<std::mutex>;
    using time_point = timer::clock::time_point;

    std::string doing(const std::string& what) const { return "attach " + what + " to a wait set"; }
    void require_ours(const std::string& what) const;
    std::shared_ptr<attached> attach(waiting_port& port, const std::shared_ptr<attached>& made);
    void enter(const std::shared_ptr<attached>& what);
    void add_port(attached& what, waiting_port& port);
    void remove(attached& what) noexcept;
    void nudge() noexcept;
    void port_ends(waiting_port& port) noexcept override;

    void begin_turn();
    void make_room();
    void mark_ready(attached& what) noexcept;
    void mark_missed(attached& what) noexcept;
    void list(attached& what) noexcept;
    bool nothing() const noexcept { return ready_ids_.empty() && !woken_now_; }
    bool over(deadline until) const noexcept { return until && timer::clock::now() >= *until; }

    void look() noexcept;
    void look_at_polled() noexcept;
    void look_at_timers() noexcept;
    void collect() noexcept;
    void poll_files() noexcept;
    void serve(std::size_t count) noexcept;
    status wait_for_news(lock& held, deadline until) noexcept;
    void spin(lock& held, time_point until) noexcept;
    status sleep(lock& held, deadline until) noexcept;
    void cool_all() noexcept;
    void leave_descriptor_armed() noexcept;

    std::shared_ptr<service::membership> node_;
    std::mutex mutex_;  // never held while asleep, nor while a callback runs
    waiting_room room_;
    os::poll_set files_;
    os::fd timer_;  // behind a descriptor only
    timer_queue timers_;
    std::unordered_map<attachment_id, std::shared_ptr<attached>> all_;
    std::unordered_map<int, attached*> by_file_;
    std::vector<attached*> by_seat_;
    std::vector<waiting_room::seat_number> polled_;  // hot; the room awaits all others
    std::uint64_t last_id_ = 0;
    bool waiting_ = false, asleep_ = false, behind_descriptor_ = false;

    // The waiting thread's; while it waits, attaching makes room.
    spin_estimator estimator_;
    std::uint64_t turn_ = 0;
    std::vector<attachment_id> ready_ids_;
    std::vector<std::shared_ptr<attached>> callbacks_;
    os::ready_file found_[os::poll_set::most_at_once];
    std::uint32_t turns_ = 0;
    bool woken_now_ = false;

    atomic<bool> woken_{false};
};

}  // namespace elkodon::port
