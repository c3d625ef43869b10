// All of several awaitables; when one of them throws, the others are cancelled.
// All of it lies in the frame of who awaits. Nothing here is shared.
#pragma once

#include <elkodon/task/branch.hpp>

#include <tuple>
#include <vector>

namespace elkodon {

/// Takes what a branch of `when_all` has left; one that was stopped has left nothing.
template <class T>
storable_t<T> take_of_all(branch<T>& from) {
    if (from.result().empty()) throw_stopped("await all of several");
    if constexpr (std::is_void_v<T>) return from.result().take(), storable_t<T>{};
    else return from.result().take();
}

template <class... A>
class [[nodiscard]] all_of {
    using result = std::tuple<storable_t<await_result_t<A>>...>;

public:
    explicit all_of(A&&... what) : whats_(std::forward<A>(what)...) {}
    all_of(all_of&& other) : whats_(std::move(other.whats_)) {}
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
        result await_resume() {
            rethrow(std::index_sequence_for<A...>{});
            return std::apply([](auto&... each) { return result{take_of_all(each)...}; }, branches_);
        }

    private:
        struct arrival : gathering::arrival {
            awaiter* self = nullptr;
        };

        template <std::size_t... I>
        void start(std::index_sequence<I...>) {
            (start_one<I>(), ...);
        }
        template <std::size_t I>
        void start_one() {
            auto& here = std::get<I>(branches_);
            here = make_branch<std::tuple_element_t<I, std::tuple<A...>>>(
                std::move(std::get<I>(whats_)));
            ends_[I].index = I;
            ends_[I].self = this;
            ends_[I].decides = [](gathering::arrival& end) {
                auto& all = static_cast<arrival&>(end).self->branches_;
                return std::get<I>(all).result().failure() != nullptr;
            };
            stage_.start(here, ends_[I]);
        }
        template <std::size_t... I>
        void rethrow(std::index_sequence<I...>) {
            ((stage_.decider() == I ? (void)std::get<I>(branches_).result().take() : void()), ...);
        }

        std::tuple<A...> whats_;
        gathering stage_{stop_source::late_results::kept};
        arrival ends_[sizeof...(A) + 1];
        std::tuple<branch<await_result_t<A>>...> branches_;
    };

    std::tuple<A...> whats_;
};

/// Awaits them all: a std::tuple of their results (nothing: std::monostate). When one of them throws, the others
/// are asked to stop; what the first one threw is thrown when all have ended. All of them end on one thread.
template <awaitable... A>
all_of<A...> when_all(A... what) {
    return all_of<A...>(std::move(what)...);
}

template <class A>
class [[nodiscard]] all_of_many {
    using value = await_result_t<A>;

public:
    explicit all_of_many(std::vector<A> whats) : whats_(std::move(whats)) {}
    all_of_many(all_of_many&& other) noexcept : whats_(std::move(other.whats_)) {}
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
                    auto& all = static_cast<arrival&>(end).self->branches_;
                    return all[end.index].result().failure() != nullptr;
                };
                stage_.start(branches_[i], ends_[i]);
            }
            return stage_.leave_or_wait();
        }
        std::vector<storable_t<value>> await_resume() {
            if (stage_.decider() != gathering::nobody)
                std::rethrow_exception(branches_[stage_.decider()].result().failure());
            std::vector<storable_t<value>> taken;
            taken.reserve(branches_.size());
            for (auto& each : branches_) taken.push_back(take_of_all(each));
            return taken;
        }

    private:
        struct arrival : gathering::arrival {
            awaiter* self = nullptr;
        };

        std::vector<A> whats_;
        gathering stage_{stop_source::late_results::kept};
        std::vector<arrival> ends_;
        std::vector<branch<value>> branches_;
    };

    std::vector<A> whats_;
};

/// The same for many of a kind.
template <awaitable A>
all_of_many<A> when_all(std::vector<A> whats) {
    return all_of_many<A>(std::move(whats));
}

}  // namespace elkodon
