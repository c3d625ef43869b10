// See foreign_segment.hpp.
#include <elkodon/base/error.hpp>
#include <elkodon/layout/fingerprint.hpp>
#include <elkodon/os/process.hpp>
#include <elkodon/segment/foreign_segment.hpp>

#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace elkodon::segment {
namespace {

bool is_our_failure(const std::error_code& code) noexcept {
    return code == std::errc::not_enough_memory || code == std::errc::too_many_files_open ||
           code == std::errc::too_many_files_open_in_system;
}

absence check(const layout::segment_header& header,
              layout::segment_kind kind,
              std::uint64_t size) noexcept {
    // sync[segment.state] acquire: own_segment's release; the fields below are complete.
    const auto state = header.state.load(std::memory_order_acquire);
    if (header.magic != layout::magic || header.size != size) return absence::not_a_member;
    if (header.version != layout::version || header.fingerprint != layout::fingerprint)
        return absence::other_layout;
    const bool complete =
        state == layout::segment_state::ready || state == layout::segment_state::closed;
    return complete && header.kind == kind ? absence::none : absence::not_a_member;
}

// Where several users take part, each owns what he has made.
bool is_for_others_too(int directory) {
    const auto facts = os::facts_of(directory, "look at a directory");
    return facts.for_others_too() && facts.keeps_names();
}

// Without a mapping, for a message: whose it would have been.
port_id port_in(int file) noexcept {
    std::uint64_t port = 0;
    const auto got = pread(file, &port, sizeof port, offsetof(layout::segment_header, port));
    return port_id{got == sizeof port ? port : 0};
}

}  // namespace

foreign_segment foreign_segment::map(int directory,
                                     const std::string& name,
                                     layout::segment_kind kind,
                                     os::access mode,
                                     std::uint64_t least_size,
                                     std::optional<std::uint32_t> owner,
                                     os::paging how) noexcept {
    foreign_segment made;
    os::fd file;
    try {
        file = os::open_file(directory, name, mode == os::access::read_write);
        if (!file) return made;
        made.absence_ = absence::not_a_member;
        const auto doing = "map \"" + name + "\"";
        const auto facts = os::facts_of(file.get(), doing);
        if (!facts.regular) return made;
        if (facts.owner != owner.value_or(os::user_number()) && !is_for_others_too(directory))
            return made;
        if (facts.size < sizeof(layout::segment_header) || facts.size < least_size) return made;
        os::mapping memory(file.get(), facts.size, mode, doing, how);
        const auto& header = *reinterpret_cast<const layout::segment_header*>(memory.data());
        made.absence_ = check(header, kind, facts.size);
        if (made.absence_ != absence::none) return made;
        made.memory_ = std::move(memory);
        made.file_ = facts.identity;
        made.port_ = port_id{header.port};
        made.process_ = process_id{header.process};
        made.pid_ = header.pid;
    } catch (const std::system_error& failure) {
        made.absence_ =
            is_our_failure(failure.code()) ? absence::our_failure : absence::not_a_member;
        made.failure_ = failure.code();
    } catch (...) {
        made.absence_ = absence::our_failure;
        made.failure_ = std::make_error_code(std::errc::not_enough_memory);
    }
    if (made.absence_ == absence::our_failure && file) made.port_ = port_in(file.get());
    return made;
}

bool foreign_segment::closed() const noexcept {
    const auto& state = as<layout::segment_header>().state;
    // sync[segment.state] acquire: mark_closed's release; what the owner did last is visible.
    return state.load(std::memory_order_acquire) == layout::segment_state::closed;
}

std::optional<description> describe(int directory, const std::string& name) noexcept try {
    const auto file = os::open_file(directory, name, false);
    if (!file || !os::facts_of(file.get(), "look at a segment").regular) return std::nullopt;
    alignas(layout::segment_header) std::byte bytes[sizeof(layout::segment_header)];
    if (pread(file.get(), bytes, sizeof bytes, 0) != sizeof bytes) return std::nullopt;
    const auto& header = *reinterpret_cast<const layout::segment_header*>(bytes);
    if (header.magic != layout::magic || header.version != layout::version ||
        header.fingerprint != layout::fingerprint)
        return std::nullopt;
    const std::string_view text(header.name, sizeof header.name);
    return description{port_id{header.port}, process_id{header.process}, header.pid,
                       std::string(text.substr(0, text.find('\0')))};
} catch (...) {
    return std::nullopt;
}

glimpse glimpse_at(int directory, const std::string& name, std::size_t offset) noexcept try {
    const auto file = os::open_file(directory, name, false);
    if (!file) return {};
    const auto facts = os::facts_of(file.get(), "look at a segment");
    std::uint64_t begin[7] = {};
    glimpse found;
    found.file = facts.identity;
    found.owner = facts.owner;
    if (!facts.regular || pread(file.get(), begin, sizeof begin, 0) != sizeof begin) return {};
    if (begin[0] != layout::magic) return found;
    found.process = process_id{begin[4]};
    found.closed = begin[6] >> 32 == static_cast<std::uint64_t>(layout::segment_state::closed);
    static_assert(offsetof(layout::segment_header, process) == 4 * 8);
    static_assert(offsetof(layout::segment_header, state) == 6 * 8 + 4);
    if (pread(file.get(), &found.word, sizeof found.word, static_cast<off_t>(offset)) !=
        sizeof found.word)
        return found;
    return found;
} catch (...) {
    glimpse nothing;
    nothing.unreadable = true;
    return nothing;
}

}  // namespace elkodon::segment
