// The first of several awaitables; the others are cancelled, and have ended before it is told.
// All of it lies in the frame of who awaits. Nothing here is shared.
#pragma once

#include <elkodon/task/branch.hpp>

#include <optional>
#include <tuple>
#include <vector>

namespace elkodon {

template <class... A>
class [[nodiscard]] any_of {
    template <class X>
    using made = branch<await_result_t<X>>;
    using result = std::variant<storable_t<await_result_t<A>>...>;

public:
    explicit any_of(A&&... what) : whats_(std::forward<A>(what)...) {}
    any_of(any_of&& other) : whats_(std::move(other.whats_)) {}

    auto operator co_await() && { return awaiter(std::move(whats_)); }

private:
    class awaiter {
    public:
        explicit awaiter(std::tuple<A...>&& whats) : whats_(std::move(whats)) {}
        awaiter(const awaiter&) = delete;
        awaiter& operator=(const awaiter&) = delete;

        bool await_ready() const noexcept { return false; }
        template <class Promise>
        bool await_suspend(std::coroutine_handle<Promise> parent) {
            stage_.begin(parent, stop_token_of(parent));
            start(std::index_sequence_for<A...>{});
            return stage_.leave_or_wait();
        }
        result await_resume() { return take(std::index_sequence_for<A...>{}); }

    private:
        // One after the other: when one has ended at once, the next ones need not begin, and take nothing.
        template <std::size_t... I>
        void start(std::index_sequence<I...>) {
            (void)(start_one<I>() && ...);
        }
        template <std::size_t I>
        bool start_one() {
            auto& here = std::get<I>(branches_);
            here = make_branch<std::tuple_element_t<I, std::tuple<A...>>>(
                std::move(std::get<I>(whats_)));
            ends_[I].index = I;
            ends_[I].self = this;
            ends_[I].decides = [](gathering::arrival& end) {
                return !std::get<I>(static_cast<arrival&>(end).self->branches_).result().empty();
            };
            return stage_.start(here, ends_[I]);
        }
        template <std::size_t... I>
        result take(std::index_sequence<I...>) {
            std::optional<result> taken;
            (void)((stage_.decider() == I && (take_one<I>(taken), true)) || ...);
            if (!taken) throw_stopped("await the first of several");
            return std::move(*taken);
        }
        template <std::size_t I>
        void take_one(std::optional<result>& into) {
            auto& from = std::get<I>(branches_).result();
            if constexpr (std::is_void_v<decltype(from.take())>) {
                from.take();
                into.emplace(std::in_place_index<I>);
            } else into.emplace(std::in_place_index<I>, from.take());
        }

        struct arrival : gathering::arrival {
            awaiter* self = nullptr;
        };

        std::tuple<A...> whats_;
        gathering stage_{stop_source::late_results::dropped};
        arrival ends_[sizeof...(A)];
        std::tuple<made<A>...> branches_;
    };

    std::tuple<A...> whats_;
};

/// Awaits whichever ends first: a std::variant of its result (nothing: std::monostate), or what it threw. The others are
/// asked to stop, and have ended when this returns; what they would have received stays where it is: a sample is
/// taken by the winner only. With g++ 12 name it before awaiting it:
///
///     auto any   = elkodon::when_any(frames.async_receive(), loop.async_sleep_for(5s));
///     auto first = co_await std::move(any);
///     if (auto* sample = std::get_if<0>(&first)) use(**sample);
///
/// Throws operation_canceled when whoever awaits it was itself asked to stop. All of them end on one thread.
template <awaitable... A>
    requires(sizeof...(A) > 0)
any_of<A...> when_any(A... what) {
    return any_of<A...>(std::move(what)...);
}

template <class A>
class [[nodiscard]] any_of_many {
    using value = await_result_t<A>;

public:
    explicit any_of_many(std::vector<A> whats) : whats_(std::move(whats)) {}
    any_of_many(any_of_many&& other) noexcept : whats_(std::move(other.whats_)) {}
    auto operator co_await() && { return awaiter(std::move(whats_)); }

private:
    class awaiter {
    public:
        explicit awaiter(std::vector<A> whats)
            : whats_(std::move(whats)), ends_(whats_.size()), branches_(whats_.size()) {}
        awaiter(const awaiter&) = delete;
        awaiter& operator=(const awaiter&) = delete;

        bool await_ready() const noexcept { return false; }
        template <class Promise>
        bool await_suspend(std::coroutine_handle<Promise> parent) {
            stage_.begin(parent, stop_token_of(parent));
            for (std::size_t i = 0; i < whats_.size(); ++i) {
                branches_[i] = make_branch<A>(std::move(whats_[i]));
                ends_[i].index = i;
                ends_[i].self = this;
                ends_[i].decides = [](gathering::arrival& end) {
                    return !static_cast<arrival&>(end).self->branches_[end.index].result().empty();
                };
                if (!stage_.start(branches_[i], ends_[i])) break;
            }
            return stage_.leave_or_wait();
        }
        std::pair<std::size_t, storable_t<value>> await_resume() {
            const auto which = stage_.decider();
            if (which == gathering::nobody) throw_stopped("await the first of several");
            auto& from = branches_[which].result();
            if constexpr (std::is_void_v<value>) {
                from.take();
                return {which, {}};
            } else return {which, from.take()};
        }

    private:
        struct arrival : gathering::arrival {
            awaiter* self = nullptr;
        };

        std::vector<A> whats_;
        gathering stage_{stop_source::late_results::dropped};
        std::vector<arrival> ends_;
        std::vector<branch<value>> branches_;
    };

    std::vector<A> whats_;
};

/// The same for many of a kind: which of them, and its result. Throws operation_canceled when there are none.
template <awaitable A>
any_of_many<A> when_any(std::vector<A> whats) {
    return any_of_many<A>(std::move(whats));
}

}  // namespace elkodon
