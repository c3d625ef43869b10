// A message that is being written, in shared memory from the start.
// Its holder alone writes it, until it is sent. After a kill -9 it is nobody's and nobody sees it.
#pragma once

#include <elkodon/port/publisher_port.hpp>
#include <elkodon/shareable.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <utility>

namespace elkodon {

template <class T, class Header>
class publisher;

/// A chunk of a publisher's. Move-only; tests false when default-constructed, moved from, sent, or refused,
/// and then says why by error(). Dropping it gives the chunk back; it may outlive its publisher, only to be
/// dropped. Thread rule: one at a time, together with its publisher.
template <class T, class Header = void>
class loan {
public:
    loan() noexcept = default;
    loan(loan&& other) noexcept
        : port_(std::exchange(other.port_, nullptr)),
          chunk_(other.chunk_),
          error_(std::exchange(other.error_, {})) {}
    loan& operator=(loan&& other) noexcept {
        if (this == &other) return *this;
        reset();
        port_ = std::exchange(other.port_, nullptr);
        chunk_ = other.chunk_;
        error_ = std::exchange(other.error_, {});
        return *this;
    }
    ~loan() { reset(); }

    explicit operator bool() const noexcept { return port_ != nullptr; }

    /// Why there is nothing here: closed, loans_exhausted, chunks_exhausted, forked, or our own failure to map a
    /// subscriber.
    std::error_code error() const noexcept { return error_.code(); }

    T& operator*() const noexcept { return *data(); }
    T* operator->() const noexcept { return data(); }

    /// What goes with the payload: set it before sending.
    std::add_lvalue_reference_t<Header> header() const noexcept
        requires(!no_header<Header>)
    {
        return *reinterpret_cast<Header*>(port_->payload(chunk_) - header_distance<Header>);
    }

    /// The payload's bytes, in place.
    std::span<std::byte> bytes() const noexcept {
        return port_ ? std::span{port_->payload(chunk_), sizeof(T)} : std::span<std::byte>{};
    }

    /// Constructs the payload in place; returns it.
    template <class... Args>
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

    loan(port::publisher_port& port, std::uint32_t chunk) noexcept : port_(&port), chunk_(chunk) {}
    explicit loan(status why) noexcept : error_(why) {}

    void construct_header() const noexcept {
        if constexpr (!no_header<Header>) std::construct_at(&header());
    }

    T* data() const noexcept { return reinterpret_cast<T*>(port_->payload(chunk_)); }

    port::publisher_port* port_ = nullptr;
    std::uint32_t chunk_ = 0;
    status error_;
};

}  // namespace elkodon
