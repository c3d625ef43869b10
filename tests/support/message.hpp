// The payload of the process tests: 4 KiB, filled from its number, so that a torn or misplaced one shows.
#pragma once

#include <cstdint>
#include <string>

namespace support {

struct message {
    std::uint64_t words[512];
};

inline void fill(message& of, std::uint64_t number) noexcept {
    for (auto& word : of.words) word = number;
}

/// Whether every word is `number`. Each is read from memory, once.
inline bool intact(const message& of, std::uint64_t number) noexcept {
    const volatile std::uint64_t* words = of.words;
    for (int i = 0; i < 512; ++i)
        if (words[i] != number) return false;
    return true;
}

/// The number, or ~0 when it is torn.
inline std::uint64_t number_in(const message& of) noexcept {
    const std::uint64_t number = *static_cast<const volatile std::uint64_t*>(of.words);
    return intact(of, number) ? number : ~std::uint64_t{0};
}

}  // namespace support
