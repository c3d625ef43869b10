// A message that was received: read-only, in the publisher's memory, borrowed as long as it lives.
// Nobody writes it while a copy exists. After the publisher's death it stays readable.
#pragma once

#include <elkodon/base/ids.hpp>
#include <elkodon/base/status.hpp>
#include <elkodon/port/borrowed.hpp>
#include <elkodon/shareable.hpp>

#include <cstddef>
#include <span>

namespace elkodon {

/// Tests false when default-constructed, moved from, or when nothing was there; error() then says why.
/// Copyable: copies share one place among the subscriber's borrowed samples, and may go to any thread; each
/// object is for one thread at a time. Outlives its subscriber, node and publisher; until the last
/// copy goes, its subscriber keeps its place among max_subscribers.
template <class T, class Header = void>
class sample {
public:
    using value_type = T;
    using header_type = Header;

    sample() noexcept = default;
    explicit sample(port::borrowed held, status why = {}) noexcept
        : held_(std::move(held)), error_(why) {}

    explicit operator bool() const noexcept { return static_cast<bool>(held_); }

    /// Zero for the normal "nothing there"; otherwise closed, too_many_borrowed, overtaken, forked,
    /// already_attached, or what waiting failed with.
    std::error_code error() const noexcept { return error_.code(); }

    const T& operator*() const noexcept { return *data(); }
    const T* operator->() const noexcept { return data(); }

    /// What its publisher sent with the payload.
    std::add_lvalue_reference_t<const Header> header() const noexcept
        requires(!no_header<Header>)
    {
        return *reinterpret_cast<const Header*>(held_.message().payload - header_distance<Header>);
    }

    /// The payload's bytes, in place.
    std::span<const std::byte> bytes() const noexcept {
        return held_ ? std::span{held_.message().payload, sizeof(T)} : std::span<const std::byte>{};
    }

    /// Counted up by one with every message of its publisher.
    std::uint64_t sequence() const noexcept { return held_ ? held_.message().sequence : 0; }
    port_id publisher_id() const noexcept { return held_.publisher(); }

    /// Lets go of the message.
    void reset() noexcept { held_ = {}; }

private:
    const T* data() const noexcept { return reinterpret_cast<const T*>(held_.message().payload); }

    port::borrowed held_;
    status error_;
};

}  // namespace elkodon
