// What operations take from a subscriber: one message, a batch, or nothing but the news.
// See take.hpp.
#pragma once

#include <elkodon/subscriber.hpp>
#include <elkodon/take/take.hpp>

#include <cstddef>
#include <span>

namespace elkodon::take {

/// The next message. Errors as subscriber::receive(); overtaken is none here: it is another look.
template <class T, class Header>
struct one_sample {
    using result = sample<T, Header>;

    bool from(subscriber<T, Header>& port, result& taken, std::error_code& ec) noexcept {
        taken = port.receive();
        ec = taken.error();
        if (ec == errc::overtaken) ec.clear();
        return taken || ec;
    }
};

/// What is there, as many as `into` has room for, at its beginning. An error that receive() would tell comes alone, before the
/// messages behind it. `into` outlives the operation, as a buffer does.
template <class T, class Header>
struct many_samples {
    using result = std::size_t;

    std::span<sample<T, Header>> into;

    bool from(subscriber<T, Header>& port, result& taken, std::error_code& ec) noexcept {
        if (into.empty()) return port.has_samples();
        one_sample<T, Header> first;
        into[0].reset();
        if (!first.from(port, into[0], ec)) return false;
        taken = into[0] ? 1 + port.receive_many(into.subspan(1)) : 0;
        return true;
    }
};

/// Nothing: there is a message, or an error to tell, and it stays where it is.
template <class T, class Header>
struct no_sample {
    using result = nothing_taken;

    bool from(subscriber<T, Header>& port, result&, std::error_code&) noexcept {
        return port.has_samples();
    }
};

}  // namespace elkodon::take
