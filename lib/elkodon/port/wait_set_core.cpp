// See wait_set_core.hpp.
#include <elkodon/base/error.hpp>
#include <elkodon/os/process.hpp>
#include <elkodon/port/wait_set_core.hpp>

#include <cerrno>

namespace elkodon::port {
namespace {

constexpr std::uint32_t turns_without_system_call = 64;
constexpr std::uint64_t ring_key = 0, control_key = 1, timer_key = 2;  // attachments come after

void require_time(timer::clock::duration time, const std::string& doing) {
    if (time > time.zero()) return;
    throw error(errc::invalid_value, doing, "time", "more than 0 ns",
                std::to_string(std::chrono::nanoseconds(time).count()) + " ns");
}

constexpr bool is_port(const attached& what) noexcept { return what.port != nullptr; }

}  // namespace

wait_set_core::wait_set_core(std::shared_ptr<service::membership> node, wait_strategy strategy)
    : node_(std::move(node)),
      room_(node_->process().doorbell_place()),
      last_id_(timer_key),
      estimator_(strategy, os::cores_of_this_thread()) {
    if (!files_.add(room_.ring_descriptor(), ring_key) ||
        !files_.add(room_.control_descriptor(), control_key))
        os::throw_errno(errno, "create a wait set");
}

wait_set_core::~wait_set_core() {
    for (auto& [id, each] : all_)
        if (is_port(*each)) room_.detach(*each->port);
}

// --- attaching: any thread -----------------------------------------------------------------------------

void wait_set_core::require_ours(const std::string& what) const {
    if (!node_->process().ours()) throw error(errc::forked, doing(what));
}

// First of all: nothing that comes later may fail for want of memory.
void wait_set_core::enter(const std::shared_ptr<attached>& what) {
    what->id = attachment_id(++last_id_);
    all_.emplace(what->id, what);
    if (waiting_) make_room();
}

std::shared_ptr<attached> wait_set_core::attach(waiting_port& port, std::function<bool()> callback) {
    auto made = std::make_shared<attached>();
    made->callback = std::move(callback);
    return attach(port, made);
}

std::shared_ptr<attached> wait_set_core::attach_deadline(waiting_port& port,
                                                         timer::clock::duration time) {
    require_time(time, doing("a port with a deadline"));
    auto made = std::make_shared<attached>();
    made->period = time;
    made->in_step = false;
    return attach(port, made);
}

std::shared_ptr<attached> wait_set_core::attach(waiting_port& port,
                                                const std::shared_ptr<attached>& made) {
    require_ours("a port");
    if (port.doorbell_place().process != node_->process().id())
        throw error(errc::invalid_value, doing("a port"), "domain", "that of the wait set's node",
                    "another");
    const lock held(mutex_);
    enter(made);
    try {
        add_port(*made, port);
        if (made->period.count() != 0) timers_.add(*made, timer::clock::now());
    } catch (...) {
        remove(*made);
        throw;
    }
    nudge();
    return made;
}

void wait_set_core::add_port(attached& what, waiting_port& port) {
    const auto seat = room_.attach(port);
    what.port = &port;
    port.watched_by(this);
    if (by_seat_.size() <= seat) by_seat_.resize(seat + 1);
    polled_.reserve(by_seat_.capacity());
    by_seat_[seat] = &what;
    polled_.push_back(seat);
}

std::shared_ptr<attached> wait_set_core::attach_fd(int file, short events) {
    const auto name = "descriptor " + std::to_string(file);
    require_ours(name);
    auto made = std::make_shared<attached>();
    const lock held(mutex_);
    enter(made);
    try {
        auto& known = by_file_[file];
        if (!files_.add(file, made->id.value(), static_cast<unsigned short>(events))) {
            const int number = errno;
            if (!known) by_file_.erase(file);
            if (number == EEXIST) throw error(errc::already_attached, doing(name));
            if (number == EPERM)
                throw error(errc::invalid_value, doing(name), "kind",
                            "one that can wait: socket, pipe, timer, …", "a regular file");
            os::throw_errno(number, doing(name));
        }
        // Whoever had the number before was closed without being detached: the kernel has forgotten it.
        if (known) known->file = -1;
        known = made.get();
        made->file = file;
    } catch (...) {
        remove(*made);
        throw;
    }
    return made;
}

std::shared_ptr<attached> wait_set_core::attach_interval(timer::clock::duration period) {
    require_ours("an interval");
    require_time(period, doing("an interval"));
    auto made = std::make_shared<attached>();
    made->period = period;
    const lock held(mutex_);
    enter(made);
    try {
        timers_.add(*made, timer::clock::now());
    } catch (...) {
        remove(*made);
        throw;
    }
    nudge();
    return made;
}

// In a fork's child the poll set is the parent's, and who held the mutex isn't there.
void wait_set_core::detach(attached& what) noexcept {
    if (!node_->process().ours()) {
        if (is_port(what)) room_.detach(*what.port);
        what.port = nullptr;
        return;
    }
    const lock held(mutex_);
    remove(what);
}

void wait_set_core::remove(attached& what) noexcept {
    if (is_port(what) && what.port->attached()) {
        const auto seat = what.port->doorbell_slot();
        std::erase(polled_, seat);
        if (seat < by_seat_.size()) by_seat_[seat] = nullptr;
        room_.detach(*what.port);
    }
    what.port = nullptr;
    if (what.file >= 0) {
        files_.remove(what.file);
        by_file_.erase(what.file);
        what.file = -1;
    }
    if (what.period.count() != 0) timers_.remove(what);
    all_.erase(what.id);
}

void wait_set_core::port_ends(waiting_port& port) noexcept {
    if (!node_->process().ours()) return room_.detach(port);
    const lock held(mutex_);
    if (!port.attached()) return;
    remove(*std::shared_ptr(all_.at(by_seat_[port.doorbell_slot()]->id)));
}

// Whoever sleeps in a wait, or polls our descriptor, has to know of what was attached just now.
void wait_set_core::nudge() noexcept {
    if (asleep_ || behind_descriptor_) room_.wake();
}

void wait_set_core::wake() noexcept {
    if (!node_->process().ours()) return;
    // sync[wait_set.woken] release: before the ring that ends the sleep.
    woken_.store(true, std::memory_order_release);
    room_.wake();
}

// --- a turn ---------------------------------------------------------------------------------------------

status wait_set_core::wait(deadline until) noexcept try {
    if (!node_->process().ours()) return errc::forked;
    lock held(mutex_);
    if (waiting_) return errc::already_running;
    waiting_ = true;
    const struct ending {
        bool& waiting;
        ~ending() { waiting = false; }
    } at_the_end{waiting_};
    begin_turn();
    look();
    // Ports bring their news through memory, but for the deaths of peers; descriptors are in the kernel's hands, and
    // may not be forgotten over ports that never rest.
    const bool stays = !nothing() || over(until);
    const bool due = ++turns_ % turns_without_system_call == 0;
    if (behind_descriptor_ || due || (stays && !by_file_.empty())) poll_files();
    const auto failure = nothing() && !stays ? wait_for_news(held, until) : status();
    if (behind_descriptor_) leave_descriptor_armed();
    return failure;
} catch (...) {
    return status::from(std::make_error_code(std::errc::not_enough_memory));
}

// Allocates only when there are more attachments than ever before.
void wait_set_core::begin_turn() {
    ++turn_;
    woken_now_ = false;
    ready_ids_.clear();
    callbacks_.clear();
    make_room();
}

void wait_set_core::make_room() {
    ready_ids_.reserve(all_.size());
    callbacks_.reserve(all_.size());
}

void wait_set_core::list(attached& what) noexcept {
    ready_ids_.push_back(what.id);
    if (what.callback) callbacks_.push_back(all_.at(what.id));
}

void wait_set_core::mark_ready(attached& what) noexcept {
    if (what.ready_turn == turn_) return;
    what.ready_turn = turn_;
    if (what.missed_turn != turn_) list(what);
    if (is_port(what) && what.period.count() != 0) what.restart(timer::clock::now());
}

void wait_set_core::mark_missed(attached& what) noexcept {
    if (what.missed_turn == turn_) return;
    what.missed_turn = turn_;
    if (what.ready_turn != turn_) list(what);
}

// Marks of the awaited, then the hot ones, then the clock.
void wait_set_core::look() noexcept {
    room_.look();
    collect();
    look_at_polled();
    look_at_timers();
    // sync[wait_set.woken] acquire: whoever called wake() has done so after what it wants us to see.
    if (woken_.load(std::memory_order_acquire) &&
        woken_.exchange(false, std::memory_order_acquire))  // sync[wait_set.woken] acquire: as above
        woken_now_ = true;
}

void wait_set_core::collect() noexcept {
    room_.take_ready([&](waiting_room::seat_number seat) {
        polled_.push_back(seat);
        mark_ready(*by_seat_[seat]);
    });
}

void wait_set_core::look_at_polled() noexcept {
    for (const auto seat : polled_)
        if (by_seat_[seat]->port->has_news()) mark_ready(*by_seat_[seat]);
}

void wait_set_core::look_at_timers() noexcept {
    if (timers_.empty()) return;
    timers_.take_due(timer::clock::now(), [&](timer& due) {
        auto& what = static_cast<attached&>(due);
        if (is_port(what)) mark_missed(what);
        else mark_ready(what);
    });
}

void wait_set_core::poll_files() noexcept {
    std::size_t count = 0;
    files_.wait(found_, count, time_point{});
    serve(count);
}

// Awake: drained and disarmed before the look, so that what comes later rings again.
void wait_set_core::serve(std::size_t count) noexcept {
    room_.stay_awake();
    for (std::size_t i = 0; i < count; ++i) {
        const auto& [key, events] = found_[i];
        if (key == ring_key) {
            room_.drain();
        } else if (key == control_key) {
            room_.on_control();
        } else if (key == timer_key) {
            os::drain(timer_.get());
        } else if (const auto found = all_.find(attachment_id(key)); found != all_.end()) {
            found->second->events = events;
            mark_ready(*found->second);
        }
    }
    look();
}

status wait_set_core::wait_for_news(lock& held, deadline until) noexcept {
    const auto most = estimator_.spin_for();
    const auto began = timer::clock::now();
    if (most > most.zero()) {
        const bool for_ever = most >= time_point::max() - began;
        const auto end = for_ever ? time_point::max() : began + most;
        spin(held, until ? std::min(end, *until) : end);
    }
    const bool slept = nothing() && !over(until);
    status failure;
    while (nothing() && !over(until) && !failure) failure = sleep(held, until);
    estimator_.waited({timer::clock::now() - began, most > most.zero(), slept, !ready_ids_.empty()});
    return failure;
}

void wait_set_core::spin(lock& held, time_point until) noexcept {
    for (int round = 1; nothing() && timer::clock::now() < until; ++round) {
        held.unlock();  // others may attach
        for (int i = 0; i < 16; ++i) pause_once();
        if (estimator_.yields()) os::yield();
        held.lock();
        if (round % 16 == 0) poll_files();
        else look();
    }
}

// The look of those that turn cold comes after their bits and before the sleep: prepare_sleep() has it.
status wait_set_core::sleep(lock& held, deadline until) noexcept {
    cool_all();
    look_at_timers();
    if (!nothing()) {
        room_.stay_awake();
        return {};
    }
    const auto due = timers_.next();
    asleep_ = true;
    held.unlock();
    std::size_t count = 0;
    const auto end = files_.wait(found_, count, due && (!until || *due < *until) ? due : until);
    const auto failure = end == os::wait_end::refused
                             ? status::from(std::error_code(errno, std::system_category()))
                             : status();
    held.lock();
    asleep_ = false;
    serve(count);
    return failure;
}

void wait_set_core::cool_all() noexcept {
    for (const auto seat : polled_) room_.await(seat);
    polled_.clear();
    room_.prepare_sleep();
    collect();
}

// --- behind a descriptor --------------------------------------------------------------------------------

int wait_set_core::native_handle() {
    if (!node_->process().ours()) throw error(errc::forked, "ask a wait set for its descriptor");
    const lock held(mutex_);
    if (behind_descriptor_) return files_.get();
    timer_ = os::make_timer();
    if (!files_.add(timer_.get(), timer_key))
        os::throw_errno(errno, "ask a wait set for its descriptor");
    behind_descriptor_ = true;
    room_.wake();  // the first wait arms it
    return files_.get();
}

// Level-style: whoever stops early finds it readable again, because there is something still or because it rang itself.
void wait_set_core::leave_descriptor_armed() noexcept {
    cool_all();
    if (!polled_.empty()) room_.wake();
    if (const auto due = timers_.next())
        os::start_timer(timer_.get(), std::max(std::chrono::nanoseconds(*due - timer::clock::now()),
                                               std::chrono::nanoseconds(1)));
}

// --- callbacks ------------------------------------------------------------------------------------------

bool wait_set_core::call_back() {
    for (const auto& each : callbacks_)
        if (!each->callback()) return false;
    return !woken_now_;
}

}  // namespace elkodon::port
