// The numbers that every build must agree on. Changing one changes the fingerprint.
// Nothing here is written by anybody.
#pragma once

#include <cstddef>
#include <cstdint>

namespace elkodon::layout {

/// The distance at which two words never disturb each other: two lines of 64 bytes, for the prefetcher
/// that fetches them in pairs. A constant of ours, since two builds may disagree about the standard's.
inline constexpr std::size_t line = 128;

inline constexpr std::size_t page = 4096;

/// Counted up when the meaning of the bytes changes in a way that the fingerprint doesn't show.
inline constexpr std::uint32_t version = 1;

inline constexpr std::uint64_t magic = 0x314e'4f44'4f4b'4c45;  // "ELKODON1", as bytes in memory

/// The most ports of a kind in one service, and the most ports at one doorbell.
inline constexpr std::uint32_t max_ports = 16'384;

/// In bytes.
inline constexpr std::size_t longest_port_name = 64;

/// Chunk numbers have 24 bits; the last one means "none".
inline constexpr std::uint32_t no_chunk = 0xff'ffff;

/// The most bytes that one message's payload may have: with 2^24 chunks of it a size still fits into 64 bits.
inline constexpr std::uint64_t largest_payload = std::uint64_t{1} << 38;

constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t step) noexcept {
    return (value + step - 1) / step * step;
}

}  // namespace elkodon::layout
