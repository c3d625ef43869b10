// What a coroutine ends with: a value, nothing, or what it threw.
// Lies in its frame, or in whoever waits for it.
#pragma once

#include <exception>
#include <memory>
#include <type_traits>
#include <utility>
#include <variant>

namespace elkodon {

/// Empty, a T or an exception. T may be void, a reference, or move-only.
template <class T>
class outcome {
    using stored = std::conditional_t<std::is_reference_v<T>, std::remove_reference_t<T>*, T>;

public:
    template <class U>
    void set(U&& value) {
        if constexpr (std::is_reference_v<T>) held_.template emplace<1>(std::addressof(value));
        else held_.template emplace<1>(std::forward<U>(value));
    }
    void fail(std::exception_ptr why) noexcept { held_.template emplace<2>(std::move(why)); }

    bool empty() const noexcept { return held_.index() == 0; }
    std::exception_ptr failure() const noexcept {
        auto* const why = std::get_if<2>(&held_);
        return why ? *why : nullptr;
    }

    /// Moves the value out, or throws.
    T take() {
        if (auto* const why = std::get_if<2>(&held_)) std::rethrow_exception(std::move(*why));
        if constexpr (std::is_reference_v<T>) return static_cast<T>(*std::get<1>(held_));
        else return std::move(std::get<1>(held_));
    }

private:
    std::variant<std::monostate, stored, std::exception_ptr> held_;
};

template <>
class outcome<void> {
public:
    void set() noexcept { done_ = true; }
    void fail(std::exception_ptr why) noexcept { why_ = std::move(why); }
    bool empty() const noexcept { return !done_ && !why_; }
    std::exception_ptr failure() const noexcept { return why_; }
    void take() {
        if (why_) std::rethrow_exception(std::exchange(why_, nullptr));
    }

private:
    std::exception_ptr why_;
    bool done_ = false;
};

/// `return_value` or `return_void` of a promise type, into an outcome.
template <class T>
class returns_outcome {
public:
    template <class U = T>
        requires std::is_convertible_v<U&&, T>
    void return_value(U&& value) {
        outcome_.set(std::forward<U>(value));
    }
    void unhandled_exception() noexcept { outcome_.fail(std::current_exception()); }

protected:
    outcome<T> outcome_;
};

template <>
class returns_outcome<void> {
public:
    void return_void() noexcept { outcome_.set(); }
    void unhandled_exception() noexcept { outcome_.fail(std::current_exception()); }

protected:
    outcome<void> outcome_;
};

}  // namespace elkodon
