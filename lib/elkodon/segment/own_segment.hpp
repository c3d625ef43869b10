// A segment that this process writes and others map.
// It has no name until it is complete; from then on only the fields that its layout names may change.
// After a kill -9 it is either nameless, and gone, or complete.
#pragma once

#include <elkodon/base/ids.hpp>
#include <elkodon/layout/segment_header.hpp>
#include <elkodon/os/file.hpp>
#include <elkodon/os/mapping.hpp>

#include <string>
#include <string_view>

namespace elkodon::segment {

/// What a segment's header says about it.
struct identity {
    layout::segment_kind kind;
    port_id port;
    process_id process;
    std::string_view name = {};  // of the port; at most layout::longest_port_name bytes
};

/// Owner thread. No descriptor stays open once it has its name.
class own_segment {
public:
    own_segment() noexcept = default;

    /// `size` bytes of zeros behind a header, all of them allocated. `doing` begins the error's sentence.
    own_segment(int directory,
                const identity& who,
                std::uint64_t size,
                const std::string& doing,
                os::paging how = {});

    std::byte* data() const noexcept { return memory_.data(); }
    template <class Layout>
    Layout& as() const noexcept {
        return *reinterpret_cast<Layout*>(memory_.data());
    }
    std::uint64_t size() const noexcept { return memory_.size(); }
    os::file_identity file() const noexcept { return file_identity_; }
    explicit operator bool() const noexcept { return static_cast<bool>(memory_); }

    /// As its header has it.
    std::string name() const;

    /// Declares it complete and gives it `name`. False when the name is taken: try another.
    bool link(int directory, const std::string& name);

    /// Tells everybody that the owner has finished with it in an orderly way.
    void mark_closed() noexcept;

private:
    os::fd unnamed_;
    os::mapping memory_;
    os::file_identity file_identity_;
};

}  // namespace elkodon::segment
