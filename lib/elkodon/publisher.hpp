// The sending end of a publish-subscribe service.
// It alone writes its segment. After a kill -9 what it had published stays readable to the connected.
#pragma once

#include <elkodon/loan.hpp>

#include <algorithm>
#include <concepts>

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
    using element = typename payload<T>::element;

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

    /// As its builder was told; empty otherwise.
    std::string name() const { return port_ ? port_->name() : std::string(); }

    /// A chunk with a value-initialised T, and Header. Throws `error` as try_loan() says.
    loan_type loan()
        requires payload<T>::value
    {
        return checked(try_loan());
    }

    /// A slice of `n` value-initialised elements, and Header. Throws as try_loan(n) says.
    loan_type loan(std::size_t n)
        requires payload<T>::slice
    {
        return checked(try_loan(n));
    }

    /// A chunk with whatever lay there: emplace, or assign every member. Throws as try_loan() says.
    loan_type loan_uninit()
        requires(!payload<T>::slice)
    {
        return checked(try_loan_uninit());
    }

    /// A slice of `n` elements with whatever lay there: assign them all. Untyped: `n` times the service's type, 1 where
    /// its messages are values. Throws as try_loan(n) says.
    loan_type loan_uninit(std::size_t n)
        requires(!payload<T>::value)
    {
        return checked(try_loan_uninit(n));
    }

    /// As loan(), but what is refused tests false and says why: closed, forked, loans_exhausted (at most
    /// publisher_max_loaned_samples are out at once), chunks_exhausted, or our own failure to map a subscriber.
    loan_type try_loan() noexcept
        requires payload<T>::value
    {
        auto made = try_loan_uninit();
        if (!made) return made;
        std::construct_at(&*made);
        made.construct_header();
        return made;
    }

    /// As loan(n); what is refused tests false and says why: as try_loan(), and slice_too_long when `n` is more than
    /// the publisher's chunks hold and they may not grow. Where they may, it may allocate and make system calls, and say
    /// out_of_space, chunks_exhausted (samples are held in all older pools), or what the system says.
    loan_type try_loan(std::size_t n) noexcept
        requires payload<T>::slice
    {
        auto made = try_loan_uninit(n);
        if (!made) return made;
        std::uninitialized_value_construct_n(made.data(), n);
        made.construct_header();
        return made;
    }

    /// As loan_uninit() and try_loan().
    loan_type try_loan_uninit() noexcept
        requires(!payload<T>::slice)
    {
        if (!port_) return loan_type(errc::closed);
        status ec;
        const auto chunk = port_->loan(ec);
        return chunk == layout::no_chunk ? loan_type(ec) : loan_type(*port_, chunk, 1);
    }

    /// As loan_uninit(n) and try_loan(n).
    loan_type try_loan_uninit(std::size_t n) noexcept
        requires(!payload<T>::value)
    {
        if (!port_) return loan_type(errc::closed);
        if constexpr (payload<T>::bytes)
            if (n == 0 && !port_->type().slice) return loan_type(errc::invalid_value);
        status ec;
        const auto chunk = port_->loan(n, ec);
        return chunk == layout::no_chunk ? loan_type(ec)
                                         : loan_type(*port_, chunk, static_cast<std::uint32_t>(n));
    }

    /// Publishes: an index moves, never the payload. Makes no system call while all subscribers are awake.
    /// The loan is taken only when it succeeds: closed, empty_loan, foreign_loan or forked otherwise. In a lossless
    /// service it may wait for the slowest subscriber, or answer buffer_full, or discard, which counts as success: as
    /// backpressure() was set. There it may also fail to map a subscriber or to sleep, and then says why.
    std::error_code send(loan_type&& message) noexcept {
        if (!port_) return errc::closed;
        if (message.port_ != port_) return message ? errc::foreign_loan : errc::empty_loan;
        const auto failure = port_->template send<pools_of<T>>(message.chunk_, message.length_);
        if (!failure) message.port_ = nullptr;
        return failure.code();
    }

    /// As send(), for the loops in async/: where that would wait, `how.waits`, and nothing has happened. The port has
    /// news then when it is time to try again.
    std::error_code send_or_wait(loan_type& message, port::held_up& how) noexcept {
        how.waits = false;
        if (!port_) return errc::closed;
        if (message.port_ != port_) return message ? errc::foreign_loan : errc::empty_loan;
        const auto failure =
            port_->template send_or_wait<pools_of<T>>(message.chunk_, message.length_, how);
        if (!failure) message.port_ = nullptr;
        return failure.code();
    }

    /// Loans, copies and sends; with a value-initialised Header where there is one. Errors as try_loan() and send().
    std::error_code send_copy(const element& value) noexcept
        requires payload<T>::value
    {
        auto message = try_loan_uninit();
        if (!message) return message.error();
        std::construct_at(&*message, value);
        message.construct_header();
        return send(std::move(message));
    }

    /// The same, with a copy of `header`.
    template <std::same_as<Header> Given>
        requires payload<T>::value
    std::error_code send_copy(const element& value, const Given& header) noexcept {
        auto message = try_loan_uninit();
        if (!message) return message.error();
        std::construct_at(&*message, value);
        std::construct_at(&message.header(), header);
        return send(std::move(message));
    }

    /// The same for a slice.
    std::error_code send_copy(std::span<const element> values) noexcept
        requires payload<T>::slice
    {
        auto message = try_loan_uninit(values.size());
        if (!message) return message.error();
        std::uninitialized_copy(values.begin(), values.end(), message.data());
        message.construct_header();
        return send(std::move(message));
    }
    template <std::same_as<Header> Given>
        requires payload<T>::slice
    std::error_code send_copy(std::span<const element> values, const Given& header) noexcept {
        auto message = try_loan_uninit(values.size());
        if (!message) return message.error();
        std::uninitialized_copy(values.begin(), values.end(), message.data());
        std::construct_at(&message.header(), header);
        return send(std::move(message));
    }

    /// The same for bytes, as many as a whole number of the service's type has; invalid_value otherwise. A user header
    /// is all zeros.
    std::error_code send_copy(std::span<const std::byte> bytes) noexcept
        requires payload<T>::bytes
    {
        if (!port_) return errc::closed;
        const auto size = port_->type().size;
        if (bytes.size() % size != 0) return errc::invalid_value;
        auto message = try_loan_uninit(bytes.size() / size);
        if (!message) return message.error();
        std::copy(bytes.begin(), bytes.end(), message.bytes().begin());
        std::ranges::fill(message.header_bytes(), std::byte{});
        return send(std::move(message));
    }

    /// Messages that reached nobody, since a lossless subscriber was full and backpressure says `discard`.
    std::uint64_t discarded() const noexcept { return port_ ? port_->discarded() : 0; }

    /// What the service carries.
    type_details type() const { return port_ ? port_->type() : type_details{}; }

    /// The shared memory of this publisher, in bytes.
    std::uint64_t memory_size() const noexcept { return port_ ? port_->memory_size() : 0; }

    /// The port without its type, for the loops in async/.
    port::publisher_port* untyped() const noexcept { return port_; }

private:
    loan_type checked(loan_type made) {
        if (made) return made;
        throw elkodon::error(made.error(), "loan" + (port_ ? port_->who_pins() : std::string()));
    }

    port::publisher_port* port_ = nullptr;
};

}  // namespace elkodon
