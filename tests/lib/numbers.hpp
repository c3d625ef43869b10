// Numbers as payloads, and what a subscriber got of them.
#pragma once

#include <elkodon/subscriber.hpp>

#include <cstdint>
#include <numeric>
#include <vector>

namespace tests {

using number = std::uint64_t;
using values = std::vector<number>;

/// All that is there.
inline values drain(elkodon::subscriber<number>& subscriber) {
    values got;
    while (const auto sample = subscriber.receive()) got.push_back(*sample);
    return got;
}

/// first, first + 1, … last − 1.
inline values from_to(number first, number last) {
    values made(last - first);
    std::iota(made.begin(), made.end(), first);
    return made;
}

}  // namespace tests
