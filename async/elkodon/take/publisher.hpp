// What operations do with a publisher once it may: take a chunk, send a loan, or nothing, when subscribers have come.
// See take.hpp. A loan that wasn't sent comes back to its user.
#pragma once

#include <elkodon/publisher.hpp>
#include <elkodon/take/take.hpp>

#include <cstddef>

namespace elkodon::take {

/// What every take from a publisher begins with: it is tried at once.
template <class T, class Header>
struct tried_at_once {
    void begin(publisher<T, Header>& port) noexcept { port.untyped()->await_nothing(); }
};

/// A chunk: a value-initialised one, where its type says what that is. Waits where loans or chunks are exhausted; other
/// errors as publisher::try_loan().
template <class T, class Header>
struct one_loan : tried_at_once<T, Header> {
    using result = loan<T, Header>;

    explicit one_loan(std::size_t n = 1) noexcept : length(n) {}

    bool from(publisher<T, Header>& port, result& taken, std::error_code& ec) noexcept {
        if constexpr (payload<T>::value) taken = port.try_loan();
        else if constexpr (payload<T>::slice) taken = port.try_loan(length);
        else taken = port.try_loan_uninit(length);
        ec = taken.error();
        const bool exhausted = ec == errc::loans_exhausted || ec == errc::chunks_exhausted;
        if (!exhausted) return true;
        ec.clear();
        taken = {};
        port.untyped()->await_chunk();
        return false;
    }

    std::size_t length;
};

/// Sends `message`. Waits where publisher::send() would block a thread; errors as it says, and the loan is the result then.
template <class T, class Header>
struct sent_loan : tried_at_once<T, Header> {
    using result = loan<T, Header>;

    explicit sent_loan(loan<T, Header>&& given) noexcept : message(std::move(given)) {}

    bool from(publisher<T, Header>& port, result& taken, std::error_code& ec) noexcept {
        ec = port.send_or_wait(message, how);
        if (how.waits) {
            ec.clear();
            return false;
        }
        taken = std::move(message);
        return true;
    }
    result left() noexcept { return std::move(message); }

    loan<T, Header> message;
    port::held_up how = {};
};

/// Nothing: there are so many subscribers, or more.
template <class T, class Header>
struct enough_subscribers : tried_at_once<T, Header> {
    using result = nothing_taken;

    explicit enough_subscribers(std::size_t n) noexcept : count(n) {}

    bool from(publisher<T, Header>& port, result&, std::error_code&) noexcept {
        if (port.untyped()->subscriber_count() >= count) return true;
        port.untyped()->await_subscribers(count);
        return false;
    }

    std::size_t count;
};

}  // namespace elkodon::take
