// How sequences and chunks are packed into the words of ring, headers and borrow slots.
// Nobody writes anything here.
// The words survive a kill -9 whole, since each is one store.
#pragma once

#include <elkodon/layout/constants.hpp>

namespace elkodon::lockfree {

inline constexpr std::uint64_t low_40 = (std::uint64_t{1} << 40) - 1;

/// 40 bits of a number above 24 bits of chunk: a ring slot (sequence) or a borrow slot (port id).
constexpr std::uint64_t pack(std::uint64_t number, std::uint32_t chunk) noexcept {
    return (number & low_40) << 24 | (chunk & layout::no_chunk);
}

constexpr std::uint64_t number_in(std::uint64_t word) noexcept { return word >> 24; }
constexpr std::uint32_t chunk_in(std::uint64_t word) noexcept {
    return static_cast<std::uint32_t>(word & layout::no_chunk);
}

/// A chunk header's word.
constexpr std::uint64_t header_word(std::uint64_t sequence) noexcept { return sequence << 1; }
constexpr std::uint64_t gone_word(std::uint64_t sequence) noexcept { return sequence << 1 | 1; }
constexpr std::uint64_t sequence_in(std::uint64_t word) noexcept { return word >> 1; }

/// a − b, as a distance that may be negative.
constexpr std::int64_t distance(std::uint64_t a, std::uint64_t b) noexcept {
    return static_cast<std::int64_t>(a - b);
}

}  // namespace elkodon::lockfree
