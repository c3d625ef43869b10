// What `co_await` of a port's operation does: takes what is there, or waits for it.
// The awaiter lies in the coroutine's frame. Nothing here is shared.
#pragma once

#include <elkodon/loop/operation.hpp>
#include <elkodon/loop/port_state.hpp>
#include <elkodon/take/take.hpp>

#include <coroutine>
#include <type_traits>
#include <utility>

namespace elkodon::loops {

/// How an error comes to whoever awaits: thrown, or by a std::error_code&; `until_closed`: closing is no error, but the end.
enum class ends { with_error, until_closed };

/// The beginning of an error's sentence.
template <class Take>
inline constexpr const char* doing = "await a port";

/// What an asynchronous operation returns: awaited once, with its loop. It may outlive its I/O object; then it ends with
/// errc::closed.
template <class Port, class Take, ends End = ends::with_error>
class [[nodiscard]] port_await {
    using value = typename Take::result;
    static constexpr bool tells_nothing = std::is_same_v<value, nothing_taken>;

public:
    port_await(state_ref<Port> state, Take take, std::error_code* ec) noexcept
        : state_(std::move(state)), take_(std::move(take)), ec_(ec) {}
    port_await(port_await&& other) noexcept
        : state_(std::move(other.state_)), take_(std::move(other.take_)), ec_(other.ec_) {}

    auto operator co_await() && noexcept { return awaiter(std::move(*this)); }

private:
    class awaiter final : public operation {
    public:
        explicit awaiter(port_await&& what) noexcept
            : operation(what.state_.who()),
              state_(std::move(what.state_)),
              take_(std::move(what.take_)),
              ec_(what.ec_) {}

        bool await_ready() const noexcept { return false; }
        template <class Promise>
        bool await_suspend(std::coroutine_handle<Promise> who) {
            // Whoever begins owns the port; with another operation outstanding this one is refused.
            if (!state_.closed() && !state_.who()->outstanding) begin_take(take_, state_->port);
            return this->begin(who);
        }
        std::conditional_t<tells_nothing, void, value> await_resume() {
            const bool at_end = End == ends::until_closed && this->error_ && state_.closed();
            if (!at_end) tell(this->error_, ec_, doing<Take>);
            if constexpr (!tells_nothing) {
                if (this->error_) return left_by(take_);
                return std::move(taken_);
            }
        }

    private:
        bool take(std::error_code& ec) override { return take_.from(state_->port, taken_, ec); }

        state_ref<Port> state_;
        Take take_;
        value taken_{};
        std::error_code* ec_;
    };

    state_ref<Port> state_;
    Take take_;
    std::error_code* ec_;
};

}  // namespace elkodon::loops
