// What two processes compare before they share a type. Written by a service's creator into the static
// configuration, never afterwards.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace elkodon {

/// A payload's type, as its service stores it.
struct type_details {
    type_details() = default;
    type_details(std::string name_of_type,
                 std::uint64_t size_in_bytes,
                 std::uint64_t alignment_in_bytes)
        : name(std::move(name_of_type)), size(size_in_bytes), alignment(alignment_in_bytes) {}

    std::string name;
    std::uint64_t size = 0;       ///< in bytes
    std::uint64_t alignment = 1;  ///< in bytes
    friend bool operator==(const type_details&, const type_details&) = default;
};

}  // namespace elkodon
