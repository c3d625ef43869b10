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

// Calls `use.template operator()<N>()` with the N that the argument `size` names.
template <class Use>
void with_size(const arguments& args, Use use) {
    switch (args.number("size", 64)) {
        case 48: return use.template operator()<48>();
        case 64: return use.template operator()<64>();
        case 65'536: return use.template operator()<65'536>();
        case 1'048'576: return use.template operator()<1'048'576>();
        case 4'194'304: return use.template operator()<4'194'304>();
        default: std::fprintf(stderr, "size: 48, 64, 65536, 1048576 or 4194304\n"); std::exit(2);
    }
}

}  // namespace bench
