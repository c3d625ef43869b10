// A ring of io_uring, our own or our user's, and the requests that the kernel has in hand.
// Its loop's thread submits; the kernel completes. A request lives until its last completion, whoever awaits it.
// Nothing here is shared with other processes; after a fork the ring is the parent's.
#pragma once

#include <elkodon/error.hpp>
#include <elkodon/loop/completion.hpp>
#include <elkodon/os/process.hpp>

#include <liburing.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace elkodon::uring {

// Of the kernel's interface, and missing in liburing 2.3.
inline constexpr std::uint8_t op_futex_wait = 51;
inline constexpr std::uint32_t futex_32_bits = 0x02;  // and not FUTEX2_PRIVATE

/// Hears of completions. Calls nothing of its user's then: it queues.
class receiver {
public:
    receiver(const receiver&) = delete;
    receiver& operator=(const receiver&) = delete;

protected:
    receiver() noexcept = default;
    ~receiver() = default;

private:
    friend class ring;
    /// `more`: the request goes on.
    virtual void completed(int result, bool more) noexcept = 0;
    /// The ring ends: the request is gone.
    virtual void ring_ended() noexcept = 0;
};

/// One submission, from its making to its last completion.
class request final : public loops::link {
    friend class ring;
    io_uring_sqe sqe_{};
    receiver* who_ = nullptr;  // null: nobody waits for it any more
    bool in_hand_ = false;
    bool gives_descriptor_ = false;  // which is closed when nobody waits for it
};

/// How big a ring of ours is, and with what it tries to be made.
struct ring_settings {
    unsigned submissions = 256;
    unsigned completions = 0;  ///< 0: as the kernel says, twice as many
    bool plain =
        false;  ///< without SINGLE_ISSUER and DEFER_TASKRUN, also where the kernel has them
};

/// One at a time, on the thread that submits.
class ring {
public:
    explicit ring(const ring_settings& settings)
        : own_(std::make_unique<io_uring>()), ring_(own_.get()) {
        constexpr unsigned fast = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                                  IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_R_DISABLED;
        int failure = settings.plain ? -EINVAL : make(settings, fast);
        if (failure == -EINVAL) failure = make(settings, 0);
        if (failure < 0) refuse(-failure);
    }
    explicit ring(io_uring* theirs) : ring_(theirs), enabled_(true) {
        io_uring_sync_cancel_reg nothing{};
        nothing.addr = tag;
        nothing.fd = -1;
        nothing.timeout = {-1, -1};
        if (io_uring_register_sync_cancel(ring_, &nothing) == -EINVAL)
            throw error(std::make_error_code(std::errc::function_not_supported),
                        "be a guest in a ring: Linux 6.0 or newer is needed");
    }
    ~ring() {
        if (!own_) return;
        if (ours()) io_uring_queue_exit(ring_);
        else ::close(ring_->ring_fd);  // a fork's child: the mappings are not there
    }
    ring(const ring&) = delete;
    ring& operator=(const ring&) = delete;

    [[noreturn]] static void refuse(int why) {
        const std::error_code code(why, std::system_category());
        if (why == EPERM || why == ENOSYS || why == EACCES)
            throw error(code, "make an io_uring loop: io_uring is forbidden here (seccomp, or "
                              "kernel.io_uring_disabled), or the kernel "
                              "has none; <elkodon/asio.hpp> awaits the same ports without it");
        if (why == EEXIST)
            throw error(code,
                        "run an io_uring loop: its ring belongs to the thread that ran it first");
        if (why == ENOMEM)
            throw error(code, "make an io_uring loop: RLIMIT_MEMLOCK is too small for its ring");
        throw error(code, "run an io_uring loop");
    }

    bool guest() const noexcept { return own_ == nullptr; }
    /// False in a fork's child.
    bool ours() const noexcept { return fork_generation_ == os::fork_generation(); }

    /// Whether the kernel knows an operation. Asks it once.
    bool knows(std::uint8_t operation) {
        if (!probe_) probe_.reset(io_uring_get_probe_ring(ring_));
        return probe_ && io_uring_opcode_supported(probe_.get(), operation);
    }

    /// Hands a request to the kernel with the next submission. It is told by who.completed(), or forgotten.
    request& submit(const io_uring_sqe& sqe, receiver* who, bool gives_descriptor = false) {
        auto& made = take();
        made.sqe_ = sqe;
        made.sqe_.user_data = reinterpret_cast<std::uintptr_t>(&made) | tag;
        made.who_ = who;
        made.gives_descriptor_ = gives_descriptor;
        made.in_hand_ = true;
        ++in_hand_;
        enter(made);
        return made;
    }

    /// Asks the kernel to end it; its completion tells how it ended.
    void cancel(request& what) noexcept {
        if (what.linked()) return drop(what);
        io_uring_sqe sqe{};
        io_uring_prep_cancel64(&sqe, what.sqe_.user_data, 0);
        sqe.user_data = tag;
        enter(sqe);
    }

    std::uint64_t data_of(const request& what) const noexcept { return what.sqe_.user_data; }

    /// Nobody waits for it any more: it is cancelled, and what it gives all the same is closed.
    void forget(request& what) noexcept {
        what.who_ = nullptr;
        cancel(what);
    }

    /// The same, and when this returns the kernel touches none of its memory.
    void reap(request& what) noexcept {
        forget(what);
        if (!ours()) return;
        if (!guest()) {
            while (what.in_hand_ && wait(1) >= 0) take_completions();
            return;
        }
        io_uring_submit(ring_);
        io_uring_sync_cancel_reg which{};
        which.addr = reinterpret_cast<std::uintptr_t>(&what) | tag;
        which.fd = -1;
        which.timeout = {-1, -1};
        io_uring_register_sync_cancel(ring_, &which);
    }

    /// A completion: false when it isn't ours. Calls nothing of the user's.
    bool dispatch(const io_uring_cqe& cqe) noexcept {
        const std::uint64_t data = cqe.user_data;
        if ((data & tag) == 0) return false;
        if (data != tag)
            complete(*reinterpret_cast<request*>(data & ~tag), cqe.res,
                     (cqe.flags & IORING_CQE_F_MORE) != 0);
        return true;
    }

    // --- a ring of our own ------------------------------------------------------------------------
    /// By the thread that submits from now on. Throws when it is another one than before.
    void begin() {
        if (enabled_) return;
        // Not by io_uring_enable_rings(): liburing 2.3 declares it and has forgotten to export it.
        if ((ring_->flags & IORING_SETUP_R_DISABLED) != 0 &&
            ::syscall(__NR_io_uring_register, ring_->ring_fd, IORING_REGISTER_ENABLE_RINGS, nullptr,
                      0) < 0)
            refuse(errno);
        enabled_ = true;
    }

    /// Submits, and waits until there are so many completions. A negative error.
    int wait(unsigned least) noexcept {
        if (!enabled_) return -EBADFD;
        flush_backlog();
        const int done = least > 0 ? io_uring_submit_and_wait(ring_, least)
                                   : io_uring_submit_and_get_events(ring_);
        return done == -EINTR || done == -EBUSY || done == -EAGAIN || done == -ETIME ? 0 : done;
    }
    /// Whether the kernel has to be asked: something to submit, or to do for it.
    bool wants_kernel() const noexcept {
        return io_uring_sq_ready(ring_) > 0 || !backlog_.empty() ||
               // relaxed: a hint; what comes later is seen later.
               (__atomic_load_n(ring_->sq.kflags, __ATOMIC_RELAXED) &
                (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
    }
    bool any_completions() const noexcept { return io_uring_cq_ready(ring_) > 0; }
    void take_completions() noexcept {
        io_uring_cqe* cqe;
        unsigned head, seen = 0;
        io_uring_for_each_cqe(ring_, head, cqe) {
            ++seen;
            dispatch(*cqe);
        }
        if (seen > 0) io_uring_cq_advance(ring_, seen);
    }

    /// A guest's requests go into the submission queue now, as far as there is room.
    void flush_backlog() noexcept {
        while (!backlog_.empty()) {
            auto* const sqe = next_sqe();
            if (!sqe) return;
            *sqe = backlog_.pop()->sqe_;
        }
    }

    /// Tells all who wait that the ring ends, and ends what is in hand.
    void end() noexcept {
        for (auto& each : all_) {
            if (!each->in_hand_) continue;
            if (auto* const who = std::exchange(each->who_, nullptr)) who->ring_ended();
            if (ours()) cancel(*each);
        }
        if (!ours()) return;
        if (!guest()) {
            while (in_hand_ > 0 && wait(1) >= 0) take_completions();
            return;
        }
        for (auto& each : all_)
            if (each->in_hand_) reap(*each);
    }

private:
    static constexpr std::uint64_t tag = 1;

    struct free_probe {
        void operator()(io_uring_probe* what) const noexcept { io_uring_free_probe(what); }
    };

    int make(const ring_settings& settings, unsigned flags) {
        io_uring_params params{};
        params.flags = flags;
        if (settings.completions > 0) {
            params.flags |= IORING_SETUP_CQSIZE;
            params.cq_entries = settings.completions;
        }
        const int failure = io_uring_queue_init_params(settings.submissions, ring_, &params);
        if (failure >= 0) io_uring_ring_dontfork(ring_);
        return failure;
    }

    request& take() {
        if (free_.empty()) {
            all_.push_back(std::make_unique<request>());
            return *all_.back();
        }
        return *free_.pop();
    }

    io_uring_sqe* next_sqe() noexcept {
        auto* const sqe = io_uring_get_sqe(ring_);
        if (sqe) return sqe;
        io_uring_submit(ring_);
        return io_uring_get_sqe(ring_);
    }
    // Before its thread is known nothing is in the queue. A full queue is submitted; where the kernel takes none now, its turn comes later.
    void enter(request& what) noexcept {
        auto* const sqe = enabled_ && backlog_.empty() && ours() ? next_sqe() : nullptr;
        if (sqe) *sqe = what.sqe_;
        else backlog_.push(what);
    }
    void enter(const io_uring_sqe& what) noexcept {
        if (!ours() || !enabled_) return;
        flush_backlog();
        if (auto* const sqe = next_sqe()) {
            *sqe = what;
            return;
        }
        if (!guest()) take_completions();
        if (auto* const sqe = next_sqe()) *sqe = what;
    }
    void drop(request& what) noexcept {
        what.unlink();
        complete(what, -ECANCELED, false);
    }

    void complete(request& what, int result, bool more) noexcept {
        auto* const who = what.who_;
        if (!who && what.gives_descriptor_ && result >= 0) ::close(result);
        if (!more) {
            what.in_hand_ = false;
            what.who_ = nullptr;
            --in_hand_;
            free_.push(what);
        }
        if (who) who->completed(result, more);
    }

    std::unique_ptr<io_uring> own_;
    io_uring* ring_;
    std::unique_ptr<io_uring_probe, free_probe> probe_;
    std::vector<std::unique_ptr<request>> all_;
    loops::linked_list<request> free_, backlog_;
    std::size_t in_hand_ = 0;
    std::uint32_t fork_generation_ = os::fork_generation();
    bool enabled_ = false;  // its thread is known
};

}  // namespace elkodon::uring
