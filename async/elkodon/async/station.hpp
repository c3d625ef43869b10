// The place where the ports of one execution context wait: one doorbell, whatever the number of ports.
// Its handlers run on the context's own threads; nothing here starts a thread.
// After a kill -9 of a peer its notice arrives by the control descriptor and every port is looked at.
#pragma once

#include <elkodon/async/operation.hpp>
#include <elkodon/port/waiting_room.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/buffer.hpp>
#include <asio/execution_context.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/basic_stream_descriptor.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace elkodon::async {

/// One for each context and domain. Any thread.
///
/// A port with an operation that waits belongs to the station, under its mutex; otherwise it belongs to its
/// user. Nothing is ever taken here: the operation takes when it runs on its executor.
class station : public std::enable_shared_from_this<station> {
public:
    station(const segment::doorbell_place& place, const asio::any_io_executor& executor);

    /// A port waits here from now on. Throws errc::already_attached.
    void attach(port::waiting_port& port, waiter& who);
    /// Calls `then` before anybody else may look at the port.
    template <class Then>
    void detach(port::waiting_port& port, waiter& who, Then&& then) noexcept;

    /// Posts the operation if its port has news, or keeps it until it has, and dispatches it then.
    void wait(waiter& who, operation::owner op);

    /// Marks what is outstanding as aborted, and sends it on its way if it waits.
    /// With `which`: only if that is the outstanding one.
    void cancel(waiter& who, const operation* which = nullptr);

    /// An operation begins: false when another one is outstanding on this port. It ends when it completes or
    /// is destroyed.
    bool begin(waiter& who, operation& op) noexcept;

    /// Calls `take`, while nobody else may touch the port, unless the operation was aborted meanwhile.
    template <class Take>
    bool unless_aborted(const waiter& who, const operation& op, Take&& take) {
        const std::lock_guard lock(mutex_);
        if (op.aborted || who.closed) return false;
        take();
        return true;
    }
    void end(waiter& who, const operation& op) noexcept;

    int native_handle() const noexcept { return room_.descriptor(); }

    /// Destroys what waits; nothing is called.
    void shut_down() noexcept;

private:
    using descriptor = asio::posix::basic_stream_descriptor<asio::any_io_executor>;

    using ready_list = operation_list;

    void take_ready(ready_list& ready);
    void sleep(ready_list& ready);
    void poll_descriptors();
    void poll_control();
    void on_ring();
    void on_control();
    void send_off(ready_list& ready);
    static void post_all(ready_list& ready);
    void settle();
    void stop_polling();

    std::mutex mutex_;
    port::waiting_room room_;                   // awaits the ports whose operations wait
    std::optional<descriptor> ring_, control_;  // until the context shuts down
    std::vector<waiter*> waiters_;              // by seat
    std::uint64_t rings_ = 0;                   // what reading the eventfd stores
    bool polls_ring_ = false, polls_control_ = false;
    bool down_ = false;
};

/// The stations of one context, by domain.
class doorbell_service : public asio::execution_context::service {
public:
    using key_type = doorbell_service;
    inline static asio::execution_context::id id;

    explicit doorbell_service(asio::execution_context& context);

    /// The station of the domain in which `port` lives, made on the first call.
    std::shared_ptr<station> station_for(const port::waiting_port& port,
                                         const asio::any_io_executor& executor);

private:
    void shutdown() noexcept override;

    std::mutex mutex_;
    std::vector<std::pair<process_id, std::shared_ptr<station>>> stations_;
};

inline station::station(const segment::doorbell_place& place, const asio::any_io_executor& executor)
    : room_(place),
      ring_(std::in_place, executor, room_.ring_descriptor()),
      control_(std::in_place, executor, room_.control_descriptor()) {}

inline void station::attach(port::waiting_port& port, waiter& who) {
    const std::lock_guard lock(mutex_);
    const auto seat = room_.attach(port);
    try {
        if (waiters_.size() <= seat) waiters_.resize(seat + 1);
    } catch (...) {
        room_.detach(port);
        throw;
    }
    waiters_[seat] = &who;
    who.seat = seat;
}

template <class Then>
void station::detach(port::waiting_port& port, waiter& who, Then&& then) noexcept {
    const std::lock_guard lock(mutex_);
    who.closed = true;
    if (port.attached()) waiters_[who.seat] = nullptr;
    room_.detach(port);
    then();
}

inline void station::wait(waiter& who, operation::owner op) {
    ready_list ready;
    {
        const std::lock_guard lock(mutex_);
        if (down_) return;
        if (who.closed) op->aborted = true;
        if (op->aborted) {
            ready.push_back(std::move(op));
        } else {
            who.waiting = std::move(op);
            room_.await(who.seat);
            sleep(ready);
        }
    }
    // Never inline in the initiating function.
    post_all(ready);
    settle();
}

inline void station::cancel(waiter& who, const operation* which) {
    operation::owner stopped;
    {
        const std::lock_guard lock(mutex_);
        if (!who.outstanding || (which && who.outstanding != which)) return;
        // The port is free for the next operation at once: this one touches it no more.
        std::exchange(who.outstanding, nullptr)->aborted = true;
        if (!who.waiting) return;
        stopped = std::move(who.waiting);
        room_.forget(who.seat);
        if (room_.awaited() == 0) stop_polling();
    }
    auto* const raw = stopped.get();
    raw->post(std::move(stopped));
}

inline bool station::begin(waiter& who, operation& op) noexcept {
    const std::lock_guard lock(mutex_);
    if (who.outstanding) return false;
    who.outstanding = &op;
    return true;
}

inline void station::end(waiter& who, const operation& op) noexcept {
    const std::lock_guard lock(mutex_);
    if (who.outstanding == &op) who.outstanding = nullptr;
}

inline void station::take_ready(ready_list& ready) {
    room_.take_ready([&](auto seat) { ready.push_back(std::move(waiters_[seat]->waiting)); });
}

// Under the mutex, as all that asks the room.
inline void station::sleep(ready_list& ready) {
    if (room_.prepare_sleep()) poll_descriptors();
    take_ready(ready);
}

// Reading beats waiting: one speculative read instead of one epoll_ctl for every sleep.
inline void station::poll_descriptors() {
    if (!std::exchange(polls_ring_, true)) {
        ring_->async_read_some(
            asio::buffer(&rings_, sizeof rings_),
            [self = shared_from_this()](std::error_code, std::size_t) { self->on_ring(); });
    }
    poll_control();
}

inline void station::poll_control() {
    if (std::exchange(polls_control_, true)) return;
    control_->async_wait(descriptor::wait_read,
                         [self = shared_from_this()](std::error_code) { self->on_control(); });
}

inline void station::on_ring() {
    ready_list ready;
    {
        const std::lock_guard lock(mutex_);
        polls_ring_ = false;
        if (down_) return;
        room_.on_ring();
        sleep(ready);
    }
    send_off(ready);
}

inline void station::on_control() {
    ready_list ready;
    {
        const std::lock_guard lock(mutex_);
        polls_control_ = false;
        if (down_) return;
        room_.on_control();
        sleep(ready);
    }
    send_off(ready);
}

// A lone operation whose handler runs on this context runs here and now, and has mostly begun the next wait when it
// returns: then the descriptors stay polled. Several go through the queue, each a handler of its own: what one of them
// throws leaves run() before the next one begins. Afterwards nothing of ours may keep run() from returning.
inline void station::send_off(ready_list& ready) {
    const struct settling {
        station& self;
        ~settling() { self.settle(); }
    } afterwards{*this};
    auto first = ready.pop_front();
    if (!first) return;
    auto* const raw = first.get();
    if (ready.empty()) return raw->dispatch(std::move(first));
    raw->post(std::move(first));
    post_all(ready);
}

inline void station::post_all(ready_list& ready) {
    while (auto each = ready.pop_front()) {
        auto* const raw = each.get();
        raw->post(std::move(each));
    }
}

inline void station::settle() {
    const std::lock_guard lock(mutex_);
    if (room_.awaited() == 0) stop_polling();
}

inline void station::stop_polling() {
    if (down_) return;
    room_.stay_awake();
    std::error_code ignored;
    if (polls_ring_) ring_->cancel(ignored);
    if (polls_control_) control_->cancel(ignored);
}

inline void station::shut_down() noexcept {
    ready_list destroyed;
    const std::lock_guard lock(mutex_);
    down_ = true;
    for (auto* each : waiters_)
        if (each && each->waiting) destroyed.push_back(std::move(each->waiting));
    // The room's doorbell owns both descriptors; Asio's side of them must not outlive the context.
    ring_->release();
    control_->release();
    ring_.reset();
    control_.reset();
}

// The station serves all ports of the context: it runs on the context itself, not on the strand of the port that
// came first. A strand that we don't know is used as it is.
inline asio::any_io_executor without_strand(const asio::any_io_executor& executor) {
    if (auto* strand = executor.target<asio::strand<asio::io_context::executor_type>>())
        return strand->get_inner_executor();
    if (auto* strand = executor.target<asio::strand<asio::thread_pool::executor_type>>())
        return strand->get_inner_executor();
    if (auto* strand = executor.target<asio::strand<asio::any_io_executor>>())
        return without_strand(strand->get_inner_executor());
    return executor;
}

inline doorbell_service::doorbell_service(asio::execution_context& context)
    : asio::execution_context::service(context) {}

inline std::shared_ptr<station> doorbell_service::station_for(
    const port::waiting_port& port, const asio::any_io_executor& executor) {
    const std::lock_guard lock(mutex_);
    const auto place = port.doorbell_place();
    for (const auto& [process, known] : stations_)
        if (process == place.process) return known;
    stations_.emplace_back(place.process,
                           std::make_shared<station>(place, without_strand(executor)));
    return stations_.back().second;
}

inline void doorbell_service::shutdown() noexcept {
    for (auto& [process, each] : stations_) each->shut_down();
    stations_.clear();
}

}  // namespace elkodon::async
