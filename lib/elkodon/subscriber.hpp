// The receiving end of a publish-subscribe service.
// It alone writes its segment: what it borrows, and where to wake it. After a kill -9 the publishers get
// their chunks back once they have proof of its death.
#pragma once

#include <elkodon/port/subscriber_port.hpp>
#include <elkodon/sample.hpp>

#include <chrono>
#include <memory>

namespace elkodon {

/// Move-only; tests false when default-constructed, moved from, or returned beside an error. Keeps its
/// service and node alive. Thread rule: one at a time; its samples: see sample.
///
///     while (auto sample = subscriber.receive()) use(*sample);
template <class T, class Header = void>
class subscriber {
public:
    using value_type = T;
    using header_type = Header;

    subscriber() noexcept = default;
    explicit subscriber(std::unique_ptr<port::subscriber_port> port) noexcept
        : port_(port.release()) {}
    subscriber(subscriber&& other) noexcept : port_(std::exchange(other.port_, nullptr)) {}
    subscriber& operator=(subscriber&& other) noexcept {
        if (this == &other) return *this;
        if (port_) port_->abandon();
        port_ = std::exchange(other.port_, nullptr);
        return *this;
    }
    ~subscriber() {
        if (port_) port_->abandon();
    }

    explicit operator bool() const noexcept { return port_ != nullptr; }
    port_id id() const noexcept { return port_ ? port_->id() : port_id{}; }

    /// As its builder was told; empty otherwise.
    std::string name() const { return port_ ? port_->name() : std::string(); }

    /// The next message of any publisher, all of them in fair turn; each publisher's in order. Never waits:
    /// tests false with a zero error() when nothing is there. Otherwise closed, too_many_borrowed (at most
    /// subscriber_max_borrowed_samples are held at once), overtaken, forked, evicted: once, when lost() has grown in
    /// a lossless service; or our own failure to map a publisher or its longer slices: the message stays where it is.
    sample<T, Header> receive() noexcept {
        if (!port_) return sample<T, Header>({}, errc::closed);
        status ec;
        auto held = port_->receive(ec);
        if (refuses(held)) ec = errc::overtaken;
        return made(std::move(held), ec);
    }

    /// Takes up to `into.size()` messages that are there; returns how many are now at its beginning. Takes as
    /// many as may be borrowed at once, with one fence for a publisher's share. What `into` held before goes
    /// first, so that a batch can be used again.
    std::size_t receive_many(std::span<sample<T, Header>> into) noexcept {
        if (!port_) return 0;
        for (auto& each : into) each.reset();
        auto* next = into.data();
        port_->receive_many(into.size(), [&](port::borrowed held) {
            if (!refuses(held)) *next++ = made(std::move(held), {});
        });
        return static_cast<std::size_t>(next - into.data());
    }

    /// Waits at most `time` for a message. Errors as receive(), and what waiting failed with.
    template <class Rep, class Period>
    sample<T, Header> timed_receive(std::chrono::duration<Rep, Period> time) noexcept {
        return wait_and_receive(port::deadline_after(time));
    }

    /// Waits until there is a message.
    sample<T, Header> blocking_receive() noexcept { return wait_and_receive({}); }

    /// Whether receive() would find something: a message, or an error to tell.
    bool has_samples() noexcept { return port_ && port_->has_news(); }

    /// Messages that were overwritten before this subscriber took them: exact, and only growing. History that
    /// was overtaken while joining is not counted.
    std::uint64_t lost() const noexcept { return port_ ? port_->lost() : 0; }

    /// A descriptor that any loop can poll: readable, level-style, until receive() tests false. Poll it for
    /// reading and do nothing else with it; it is closed with the port. Throws `error`: closed,
    /// already_attached, or what the system says.
    int native_handle() {
        if (!port_) throw error(errc::closed, "ask a subscriber for its descriptor");
        return port_->native_handle();
    }

    /// The port without its type, for the loops in async/.
    port::subscriber_port* untyped() const noexcept { return port_; }

private:
    sample<T, Header> wait_and_receive(port::deadline until) noexcept {
        if (!port_) return sample<T, Header>({}, errc::closed);
        status ec;
        std::error_code failure;
        port::borrowed held;
        do {
            ec = {};
            held = without_throwing(failure, [&] { return port_->wait_and_receive(until, ec); });
        } while (refuses(held));
        return made(std::move(held), failure ? status::from(failure) : ec);
    }

    // A slice that says that it is longer than its chunk can be is no message.
    bool refuses(port::borrowed& held) noexcept {
        if constexpr (payload<T>::value) return false;
        else return port_->refuses(held);
    }

    sample<T, Header> made(port::borrowed held, status why) noexcept {
        if constexpr (payload<T>::bytes) return {std::move(held), port_->type(), why};
        else return sample<T, Header>(std::move(held), why);
    }

    port::subscriber_port* port_ = nullptr;
};

}  // namespace elkodon
