// Many waits in one place: ports, sockets and other descriptors, intervals and deadlines.
// It owns a doorbell, which wakers write; everything else of it is this process' own.
// After a kill -9 of a peer the waits go on; after our own its doorbell's files stay until somebody cleans up.
#pragma once

#include <elkodon/port/wait_set_core.hpp>

#include <chrono>
#include <concepts>
#include <memory>
#include <span>
#include <utility>

namespace elkodon {

namespace port {
class publisher_port;
}

using port::attachment_id;

/// A port that can wait for what others send: a subscriber or a listener.
template <class Port>
concept waitable = requires(const Port& port) {
    { port.untyped() } -> std::convertible_to<port::waiting_port*>;
} && !requires(const Port& port) {
    { port.untyped() } -> std::convertible_to<port::publisher_port*>;
};

/// What a wait set waits for, as guard and as key: detached when destroyed, and asked of each result. Move-only; any
/// thread. It may outlive its wait set and its port; then it is never ready.
class attachment {
public:
    attachment() noexcept = default;
    attachment(attachment&& other) noexcept = default;
    attachment& operator=(attachment&& other) noexcept {
        if (this == &other) return *this;
        reset();
        set_ = std::move(other.set_);
        what_ = std::move(other.what_);
        return *this;
    }
    ~attachment() { reset(); }

    explicit operator bool() const noexcept { return what_ != nullptr; }

    /// What the result lists when this is ready. Unique in its wait set.
    attachment_id id() const noexcept { return what_ ? what_->id : attachment_id{}; }

    /// Detaches. The port or descriptor is its user's again.
    void reset() noexcept {
        if (what_) set_->detach(*what_);
        what_.reset();
        set_.reset();
    }

private:
    friend class wait_set;
    friend class wait_result;
    attachment(std::shared_ptr<port::wait_set_core> set, std::shared_ptr<port::attached> what)
        : set_(std::move(set)), what_(std::move(what)) {}

    std::shared_ptr<port::wait_set_core> set_;
    std::shared_ptr<port::attached> what_;
};

/// What one wait has found: a view into its wait set, valid until the next wait. Tests false when the time was over,
/// when wake() ended the wait, or beside an error. Allocates nothing. Thread rule: as the wait set's waits.
class wait_result {
public:
    wait_result() noexcept = default;

    explicit operator bool() const noexcept { return size() != 0; }
    std::size_t size() const noexcept { return set_ ? set_->ready().size() : 0; }

    /// Whether the port has news, the descriptor is ready, or the interval has passed, once or more often. A listener is
    /// told of also when a notifier has come, gone or died: there may be no ids.
    bool contains(const attachment& what) const noexcept {
        return mine(what) && what.what_->ready_turn == turn_;
    }
    /// Whether the port had no news for as long as attach_deadline() says. Told once for each time.
    bool missed_deadline(const attachment& what) const noexcept {
        return mine(what) && what.what_->missed_turn == turn_;
    }
    /// The poll(2) events of a descriptor that is ready, POLLERR and POLLHUP among them; 0 when it isn't.
    short events(const attachment& what) const noexcept {
        return contains(what) ? static_cast<short>(what.what_->events) : short{0};
    }

    /// The ids of all that contains() or missed_deadline() is true of: for whoever has many.
    std::span<const attachment_id> ids() const noexcept {
        return set_ ? std::span(set_->ready()) : std::span<const attachment_id>();
    }

    /// closed, forked, already_running; zero when the time was over.
    std::error_code error() const noexcept { return error_.code(); }

private:
    friend class wait_set;
    explicit wait_result(status error) noexcept : error_(error) {}
    explicit wait_result(const port::wait_set_core& set) noexcept : set_(&set), turn_(set.turn()) {}

    bool mine(const attachment& what) const noexcept {
        return set_ && what.what_ && what.set_.get() == set_;
    }

    const port::wait_set_core* set_ = nullptr;
    std::uint64_t turn_ = 0;
    status error_;
};

/// Move-only; tests false when default-constructed, moved from, or returned beside an error.
///
///     auto waits   = node.wait_set().create();
///     auto numbers = waits.attach(subscriber);
///     auto client  = waits.attach_fd(socket, POLLIN);
///     auto ready   = waits.timed_wait(1s);
///     if (ready.contains(numbers)) while (auto sample = subscriber.receive()) use(*sample);
///     if (ready.contains(client)) serve(socket);
///
/// Level-style: what was not taken is ready again at the next wait. Any number of descriptors, beyond 1024 too; at most
/// 16,384 ports, which share one doorbell. Sleeping costs what the ports with traffic cost, however many others there are.
///
/// Thread rule: attaching, detaching and wake() any thread, also while another one waits; the waits, run() and their
/// results one at a time. An attached port is used by the thread that waits, or while no wait runs. A port that ends
/// is detached. In a fork's child: errc::forked.
class wait_set {
public:
    wait_set() noexcept = default;
    explicit wait_set(std::shared_ptr<port::wait_set_core> core) noexcept
        : core_(std::move(core)) {}

    explicit operator bool() const noexcept { return core_ != nullptr; }

    /// Ready while the port has news. Throws `error`: already_attached when the port waits elsewhere, invalid_value when
    /// it is of another domain, port_limit_reached, closed, forked, and what the system says. All of these: any thread.
    template <waitable Port>
    [[nodiscard]] attachment attach(const Port& port) {
        return made([&](auto& core) { return core.attach(untyped(port)); });
    }
    template <waitable Port>
    [[nodiscard]] attachment attach(const Port& port, std::error_code& ec) noexcept {
        return without_throwing(ec, [&] { return attach(port); });
    }

    /// The same, and missed_deadline() when it has had no news for `time`, counted from now and from the wait that
    /// found its last ones. Throws invalid_value for no time at all.
    template <waitable Port, class Rep, class Period>
    [[nodiscard]] attachment attach_deadline(const Port& port,
                                             std::chrono::duration<Rep, Period> time) {
        return made([&](auto& core) { return core.attach_deadline(untyped(port), clamped(time)); });
    }
    template <waitable Port, class Rep, class Period>
    [[nodiscard]] attachment attach_deadline(const Port& port,
                                             std::chrono::duration<Rep, Period> time,
                                             std::error_code& ec) noexcept {
        return without_throwing(ec, [&] { return attach_deadline(port, time); });
    }

    /// Ready while the descriptor is, by poll(2)'s events (POLLIN, POLLOUT, …). It stays its user's, who detaches
    /// before closing it. Throws invalid_value for a regular file, already_attached, and what the system says. A wait
    /// tells of at most 256 descriptors; the others come with the next ones.
    [[nodiscard]] attachment attach_fd(int file, short events) {
        return made([&](auto& core) { return core.attach_fd(file, events); });
    }
    [[nodiscard]] attachment attach_fd(int file, short events, std::error_code& ec) noexcept {
        return without_throwing(ec, [&] { return attach_fd(file, events); });
    }

    /// Ready whenever `time` has passed, in step with the moment of this call: periods in which nobody waited count
    /// as one. Throws invalid_value for no time at all.
    template <class Rep, class Period>
    [[nodiscard]] attachment attach_interval(std::chrono::duration<Rep, Period> time) {
        return made([&](auto& core) { return core.attach_interval(clamped(time)); });
    }
    template <class Rep, class Period>
    [[nodiscard]] attachment attach_interval(std::chrono::duration<Rep, Period> time,
                                             std::error_code& ec) noexcept {
        return without_throwing(ec, [&] { return attach_interval(time); });
    }

    /// What is ready now; never waits.
    wait_result try_wait() noexcept { return wait(port::timer::clock::time_point{}); }

    /// Waits at most `time` until something is ready. A signal doesn't end it, wake() does.
    template <class Rep, class Period>
    wait_result timed_wait(std::chrono::duration<Rep, Period> time) noexcept {
        return wait(port::deadline_after(time));
    }

    /// Waits until something is ready, or wake().
    wait_result blocking_wait() noexcept { return wait({}); }

    /// Ends the wait that goes on, or else the next one: it returns what is ready, which may be nothing; run() returns
    /// after that. Any thread, and any signal handler.
    void wake() noexcept {
        if (core_) core_->wake();
    }

    /// From now on run() calls `callback` with each sample of a subscriber, or with the ids of a listener; with one that
    /// tests false and says why when receiving fails. It ends run() by returning false. A port that is moved in is
    /// owned by the wait set; one that isn't must stay where it is until it ends, which detaches it, or the wait set
    /// does. A callback neither waits here nor ends its own port. Throws as attach().
    template <class Port, class Callback>
        requires waitable<std::remove_cvref_t<Port>>
    void on_samples(Port&& port, Callback callback) {
        using owned = std::conditional_t<std::is_lvalue_reference_v<Port>, Port&, Port>;
        if (!core_) throw error(errc::closed, "attach a port to a wait set");
        auto& raw = untyped(port);
        auto shared = std::make_shared<receiver<owned, Callback>>(std::forward<Port>(port),
                                                                  std::move(callback));
        core_->attach(raw, [shared] { return shared->go_on(); });
    }

    /// Waits and calls the callbacks of on_samples() until one of them returns false, or wake(). What a callback throws
    /// leaves run(). Returns what the waits failed with.
    std::error_code run() {
        return run([](const wait_result&) {});
    }

    /// The same; `each(wait_result)` is called after each wait, for what was attached without a callback.
    template <class Each>
    std::error_code run(Each&& each) {
        for (;;) {
            const auto found = blocking_wait();
            if (found.error()) return found.error();
            if (!core_->call_back() || !goes_on(each, found)) return {};
        }
    }

    /// One descriptor for everything that is attached, for other loops: readable, level-style, while try_wait() would
    /// find something. Poll it for reading, call try_wait() when it is readable, and do nothing else with it; it is
    /// closed with the wait set. From the first call on each try_wait() takes system calls. Throws closed, forked.
    int native_handle() {
        if (!core_) throw error(errc::closed, "ask a wait set for its descriptor");
        return core_->native_handle();
    }

private:
    // What is there, but not for ever while others wait.
    static constexpr int most_in_turn = 64;

    template <class Function, class Argument>
    static bool goes_on(Function& function, Argument&& argument) {
        using result = std::invoke_result_t<Function&, Argument>;
        if constexpr (std::same_as<result, bool>)
            return std::invoke(function, std::forward<Argument>(argument));
        else std::invoke(function, std::forward<Argument>(argument));
        return true;
    }

    template <class Port, class Callback>
    struct receiver {
        Port port;
        Callback callback;

        receiver(Port&& handed, Callback called)
            : port(std::forward<Port>(handed)), callback(std::move(called)) {}

        bool go_on() {
            for (int i = 0; i < most_in_turn; ++i) {
                auto message = next();
                if (!message && !message.error()) return true;
                if (!message && message.error() == errc::overtaken) continue;
                const bool failed = !message;
                if (!goes_on(callback, std::move(message))) return false;
                if (failed) return true;
            }
            return true;
        }

        auto next() {
            if constexpr (requires { port.receive(); }) return port.receive();
            else return port.try_wait();
        }
    };

    template <class Port>
    static port::waiting_port& untyped(const Port& port) {
        if (!port) throw error(errc::closed, "attach an empty port to a wait set");
        return *port.untyped();
    }

    template <class Rep, class Period>
    static port::timer::clock::duration clamped(std::chrono::duration<Rep, Period> time) noexcept {
        using duration = port::timer::clock::duration;
        using seconds = std::chrono::duration<long double>;
        if (!(time > time.zero())) return duration::zero();
        if (seconds(time) >= seconds(duration::max())) return duration::max();
        return std::chrono::ceil<duration>(time);
    }

    template <class Attach>
    attachment made(Attach&& attach) {
        if (!core_) throw error(errc::closed, "attach to an empty wait set");
        return {core_, attach(*core_)};
    }

    wait_result wait(port::deadline until) noexcept {
        if (!core_) return wait_result(errc::closed);
        if (const auto failure = core_->wait(until)) return wait_result(failure);
        return wait_result(*core_);
    }

    std::shared_ptr<port::wait_set_core> core_;
};

/// What makes a wait set: `node.wait_set().create()`. One at a time.
class wait_set_builder {
public:
    explicit wait_set_builder(std::shared_ptr<service::membership> node) noexcept
        : node_(std::move(node)) {}

    /// What its waits do before they sleep; the configuration's unless set.
    wait_set_builder& wait_strategy(elkodon::wait_strategy strategy) noexcept {
        strategy_ = strategy;
        return *this;
    }

    /// Throws `error`: closed, forked, out_of_space, and what the system says.
    wait_set create() const {
        if (!node_) throw error(errc::closed, "create a wait set of an empty node");
        if (!node_->process().ours()) throw error(errc::forked, "create a wait set");
        const auto strategy = strategy_.value_or(node_->settings().wait_strategy);
        return wait_set(std::make_shared<port::wait_set_core>(node_, strategy));
    }
    wait_set create(std::error_code& ec) const noexcept {
        return without_throwing(ec, [&] { return create(); });
    }

private:
    std::shared_ptr<service::membership> node_;
    std::optional<elkodon::wait_strategy> strategy_;
};

}  // namespace elkodon
