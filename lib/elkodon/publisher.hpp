// The sending end of a publish-subscribe service.
// It alone writes its segment. After a kill -9 what it had published stays readable to the connected.
#pragma once

#include <elkodon/loan.hpp>

namespace elkodon {

/// Move-only; tests false when default-constructed, moved from, or returned beside an error. Keeps its
/// service and node alive. Thread rule: one at a time, together with its loans.
///
///     auto sample = publisher.loan_uninit();
///     sample.emplace(1234);
///     publisher.send(std::move(sample));
template <class T, class Header = void>
class publisher {
    using loan_type = elkodon::loan<T, Header>;

public:
    publisher() noexcept = default;
    explicit publisher(std::unique_ptr<port::publisher_port> port) noexcept
        : port_(port.release()) {}
    publisher(publisher&& other) noexcept : port_(std::exchange(other.port_, nullptr)) {}
    publisher& operator=(publisher&& other) noexcept {
        if (this == &other) return *this;
        if (port_) port::publisher_port::abandon(port_);
        port_ = std::exchange(other.port_, nullptr);
        return *this;
    }
    ~publisher() {
        if (port_) port::publisher_port::abandon(port_);
    }

    explicit operator bool() const noexcept { return port_ != nullptr; }
    port_id id() const noexcept { return port_ ? port_->id() : port_id{}; }

    /// A chunk with a value-initialised T, and Header. Throws `error` as try_loan() says.
    loan_type loan() { return checked(try_loan()); }

    /// A chunk with whatever lay there: emplace, or assign every member. Throws as try_loan() says.
    loan_type loan_uninit() { return checked(try_loan_uninit()); }

    /// As loan(), but what is refused tests false and says why: closed, forked, loans_exhausted (at most
    /// publisher_max_loaned_samples are out at once), chunks_exhausted, or our own failure to map a subscriber.
    loan_type try_loan() noexcept {
        auto made = try_loan_uninit();
        if (!made) return made;
        std::construct_at(&*made);
        made.construct_header();
        return made;
    }

    /// As loan_uninit() and try_loan().
    loan_type try_loan_uninit() noexcept {
        if (!port_) return loan_type(errc::closed);
        status ec;
        const auto chunk = port_->loan(ec);
        return chunk == layout::no_chunk ? loan_type(ec) : loan_type(*port_, chunk);
    }

    /// Publishes: an index moves, never the payload. Makes no system call while all subscribers are awake.
    /// The loan is taken only when it succeeds: closed, empty_loan, foreign_loan or forked otherwise. In a lossless
    /// service it may wait for the slowest subscriber, or answer buffer_full, or discard: as backpressure() was set.
    std::error_code send(loan_type&& message) noexcept {
        if (!port_) return errc::closed;
        if (message.port_ != port_) return message ? errc::foreign_loan : errc::empty_loan;
        const auto failure = port_->send(message.chunk_, 1);
        if (!failure) message.port_ = nullptr;
        return failure.code();
    }

    /// Loans, copies and sends; with a value-initialised Header where there is one. Errors as try_loan() and send().
    std::error_code send_copy(const T& value) noexcept {
        auto message = try_loan_uninit();
        if (!message) return message.error();
        std::construct_at(&*message, value);
        message.construct_header();
        return send(std::move(message));
    }

    /// The same, with a copy of `header`.
    template <std::same_as<Header> Given>
    std::error_code send_copy(const T& value, const Given& header) noexcept {
        auto message = try_loan_uninit();
        if (!message) return message.error();
        std::construct_at(&*message, value);
        std::construct_at(&message.header(), header);
        return send(std::move(message));
    }

    /// Messages that reached nobody, since a lossless subscriber was full and backpressure says `discard`.
    std::uint64_t discarded() const noexcept { return port_ ? port_->discarded() : 0; }

    /// The shared memory of this publisher, in bytes.
    std::uint64_t memory_size() const noexcept { return port_ ? port_->memory_size() : 0; }

private:
    loan_type checked(loan_type made) {
        if (made) return made;
        throw elkodon::error(made.error(), "loan" + (port_ ? port_->who_pins() : std::string()));
    }

    port::publisher_port* port_ = nullptr;
};

}  // namespace elkodon
