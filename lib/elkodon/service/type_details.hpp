// What two processes compare before they share a type.
// Written by a service's creator into the static configuration, never afterwards.
// After a kill -9 it stands as it was: the configuration gets its name when it is complete.
#pragma once

#include <cstdint>
#include <string>

namespace elkodon {

/// The type of what goes with each message, beside its payload.
struct header_details {
    std::string name = {};        ///< empty: there is none
    std::uint64_t size = 0;       ///< in bytes
    std::uint64_t alignment = 1;  ///< in bytes
    friend bool operator==(const header_details&, const header_details&) = default;
};

/// A payload's type, as its service stores it.
struct type_details {
    std::string name = {};
    std::uint64_t size = 0;  ///< in bytes; of one element
    std::uint64_t alignment =
        1;               ///< in bytes; what payload_alignment() asked for, where that is more
    bool slice = false;  ///< a message holds any number of elements, not just one
    header_details header = {};
    friend bool operator==(const type_details&, const type_details&) = default;
};

}  // namespace elkodon
