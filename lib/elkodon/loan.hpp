// A message that is being written, in shared memory from the start.
// Its holder alone writes it, until it is sent. After a kill -9 it is nobody's and nobody sees it.
#pragma once

#include <elkodon/port/publisher_port.hpp>
#include <elkodon/service/properties.hpp>
#include <elkodon/shareable.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <utility>

namespace elkodon {

template <class T, class Header>
class publisher;

/// Only slices may be in a further pool, and what is untyped may be slices.
template <class T>
inline constexpr auto pools_of = payload<T>::value ? lockfree::pools::one : lockfree::pools::many;

/// A chunk of a publisher's. Move-only; tests false when default-constructed, moved from, sent, or refused,
/// and then says why by error(). Dropping it gives the chunk back; it may outlive its publisher, only to be
/// dropped. Thread rule: one at a time, together with its publisher.
///
/// *loan is a T&; for a T[] a std::span<T>; an untyped one has bytes() only.
template <class T, class Header = void>
class loan {
    using element = typename payload<T>::element;
    using length_type = std::conditional_t<payload<T>::value, length_of_one, std::uint32_t>;

public:
    loan() noexcept = default;
    loan(loan&& other) noexcept
        : port_(std::exchange(other.port_, nullptr)),
          chunk_(other.chunk_),
          length_(other.length_),
          error_(std::exchange(other.error_, {})) {}
    loan& operator=(loan&& other) noexcept {
        if (this == &other) return *this;
        reset();
        port_ = std::exchange(other.port_, nullptr);
        chunk_ = other.chunk_;
        length_ = other.length_;
        error_ = std::exchange(other.error_, {});
        return *this;
    }
    ~loan() { reset(); }

    explicit operator bool() const noexcept { return port_ != nullptr; }

    /// Why there is nothing here: closed, loans_exhausted, chunks_exhausted, slice_too_long, forked, or our own failure
    /// to map a subscriber.
    std::error_code error() const noexcept { return error_.code(); }

    element& operator*() const noexcept
        requires payload<T>::value
    {
        return *data();
    }
    element* operator->() const noexcept
        requires payload<T>::value
    {
        return data();
    }
    std::span<element> operator*() const noexcept
        requires payload<T>::slice
    {
        return {data(), length_};
    }

    /// What goes with the payload: set it before sending.
    std::add_lvalue_reference_t<Header> header() const noexcept
        requires(!no_header<Header>)
    {
        return *reinterpret_cast<Header*>(begin() - header_distance<Header>);
    }

    /// The payload's bytes, in place: all of a slice's.
    std::span<std::byte> bytes() const noexcept {
        if (!port_) return {};
        if constexpr (payload<T>::bytes) return {begin(), length_ * port_->type().size};
        else return {begin(), length_ * sizeof(element)};
    }

    /// The bytes of the service's user header, in place; none where it has none.
    std::span<std::byte> header_bytes() const noexcept
        requires payload<T>::bytes
    {
        if (!port_) return {};
        const auto header = service::layout_of(port_->type().header);
        return {begin() - layout::user_header_distance(header), header.size};
    }

    /// Constructs the payload in place; returns it.
    template <class... Args>
        requires payload<T>::value
    T& emplace(Args&&... args) const noexcept(noexcept(T(std::forward<Args>(args)...))) {
        if constexpr (std::is_constructible_v<T, Args...>)
            return *std::construct_at(data(), std::forward<Args>(args)...);
        else return *::new (static_cast<void*>(data())) T{std::forward<Args>(args)...};
    }

    /// Gives the chunk back unsent.
    void reset() noexcept {
        if (auto* const port = std::exchange(port_, nullptr)) port->drop(chunk_);
    }

private:
    friend class publisher<T, Header>;

    loan(port::publisher_port& port, std::uint32_t chunk, std::uint32_t length) noexcept
        : port_(&port), chunk_(chunk), length_(length) {}
    explicit loan(status why) noexcept : error_(why) {}

    void construct_header() const noexcept {
        if constexpr (!no_header<Header>) std::construct_at(&header());
    }

    std::byte* begin() const noexcept { return port_->template payload<pools_of<T>>(chunk_); }
    element* data() const noexcept { return reinterpret_cast<element*>(begin()); }

    port::publisher_port* port_ = nullptr;
    std::uint32_t chunk_ = 0;
    [[no_unique_address]] length_type length_ = 1;
    status error_;
};

}  // namespace elkodon
