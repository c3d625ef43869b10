// A number that was read from a page which another process can write.
// It is read once into this wrapper, checked against a bound, and only then a number; the writer may be
// anyone. After a kill -9 of the writer it may hold any value, which is why it has to be asked.
#pragma once

#include <cstddef>
#include <optional>
#include <type_traits>

namespace elkodon {

/// Reads a word that its writer may be changing at this very moment: once, so that what is checked is what
/// is used afterwards. Any thread.
template <class T>
T read_once(const T& word) noexcept {
    static_assert(std::is_unsigned_v<T> && sizeof(T) <= 8);
    // relaxed: the word publishes nothing; all that counts is that no second load follows this one.
    return __atomic_load_n(&word, __ATOMIC_RELAXED);
}

/// Leaves the bytes that lie in the storage, at no cost: without it the compiler, which can't tell what read_once
/// finds, warns that somebody might use what was never set.
template <class T>
void leave_bytes(T& storage) noexcept {
    asm("" : "=m"(storage));
}

/// An index into N slots, whatever the number: what lies outside finds the first slot.
template <std::size_t N>
constexpr std::size_t inside(std::size_t index) noexcept {
    return index < N ? index : 0;
}

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

    /// The value, or `most` where it is more. Any thread.
    constexpr T at_most(T most) const noexcept { return value_ < most ? value_ : most; }

private:
    T value_;
};

}  // namespace elkodon
