// The payload of the benchmarks: N bytes, of which the first and the last 8 are written and read.
// The publisher writes both; the receiver reads both and returns the number, or ends the program when they differ.
// Plain bytes: aligned to 1, so that the first of them share a cache line with the chunk's header.
#pragma once

#include "common.hpp"

#include <array>

namespace bench {

template <std::size_t N>
struct message {
    static_assert(N >= 16);

    void write(std::uint64_t number) {
        std::memcpy(bytes.data(), &number, sizeof number);
        std::memcpy(bytes.data() + N - sizeof number, &number, sizeof number);
    }

    std::uint64_t read() const {
        std::uint64_t first, last;
        std::memcpy(&first, bytes.data(), sizeof first);
        std::memcpy(&last, bytes.data() + N - sizeof last, sizeof last);
        require(first == last, "a torn message");
        return first;
    }

    std::array<std::byte, N> bytes;
};

// Calls `use.template operator()<N>()` with that of the sizes which the argument `size` names.
template <std::size_t... Sizes, class Use>
void with_size(const arguments& args, Use use) {
    const auto size = args.number("size", 64);
    if (((size == Sizes && (use.template operator()<Sizes>(), true)) || ...)) return;
    std::fprintf(stderr, "size: %llu is not one of those built in\n",
                 static_cast<unsigned long long>(size));
    std::exit(2);
}

}  // namespace bench
