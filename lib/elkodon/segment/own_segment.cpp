// See own_segment.hpp.
#include <elkodon/layout/fingerprint.hpp>
#include <elkodon/os/process.hpp>
#include <elkodon/segment/own_segment.hpp>

#include <new>

namespace elkodon::segment {
namespace {

// What all peers write, whoever they are.
os::writers writers_of(layout::segment_kind kind) noexcept {
    using layout::segment_kind;
    const bool all = kind == segment_kind::control || kind == segment_kind::doorbell ||
                     kind == segment_kind::event_set;
    return all ? os::writers::all_of_the_directory : os::writers::owner;
}

}  // namespace

own_segment::own_segment(int directory,
                         const identity& who,
                         std::uint64_t size,
                         const std::string& doing,
                         os::paging how)
    : unnamed_(os::create_unnamed(directory, size, doing, writers_of(who.kind))),
      memory_(unnamed_.get(), size, os::access::read_write, doing, how),
      file_identity_(os::facts_of(unnamed_.get(), doing).identity) {
    memory_.absent_in_children();
    auto& header = as<layout::segment_header>();
    header.magic = layout::magic;
    header.version = layout::version;
    header.kind = who.kind;
    header.fingerprint = layout::fingerprint;
    header.port = who.port.value();
    header.process = who.process.value();
    header.size = size;
    header.pid = os::process_number();
    who.name.copy(header.name, sizeof header.name);
}

std::string own_segment::name() const {
    if (!memory_) return {};
    const auto& name = as<layout::segment_header>().name;
    const std::string_view text(name, sizeof name);
    return std::string(text.substr(0, text.find('\0')));
}

bool own_segment::link(int directory, const std::string& name) {
    // sync[segment.state] release: everything written so far happens-before foreign_segment's acquire.
    as<layout::segment_header>().state.store(layout::segment_state::ready,
                                             std::memory_order_release);
    if (!os::link_unnamed(unnamed_.get(), directory, name)) return false;
    unnamed_.reset();
    return true;
}

void own_segment::mark_closed() noexcept {
    // sync[segment.state] release: our last borrow slot and our last message come before it.
    as<layout::segment_header>().state.store(layout::segment_state::closed,
                                             std::memory_order_release);
}

}  // namespace elkodon::segment
