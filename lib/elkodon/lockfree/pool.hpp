// A pool of chunks, as one process has it mapped: where the chunk with a number is.
// Its publisher alone writes the chunks. A value; nothing in here is shared.
// After a kill -9 of the publisher the mapping stays valid for as long as whoever mapped it keeps it.
#pragma once

#include <elkodon/layout/publisher_segment.hpp>

namespace elkodon::lockfree {

/// Chunk numbers are global over a publisher's pools: this one has `count` of them from `first` on.
struct pool {
    std::uintptr_t origin = 0;  // where chunk 0 would have its header
    std::uint64_t stride = 0;
    std::uint32_t first = 0, count = 0;
    std::uint32_t room = 1;  // the most elements that a chunk can hold

    pool() noexcept = default;

    /// `begin` is where the geometry's offsets count from.
    pool(const std::byte* begin,
         const layout::publisher_geometry& geometry,
         std::uint32_t first_chunk = 0) noexcept
        : origin(reinterpret_cast<std::uintptr_t>(begin) + geometry.pool_offset +
                 geometry.payload_offset - sizeof(layout::chunk_header) -
                 first_chunk * geometry.stride),
          stride(geometry.stride),
          first(first_chunk),
          count(geometry.chunk_count),
          room(geometry.room) {}

    bool holds(std::uint32_t chunk) const noexcept { return chunk - first < count; }

    /// One multiply and one add. Needs a chunk that it holds.
    layout::chunk_header* header(std::uint32_t chunk) const noexcept {
        return reinterpret_cast<layout::chunk_header*>(origin + chunk * stride);
    }
};

/// Whether a publisher may have more than one pool: only slices do, and plain values don't ask.
enum class pools { one, many };

}  // namespace elkodon::lockfree
