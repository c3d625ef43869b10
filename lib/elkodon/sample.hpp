// A message that was received: read-only, in the publisher's memory, borrowed as long as it lives.
// Nobody writes it while a copy exists. After the publisher's death it stays readable.
#pragma once

#include <elkodon/base/ids.hpp>
#include <elkodon/base/status.hpp>
#include <elkodon/port/borrowed.hpp>
#include <elkodon/service/properties.hpp>
#include <elkodon/shareable.hpp>

#include <chrono>
#include <cstddef>
#include <cstring>
#include <optional>
#include <span>

namespace elkodon {

/// Tests false when default-constructed, moved from, or when nothing was there; error() then says why.
/// Copyable: copies share one place among the subscriber's borrowed samples, and may go to any thread; each
/// object is for one thread at a time. Outlives its subscriber, node and publisher; until the last
/// copy goes, its subscriber keeps its place among max_subscribers.
///
/// *sample is a const T&; for a T[] a std::span<const T>; an untyped one has bytes() only.
template <class T, class Header = void>
class sample {
    using element = typename payload<T>::element;
    struct nothing {};
    // What only the service knows of an untyped payload.
    struct shape {
        std::size_t element = 0, header = 0, header_distance = 0, time_distance = 0;
    };

public:
    using value_type = T;
    using header_type = Header;

    sample() noexcept = default;
    explicit sample(port::borrowed held, status why = {}) noexcept
        : held_(std::move(held)), error_(why) {}
    sample(port::borrowed held, const type_details& type, status why = {}) noexcept
        requires payload<T>::bytes
        : held_(std::move(held)), error_(why) {
        const auto header = service::layout_of(type.header);
        shape_ = {type.size, header.size, layout::user_header_distance(header),
                  layout::time_distance(header)};
    }

    explicit operator bool() const noexcept { return static_cast<bool>(held_); }

    /// Zero for the normal "nothing there"; otherwise closed, too_many_borrowed, overtaken, evicted, forked,
    /// already_attached, or what waiting failed with.
    std::error_code error() const noexcept { return error_.code(); }

    const element& operator*() const noexcept
        requires payload<T>::value
    {
        return *data();
    }
    const element* operator->() const noexcept
        requires payload<T>::value
    {
        return data();
    }
    std::span<const element> operator*() const noexcept
        requires payload<T>::slice
    {
        return {data(), held_.message().length};
    }

    /// What its publisher sent with the payload.
    std::add_lvalue_reference_t<const Header> header() const noexcept
        requires(!no_header<Header>)
    {
        return *reinterpret_cast<const Header*>(begin() - header_distance<Header>);
    }

    /// The payload's bytes, in place: all of a slice's.
    std::span<const std::byte> bytes() const noexcept {
        if (!held_) return {};
        if constexpr (payload<T>::bytes) return {begin(), held_.message().length * shape_.element};
        else if constexpr (payload<T>::slice)
            return {begin(), held_.message().length * sizeof(element)};
        else return {begin(), sizeof(element)};
    }

    /// The bytes of the service's user header, in place; none where it has none.
    std::span<const std::byte> header_bytes() const noexcept
        requires payload<T>::bytes
    {
        if (!held_) return {};
        return {begin() - shape_.header_distance, shape_.header};
    }

    /// Counted up by one with every message of its publisher.
    std::uint64_t sequence() const noexcept { return held_ ? held_.message().sequence : 0; }
    port_id publisher_id() const noexcept { return held_.publisher(); }

    /// When it was sent, by the steady clock: the same for all processes of a machine, but for those in a time namespace of
    /// their own. None, unless the service has `timestamps(true)`.
    std::optional<std::chrono::steady_clock::time_point> sent_at() const noexcept {
        if (!held_.timed()) return std::nullopt;
        std::int64_t nanoseconds = 0;
        std::memcpy(&nanoseconds, begin() - time_distance(), sizeof nanoseconds);
        return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(nanoseconds));
    }

    /// Lets go of the message.
    void reset() noexcept { held_ = {}; }

private:
    const std::byte* begin() const noexcept { return held_.message().payload; }
    std::size_t time_distance() const noexcept {
        if constexpr (payload<T>::bytes) return shape_.time_distance;
        else if constexpr (no_header<Header>) return layout::time_distance({});
        else return layout::time_distance({sizeof(Header), alignof(Header)});
    }
    const element* data() const noexcept { return reinterpret_cast<const element*>(begin()); }

    port::borrowed held_;
    [[no_unique_address]] std::conditional_t<payload<T>::bytes, shape, nothing> shape_;
    status error_;
};

}  // namespace elkodon
