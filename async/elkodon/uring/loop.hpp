// A loop over io_uring: sockets, files, timers and ports in one ring, our own or our user's.
// Its thread submits and runs what follows; other threads post. The doorbell of its ports is polled by the ring, or is a
// futex on which the ring sleeps.
// After a kill -9 of a peer its notice comes by the control descriptor; on a futex, within the liveness bound.
#pragma once

#include <elkodon/base/spin_estimator.hpp>
#include <elkodon/loop/engine.hpp>
#include <elkodon/os/fd.hpp>
#include <elkodon/os/process.hpp>
#include <elkodon/uring/operation.hpp>

#include <algorithm>
#include <memory>
#include <span>
#include <sys/eventfd.h>

namespace elkodon::uring {

/// How a loop is made.
struct loop_settings {
    /// On what the ring sleeps for its ports: `futex` needs no descriptor and Linux 6.7; elsewhere, and where a kernel
    /// refuses it, eventfds.
    enum class sleeps_on { eventfd, futex } doorbell = sleeps_on::eventfd;
    /// What the loop does before it sleeps. A guest sleeps when its user says so.
    elkodon::wait_strategy wait_strategy = {};
    /// Of a ring of our own.
    ring_settings ring = {};
};

/// One at a time, on one thread: the first that runs it, or the guest's ring's. post(), spawn() and stop(): any thread.
/// Destroyed by that thread, or after it has ended. In a fork's child nothing can be awaited here.
///
///     elkodon::uring::loop loop;
///     loop.spawn(print({loop, service.subscriber().create()}));
///     loop.run();
class loop final : public loops::engine {
public:
    /// A ring of our own. Throws where io_uring is forbidden, and names the Asio way.
    explicit loop(const loop_settings& settings = {})
        : engine(kind_of(settings)),
          ring_(settings.ring),
          estimator_(settings.wait_strategy, os::cores_of_this_thread()) {
        settle_doorbells();
    }

    /// A guest in a ring that its user drives: marks its user_data in the lowest bit. The ring outlives it.
    explicit loop(io_uring* theirs, const loop_settings& settings = {})
        : engine(kind_of(settings)), ring_(theirs) {
        settle_doorbells();
    }

    ~loop() {
        shut_down();
        places_.clear();
        ring_.end();
        to_do().abandon();
    }

    /// Runs until stop(), or nothing is left. What tasks that nobody asks throw leaves here; run() again goes on. Throws
    /// resource_unavailable when another thread ran it before, forked.
    void run() {
        begin();
        while (any_work() && !stopping()) once();
        stopped();
    }

    /// Waits until something happens, and runs what follows from it.
    void run_once() {
        begin();
        if (any_work()) once();
        stopped();
    }

    /// Runs what can run now, and never waits.
    void run_ready() {
        begin();
        do {
            if (ring_.wants_kernel()) ring_.wait(0);
            ring_.take_completions();
            for (auto& each : places_) each->look_around();
        } while ((turn() || ring_.any_completions()) && !stopping());
        if (ring_.wants_kernel()) ring_.wait(0);
        stopped();
    }

    /// For a guest: runs what can run; then how many completions to wait for: 0 while it has work to do, else 1. Before
    /// every submission of its user's.
    unsigned prepare() {
        // relaxed: ours; who posts sees it or is seen by the next look into the inbox.
        asleep_.store(false, std::memory_order_relaxed);
        woken();
        turn();
        stopped();  // its user decides when it goes on
        if (!busy()) fall_asleep();
        ring_.flush_backlog();
        return busy() ? 0 : 1;
    }

    /// For a guest: whether the completion is this loop's. Runs nothing.
    bool dispatch(const io_uring_cqe* cqe) noexcept { return ring_.dispatch(*cqe); }

    loops::steady_time now() const noexcept override { return std::chrono::steady_clock::now(); }

    /// What the ports of this loop are woken by.
    loop_settings::sleeps_on doorbell() const noexcept {
        return on_futex_ ? loop_settings::sleeps_on::futex : loop_settings::sleeps_on::eventfd;
    }

    // --- operations. Each: awaited in a coroutine; throws what the system says, or tells it by the std::error_code&; stopped
    // with its coroutine: operation_canceled. Memory that they are given outlives them. Descriptors stay their user's. ----

    /// Reads up to `into.size()` bytes: how many; 0 at the end. With an offset: from there.
    auto async_read(int file, std::span<std::byte> into) {
        return read(file, into, current, nullptr);
    }
    auto async_read(int file, std::span<std::byte> into, std::error_code& ec) {
        return read(file, into, current, &ec);
    }
    auto async_read_at(int file, std::uint64_t offset, std::span<std::byte> into) {
        return read(file, into, offset, nullptr);
    }
    auto async_read_at(int file,
                       std::uint64_t offset,
                       std::span<std::byte> into,
                       std::error_code& ec) {
        return read(file, into, offset, &ec);
    }

    /// Writes all of `from`; how many bytes were written.
    auto async_write(int file, std::span<const std::byte> from) {
        return write(file, from, current, nullptr);
    }
    auto async_write(int file, std::span<const std::byte> from, std::error_code& ec) {
        return write(file, from, current, &ec);
    }
    auto async_write_at(int file, std::uint64_t offset, std::span<const std::byte> from) {
        return write(file, from, offset, nullptr);
    }
    auto async_write_at(int file,
                        std::uint64_t offset,
                        std::span<const std::byte> from,
                        std::error_code& ec) {
        return write(file, from, offset, &ec);
    }

    /// recv(2): what has come, up to `into.size()` bytes.
    auto async_receive(int socket, std::span<std::byte> into, int flags = 0) {
        return receive(socket, into, flags, nullptr);
    }
    auto async_receive(int socket, std::span<std::byte> into, std::error_code& ec) {
        return receive(socket, into, 0, &ec);
    }

    /// send(2) of all of `from`, and no signal when the other end is gone.
    auto async_send(int socket, std::span<const std::byte> from, int flags = 0) {
        return send(socket, from, flags, nullptr);
    }
    auto async_send(int socket, std::span<const std::byte> from, std::error_code& ec) {
        return send(socket, from, 0, &ec);
    }

    /// The next connection: its descriptor, close-on-exec, which is its user's. -1 beside an error.
    auto async_accept(int listening) { return accept(listening, nullptr); }
    auto async_accept(int listening, std::error_code& ec) { return accept(listening, &ec); }

    auto async_connect(int socket, const sockaddr* to, socklen_t length) {
        return connect(socket, to, length, nullptr);
    }
    auto async_connect(int socket, const sockaddr* to, socklen_t length, std::error_code& ec) {
        return connect(socket, to, length, &ec);
    }

    /// Closes; what is outstanding on the descriptor is not ended by that: cancel it before.
    auto async_close(int file) { return close(file, nullptr); }
    auto async_close(int file, std::error_code& ec) { return close(file, &ec); }

    auto async_fsync(int file) { return fsync(file, nullptr); }
    auto async_fsync(int file, std::error_code& ec) { return fsync(file, &ec); }

    /// Waits for poll(2)'s events on a descriptor: which have come.
    auto async_poll(int file, short events) { return poll_file(file, events, nullptr); }
    auto async_poll(int file, short events, std::error_code& ec) {
        return poll_file(file, events, &ec);
    }

    /// For parts of this loop.
    ring& kernel() noexcept { return ring_; }
    loops::agenda& agenda() noexcept { return to_do(); }

private:
    static constexpr std::uint64_t current = ~std::uint64_t{0};

    // A descriptor that the ring polls for the loop: many times, or anew for each time.
    class watched final : receiver {
    public:
        watched(ring& of, int file, bool many) noexcept : ring_(of), file_(file), many_(many) {}
        ~watched() {
            if (in_hand_) ring_.forget(*in_hand_);
        }
        void begin() {
            if (in_hand_) return;
            io_uring_sqe sqe{};
            if (many_) io_uring_prep_poll_multishot(&sqe, file_, POLLIN);
            else io_uring_prep_poll_add(&sqe, file_, POLLIN);
            in_hand_ = &ring_.submit(sqe, this);
        }
        bool seen() noexcept { return std::exchange(seen_, false); }
        bool going_on() const noexcept { return in_hand_ != nullptr; }

    private:
        // One that was polled many times and has ended is polled anew, and is readable at once.
        void completed(int result, bool more) noexcept override {
            seen_ = result != -ECANCELED;
            if (!more) in_hand_ = nullptr;
        }
        void ring_ended() noexcept override { in_hand_ = nullptr; }

        ring& ring_;
        int file_;
        bool many_, seen_ = false;
        request* in_hand_ = nullptr;
    };

    // A station, and how the ring sleeps for it.
    class place {
    public:
        place(ring& of, loops::station& at) : station_(at) {
            if (!at.has_descriptors()) word_ = std::make_unique<futex>(of);
            else {
                ring_ = std::make_unique<watched>(of, at.ring_descriptor(), true);
                control_ = std::make_unique<watched>(of, at.control_descriptor(), false);
            }
        }

        void fall_asleep() {
            if (!word_) {
                ring_->begin();
                control_->begin();
            } else if (station_.armed()) word_->begin(station_.sleep_on());
        }
        /// On a futex: when to look again at the latest.
        std::optional<loops::steady_time> look_at() const noexcept {
            return word_ && station_.armed() ? std::optional(station_.sleep_on().until)
                                             : std::nullopt;
        }
        void woken() noexcept {
            const bool rung = word_ ? word_->seen() : ring_->seen();
            const bool control = word_ ? word_due() : control_->seen();
            // Rings that nobody has drained are no news to a poll that goes on; to the next one they are.
            if (ring_ && !ring_->going_on()) station_.drain();
            if (control) station_.on_control();
            else if (rung) station_.on_ring();
            station_.stay_awake();
        }
        // What a loop that sleeps would be told.
        void look_around() noexcept {
            woken();
            station_.prepare_sleep();
            station_.on_control();
        }

    private:
        class futex final : receiver {
        public:
            explicit futex(ring& of) noexcept : ring_(of) {}
            ~futex() {
                if (in_hand_) ring_.reap(*in_hand_);
            }
            // One that still waits is woken by any ring, whatever the word was when it began.
            void begin(const segment::futex_sleep& how) {
                if (in_hand_) return;
                io_uring_sqe sqe{};
                sqe.opcode = op_futex_wait;
                sqe.fd = futex_32_bits;
                sqe.addr = reinterpret_cast<std::uintptr_t>(how.word);
                sqe.off = how.expected;
                sqe.addr3 = 0xffffffff;
                in_hand_ = &ring_.submit(sqe, this);
            }
            bool seen() noexcept { return std::exchange(seen_, false); }

        private:
            void completed(int, bool) noexcept override {
                seen_ = true;
                in_hand_ = nullptr;
            }
            void ring_ended() noexcept override { in_hand_ = nullptr; }
            ring& ring_;
            request* in_hand_ = nullptr;
            bool seen_ = false;
        };

        bool word_due() const noexcept {
            return station_.armed() &&
                   station_.sleep_on().until <= std::chrono::steady_clock::now();
        }

        loops::station& station_;
        std::unique_ptr<watched> ring_, control_;
        std::unique_ptr<futex> word_;
    };

    // One timeout in the kernel for all sleepers; moved forward when an earlier one comes.
    class alarm final : receiver {
    public:
        explicit alarm(ring& of) noexcept : ring_(of) {}
        ~alarm() {
            if (in_hand_) ring_.reap(*in_hand_);
        }
        void set(loops::steady_time when) {
            if (in_hand_ && due_ <= when) return;
            const auto since = std::max(when, loops::steady_time()).time_since_epoch();
            const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
            time_ = {seconds.count(), std::chrono::nanoseconds(since - seconds).count()};
            due_ = when;
            io_uring_sqe sqe{};
            if (in_hand_) {
                io_uring_prep_timeout_update(&sqe, &time_, ring_.data_of(*in_hand_),
                                             IORING_TIMEOUT_ABS);
                ring_.submit(sqe, nullptr);
                return;
            }
            io_uring_prep_timeout(&sqe, &time_, 0, IORING_TIMEOUT_ABS);
            in_hand_ = &ring_.submit(sqe, this);
        }

    private:
        void completed(int, bool) noexcept override { in_hand_ = nullptr; }
        void ring_ended() noexcept override { in_hand_ = nullptr; }
        ring& ring_;
        request* in_hand_ = nullptr;
        loops::steady_time due_{};
        __kernel_timespec time_{};  // until the next submission
    };

    // A wait set's or a watch's descriptor.
    struct polled final : receiver {
        explicit polled(loops::descriptor_waiter& of) noexcept : who(of) {}
        void completed(int, bool) noexcept override {
            auto& told = who;
            told.polling = nullptr;
            delete this;
            told.ready();
        }
        void ring_ended() noexcept override {
            who.polling = nullptr;
            delete this;
        }
        loops::descriptor_waiter& who;
        request* in_hand = nullptr;
    };

    static layout::doorbell_kind kind_of(const loop_settings& settings) noexcept {
        return settings.doorbell == loop_settings::sleeps_on::futex
                   ? layout::doorbell_kind::futex
                   : layout::doorbell_kind::eventfd;
    }
    void settle_doorbells() {
        if (doorbells() != layout::doorbell_kind::futex) return;
        on_futex_ = ring_.knows(op_futex_wait);
        if (!on_futex_) doorbells(layout::doorbell_kind::eventfd);
    }

    void begin() {
        if (!ring_.ours()) throw error(errc::forked, "run an io_uring loop");
        ring_.begin();
    }

    // Turns as long as there is something to do; then a sleep.
    void once() {
        if (turn()) {
            if (ring_.wants_kernel()) wait(0);
            if (!ring_.any_completions()) return;
            ring_.take_completions();
            return woken();
        }
        const auto most = estimator_.spin_for();
        const bool spun = most > most.zero() && anybody_polled();
        // A dense stream costs no look at the clock.
        if (spun && look_often()) {
            estimator_.waited({{}, true, false, true});
            return go_on_after_spin();
        }
        const auto began = now();
        if (spun && spin(began, most)) return go_on_after_spin();
        fall_asleep();
        const bool sleeps = !busy();
        wait(sleeps ? 1 : 0);
        // relaxed: as in prepare().
        asleep_.store(false, std::memory_order_relaxed);
        ring_.take_completions();
        woken();
        if (sleeps) estimator_.waited({now() - began, spun, true, !to_do().empty()});
    }

    // True: something has come.
    bool look_often() noexcept {
        for (int i = 0; i < 32; ++i) {
            look();
            if (!to_do().empty()) return true;
            pause_once();
        }
        return busy() || ring_.any_completions() || ring_.wants_kernel();
    }
    bool spin(loops::steady_time began, std::chrono::nanoseconds most) {
        const auto timer = next_timer();
        for (;;) {
            const bool found = look_often();
            const auto time = now();
            if (found || (timer && *timer <= time)) {
                estimator_.waited({time - began, true, false, !to_do().empty()});
                return true;
            }
            if (time - began >= most) return false;
            if (estimator_.yields()) os::yield();
        }
    }
    void go_on_after_spin() {
        if (ring_.wants_kernel()) wait(0);
        if (!ring_.any_completions()) return;
        ring_.take_completions();
        woken();
    }

    // Says that it sleeps, then looks once more.
    void fall_asleep() {
        if (!wake_) {
            wake_descriptor_.reset(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
            if (!wake_descriptor_)
                throw error({errno, std::system_category()}, "make an io_uring loop's eventfd");
            wake_ = std::make_unique<watched>(ring_, wake_descriptor_.get(), true);
        }
        // Drained before we say that we sleep: a wake that comes later is not swallowed.
        if (!wake_->going_on()) drain(wake_descriptor_.get());
        wake_->begin();
        // sync[loop.asleep] seq_cst: then we look into the inbox; who posts pushes, then loads this.
        asleep_.store(true, std::memory_order_seq_cst);
        prepare_sleep();
        auto until = next_timer();
        for (auto& each : places_) {
            each->fall_asleep();
            const auto look = each->look_at();
            if (look && (!until || *look < *until)) until = look;
        }
        if (until) alarm_.set(*until);
    }
    void woken() noexcept {
        if (wake_) wake_->seen();
        for (auto& each : places_) each->woken();
    }
    void wait(unsigned least) {
        const int done = ring_.wait(least);
        if (done < 0) ring::refuse(-done);
    }
    static void drain(int file) noexcept {
        std::uint64_t count;
        while (::read(file, &count, sizeof count) > 0) {}
    }

    void station_made(loops::station& made) override {
        places_.push_back(std::make_unique<place>(ring_, made));
    }
    void poll(loops::descriptor_waiter& who) override {
        auto made = std::make_unique<polled>(who);
        io_uring_sqe sqe{};
        io_uring_prep_poll_add(&sqe, who.file, POLLIN);
        made->in_hand = &ring_.submit(sqe, made.get());
        who.polling = made.release();
    }
    void forget(loops::descriptor_waiter& who) noexcept override {
        const std::unique_ptr<polled> gone(
            static_cast<polled*>(std::exchange(who.polling, nullptr)));
        if (gone) ring_.forget(*gone->in_hand);
    }
    void wake() noexcept override {
        // sync[loop.asleep] seq_cst: after what was posted; the loop says that it sleeps, then looks.
        if (!asleep_.load(std::memory_order_seq_cst)) return;
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto done = ::write(wake_descriptor_.get(), &one, sizeof one);
    }

    template <class Result>
    ring_await<Result> wish_for(wish what, std::error_code* ec) noexcept {
        what.ec = ec;
        return {to_do(), ring_, what};
    }
    static unsigned size_of(std::size_t bytes) noexcept {
        return static_cast<unsigned>(std::min<std::size_t>(bytes, 1u << 30));
    }
    ring_await<std::size_t> read(int file,
                                 std::span<std::byte> into,
                                 std::uint64_t offset,
                                 std::error_code* ec) {
        wish what{.doing = "read", .borrows = true, .takes = offset == current};
        io_uring_prep_read(&what.sqe, file, into.data(), size_of(into.size()), offset);
        return wish_for<std::size_t>(what, ec);
    }
    ring_await<std::size_t> write(int file,
                                  std::span<const std::byte> from,
                                  std::uint64_t offset,
                                  std::error_code* ec) {
        wish what{.doing = "write", .borrows = true, .whole = true};
        io_uring_prep_write(&what.sqe, file, from.data(), size_of(from.size()), offset);
        return wish_for<std::size_t>(what, ec);
    }
    ring_await<std::size_t> receive(int socket,
                                    std::span<std::byte> into,
                                    int flags,
                                    std::error_code* ec) {
        wish what{.doing = "receive from a socket", .borrows = true, .takes = true};
        io_uring_prep_recv(&what.sqe, socket, into.data(), into.size(), flags);
        return wish_for<std::size_t>(what, ec);
    }
    ring_await<std::size_t> send(int socket,
                                 std::span<const std::byte> from,
                                 int flags,
                                 std::error_code* ec) {
        wish what{.doing = "send to a socket", .borrows = true, .whole = true};
        io_uring_prep_send(&what.sqe, socket, from.data(), from.size(), flags | MSG_NOSIGNAL);
        return wish_for<std::size_t>(what, ec);
    }
    ring_await<int> accept(int listening, std::error_code* ec) {
        wish what{.doing = "accept a connection", .takes = true, .gives_descriptor = true};
        io_uring_prep_accept(&what.sqe, listening, nullptr, nullptr, SOCK_CLOEXEC);
        return wish_for<int>(what, ec);
    }
    ring_await<void> connect(int socket, const sockaddr* to, socklen_t length, std::error_code* ec) {
        wish what{.doing = "connect", .borrows = true};
        io_uring_prep_connect(&what.sqe, socket, to, length);
        return wish_for<void>(what, ec);
    }
    ring_await<void> close(int file, std::error_code* ec) {
        wish what{.doing = "close"};
        io_uring_prep_close(&what.sqe, file);
        return wish_for<void>(what, ec);
    }
    ring_await<void> fsync(int file, std::error_code* ec) {
        wish what{.doing = "fsync"};
        io_uring_prep_fsync(&what.sqe, file, 0);
        return wish_for<void>(what, ec);
    }
    ring_await<short> poll_file(int file, short events, std::error_code* ec) {
        wish what{.doing = "poll"};
        io_uring_prep_poll_add(&what.sqe, file, static_cast<unsigned short>(events));
        return wish_for<short>(what, ec);
    }

    ring ring_;
    spin_estimator estimator_;
    alarm alarm_{ring_};
    std::vector<std::unique_ptr<place>> places_;
    os::fd wake_descriptor_;
    std::unique_ptr<watched> wake_;
    bool on_futex_ = false;
    atomic<bool> asleep_{false};
};

}  // namespace elkodon::uring
