// A number that was read from a page which another process can write.
// It is read once into this wrapper, checked against a bound, and only then a number; the writer may be
// anyone. After a kill -9 of the writer it may hold any value, which is why it has to be asked.
#pragma once

#include <optional>
#include <type_traits>

namespace elkodon {

/// Holds a foreign value until somebody has said what is allowed.
template <class T>
class untrusted {
    static_assert(std::is_unsigned_v<T>);

public:
    explicit constexpr untrusted(T value) noexcept : value_(value) {}

    /// The value when it is below `bound`, otherwise nothing. Any thread.
    constexpr std::optional<T> below(T bound) const noexcept {
        if (value_ < bound) return value_;
        return std::nullopt;
    }

    /// The value when least ≤ value ≤ most, otherwise nothing. Any thread.
    constexpr std::optional<T> within(T least, T most) const noexcept {
        if (least <= value_ && value_ <= most) return value_;
        return std::nullopt;
    }

private:
    T value_;
};

}  // namespace elkodon
