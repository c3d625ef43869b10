// A segment of another port, checked before anything in it is used.
// Its owner writes it; we map it read-only, or read-write where the layout says that all peers write.
// After its owner's death the mapping stays valid for as long as we keep it.
#pragma once

#include <elkodon/layout/segment_header.hpp>
#include <elkodon/segment/own_segment.hpp>

#include <optional>

namespace elkodon::segment {

/// Why there is no segment.
enum class absence {
    none,          ///< there is one
    no_such_name,  ///< it has gone, or isn't there yet
    not_a_member,  ///< invalid, foreign, or forbidden: whoever made it is no participant
    other_layout,  ///< of a build that lays out memory differently
    our_failure,   ///< we have no memory or descriptor for it: never to be taken for "nobody there"
};

/// One at a time; the memory: as its layout says.
class foreign_segment {
public:
    foreign_segment() noexcept = default;

    /// Maps `name`, which must be a regular file of ours, or of `owner` where we only look, or of anybody in a directory
    /// where others take part; of exactly the size that its header says, of this kind, magic, version and fingerprint,
    /// and at least `least_size` bytes. Never throws: absence() says why.
    static foreign_segment map(int directory,
                               const std::string& name,
                               layout::segment_kind kind,
                               os::access mode,
                               std::uint64_t least_size,
                               std::optional<std::uint32_t> owner = std::nullopt,
                               os::paging how = {}) noexcept;

    absence why_absent() const noexcept { return absence_; }
    std::error_code failure() const noexcept { return failure_; }
    explicit operator bool() const noexcept { return static_cast<bool>(memory_); }

    std::byte* data() const noexcept { return memory_.data(); }
    template <class Layout>
    Layout& as() const noexcept {
        return *reinterpret_cast<Layout*>(memory_.data());
    }
    std::uint64_t size() const noexcept { return memory_.size(); }

    /// As read once, when it was mapped; also of one that our own failure kept us from mapping, if it could be read.
    port_id port() const noexcept { return port_; }
    process_id process() const noexcept { return process_; }
    std::uint32_t pid() const noexcept { return pid_; }
    os::file_identity file() const noexcept { return file_; }

    /// Whether its owner has ended in an orderly way.
    bool closed() const noexcept;

private:
    os::mapping memory_;
    os::file_identity file_;
    port_id port_;
    process_id process_;
    std::uint32_t pid_ = 0;
    absence absence_ = absence::no_such_name;
    std::error_code failure_;
};

/// What a file says of its owner, without mapping it: for cleaning up.
struct glimpse {
    os::file_identity file;
    std::uint32_t owner = 0;  // the user
    process_id process;       // empty when it isn't a segment
    bool closed = false;
    bool unreadable = false;  // it is there, and we could not look: proves nothing
    std::uint64_t word = 0;   // the one at the offset that was asked for
};

/// What a segment says of itself to people.
struct description {
    port_id port;
    process_id process;
    std::uint32_t pid = 0;
    std::string name;
};

/// Read through the file, by a system call; nothing when it is no complete segment of this layout. Never throws.
std::optional<description> describe(int directory, const std::string& file) noexcept;

/// Never throws: what can't be read is no segment.
glimpse glimpse_at(int directory, const std::string& name, std::size_t offset = 0) noexcept;

}  // namespace elkodon::segment
