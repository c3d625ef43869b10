// A port in a loop, with its place: what the I/O object and its operations share.
// Belongs to the loop's thread. Nothing here is shared with other processes.
#pragma once

#include <elkodon/loop/engine.hpp>

#include <concepts>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace elkodon::loops {

/// Ports that wait at a doorbell; all others wait behind a descriptor of their own.
template <class Port>
concept waits_at_doorbell = requires(const Port& port) {
    { port.untyped() } -> std::convertible_to<port::waiting_port*>;
};

/// One at a time, with its loop.
template <class Port>
class port_state {
    static constexpr bool at_doorbell = waits_at_doorbell<Port>;
    struct by_descriptor final : descriptor_waiter {};

public:
    port_state(engine& loop, Port handed) : port(std::move(handed)) {
        if (!port) throw error(errc::closed, "await an empty port");
        if constexpr (at_doorbell) loop.attach(who, *port.untyped());
        else loop.attach(who, port.native_handle());
    }
    port_state(const port_state&) = delete;
    port_state& operator=(const port_state&) = delete;

    void keep() noexcept { ++users_; }
    void let_go() noexcept {
        if (--users_ == 0) delete this;
    }

    /// Ends what is outstanding, and gives the port out of its place.
    Port take() noexcept {
        who.cancel(stopped_error());
        who.leave();
        return std::move(port);
    }

    Port port;
    std::conditional_t<at_doorbell, port_waiter, by_descriptor> who;

private:
    ~port_state() { who.leave(); }
    std::uint32_t users_ = 0;
};

/// Keeps a state; one at a time, as the state.
template <class Port>
class state_ref {
public:
    state_ref() noexcept = default;
    explicit state_ref(port_state<Port>* what) noexcept : what_(what) {
        if (what_) what_->keep();
    }
    state_ref(const state_ref& other) noexcept : state_ref(other.what_) {}
    state_ref(state_ref&& other) noexcept : what_(std::exchange(other.what_, nullptr)) {}
    state_ref& operator=(state_ref other) noexcept {
        std::swap(what_, other.what_);
        return *this;
    }
    ~state_ref() {
        if (what_) what_->let_go();
    }

    explicit operator bool() const noexcept { return what_ != nullptr; }
    port_state<Port>* operator->() const noexcept { return what_; }
    waiter* who() const noexcept { return what_ ? &what_->who : nullptr; }
    /// Whether its object has closed it.
    bool closed() const noexcept { return !what_ || !what_->who.loop(); }

private:
    port_state<Port>* what_ = nullptr;
};

}  // namespace elkodon::loops
