// Memory that a file backs. How a mapping is obtained stays in this one place, because services for
// several users will move to sealed memory handed over a socket.
// Who writes is decided by the file's room; a read-only mapping faults on a write.
// After a kill -9 the kernel has unmapped it; the file's bytes stay.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace elkodon::os {

/// What a mapping may be used for.
enum class access { read, read_write };

/// How the pages of a mapping are had. Both are for the data path's sake, and neither ever fails: what the kernel can't do
/// it leaves out.
struct paging {
    bool prefault = false;  ///< all pages at once, so that no later access faults
    bool huge = false;      ///< in pages of 2 MiB, where the kernel's shmem_enabled allows it
};

/// Owns one mapping, or none. Needs no open descriptor. One at a time; the memory itself: any thread.
class mapping {
public:
    mapping() noexcept = default;
    mapping(int file, std::uint64_t size, access mode, const std::string& doing, paging how = {});
    mapping(mapping&& other) noexcept
        : begin_(std::exchange(other.begin_, nullptr)),
          size_(std::exchange(other.size_, 0)),
          absent_after_fork_of_(std::exchange(other.absent_after_fork_of_, std::nullopt)) {}
    mapping& operator=(mapping&& other) noexcept {
        std::swap(begin_, other.begin_);
        std::swap(size_, other.size_);
        std::swap(absent_after_fork_of_, other.absent_after_fork_of_);
        return *this;
    }
    ~mapping();

    std::byte* data() const noexcept { return begin_; }
    std::uint64_t size() const noexcept { return size_; }
    explicit operator bool() const noexcept { return begin_ != nullptr; }

    /// A fork's child must not write what has one writer: there the pages are absent. It may have mapped something of its
    /// own at that address since: the destructor leaves it alone there.
    void absent_in_children() noexcept;

private:
    std::byte* begin_ = nullptr;
    std::uint64_t size_ = 0;
    std::optional<std::uint32_t> absent_after_fork_of_;  // the fork generation in which it is there
};

}  // namespace elkodon::os
