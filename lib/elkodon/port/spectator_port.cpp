// See spectator_port.hpp.
#include <elkodon/base/error.hpp>
#include <elkodon/layout/control_page.hpp>
#include <elkodon/lockfree/ring_word.hpp>
#include <elkodon/port/checked_geometry.hpp>
#include <elkodon/port/spectator_port.hpp>
#include <elkodon/service/discovery.hpp>
#include <elkodon/service/files.hpp>
#include <elkodon/service/names.hpp>
#include <elkodon/service/properties.hpp>

#include <algorithm>
#include <cstring>

namespace elkodon::port {
namespace {

os::fd open_service(const configuration& config,
                    const service::static_configuration& wanted,
                    const std::string& doing) {
    const auto domain = service::existing_domain(config);
    if (!domain) throw error(errc::service_not_found, doing);
    const auto name = service::encode_name(wanted.name, doing) + domain->suffix_of(wanted.pattern);
    auto directory = os::open_directory(domain->services.get(), name);
    if (!directory) throw error(errc::service_not_found, doing);
    return directory;
}

}  // namespace

spectator_port::spectator_port(const configuration& config,
                               const service::static_configuration& wanted) {
    const auto doing = "look at " + service::in_quotes(wanted.name);
    directory_ = open_service(config, wanted, doing);
    owner_ = os::facts_of(directory_.get(), doing).owner;
    const auto file = os::open_file(directory_.get(), service::configuration_name, false);
    if (!file) throw error(errc::service_not_found, doing);
    const auto found =
        service::from_toml(os::read_text(file.get(), 64 * 1024, doing), wanted, doing);
    service::check_compatible(wanted, found, doing);
    type_ = found.type;
    prefix_ = service::prefix_of(found);
    control_ = segment::foreign_segment::map(directory_.get(), service::control_name,
                                             layout::segment_kind::control, os::access::read,
                                             sizeof(layout::control_page), owner_);
    if (control_.why_absent() == segment::absence::our_failure)
        throw error(control_.failure(), doing);
    if (control_.why_absent() == segment::absence::other_layout)
        throw error(errc::incompatible_layout, doing);
    if (!control_) throw error(errc::invalid_segment, doing + ": its control page");
}

bool spectator_port::receive(std::byte* into) noexcept {
    // sync[control.generation] acquire: names that were made before the bump are visible.
    const auto generation =
        control_.as<layout::control_page>().generation.load(std::memory_order_acquire);
    if (generation != generation_) {
        std::error_code failure;
        // On a failure of our own the next look tries again.
        if (without_throwing(failure, [&] { return refresh(), true; })) generation_ = generation;
    }
    for (std::size_t tried = 0; tried < publishers_.size(); ++tried) {
        if (turn_ >= publishers_.size()) turn_ = 0;
        if (take(*publishers_[turn_++], into)) return true;
    }
    std::erase_if(publishers_, [](const auto& each) { return !each->named; });
    return false;
}

// Who has lost its name stays until an empty look.
void spectator_port::refresh() {
    for (auto& each : publishers_) each->named = false;
    for (const auto& entry : os::list_directory(directory_.get())) {
        const auto slot = service::slot_of(service::port_kind::publisher, entry.name);
        if (!slot) continue;
        const auto known =
            std::find_if(publishers_.begin(), publishers_.end(), [&](const auto& each) {
                return each->slot == *slot && each->memory.file().inode == entry.inode;
            });
        if (known != publishers_.end()) {
            (*known)->named = true;
            continue;
        }
        auto memory = segment::foreign_segment::map(
            directory_.get(), entry.name, layout::segment_kind::publisher, os::access::read,
            sizeof(layout::publisher_segment), owner_);
        if (memory.why_absent() == segment::absence::our_failure)
            throw error(memory.failure(), "map a publisher");
        if (!memory) continue;
        const auto geometry = checked_geometry(memory, type_, prefix_);
        if (!geometry) continue;
        const auto& layout = memory.as<layout::publisher_segment>();
        auto made = std::make_unique<publisher>();
        made->pool = lockfree::pool(memory.data(), *geometry);
        made->mask = geometry->ring_size - 1;
        made->slot = *slot;
        // sync[ring.tail] acquire: every header below it.
        const auto tail = layout.tail.load(std::memory_order_acquire);
        const auto history = std::min<std::uint64_t>(layout.history, geometry->ring_size);
        made->position = std::max(layout.first_sequence, tail - std::min(tail, history));
        made->memory = std::move(memory);
        publishers_.push_back(std::move(made));
    }
}

// Each turn of the loop goes on by at least one message, and a publisher can't say more than its ring holds.
bool spectator_port::take(publisher& from, std::byte* into) noexcept {
    const auto& layout = from.memory.as<layout::publisher_segment>();
    for (std::uint64_t looks = 0; looks <= from.mask + 1; ++looks) {
        // sync[ring.tail] acquire: every header below it.
        const auto tail = layout.tail.load(std::memory_order_acquire);
        const auto behind = lockfree::distance(tail, from.position);
        if (behind <= 0) return false;
        if (static_cast<std::uint64_t>(behind) > from.mask + 1) {
            lost_ += static_cast<std::uint64_t>(behind) - (from.mask + 1);
            from.position = tail - (from.mask + 1);
        }
        // sync[ring.slot] acquire: payload and header of the message in it.
        const auto slot = layout.ring[from.position & from.mask].load(std::memory_order_acquire);
        const auto due = from.position & lockfree::low_40;
        // The tail has gone on, the slot not yet.
        if (lockfree::number_in(slot) == ((from.position - from.mask - 1) & lockfree::low_40))
            return false;
        const bool taken = lockfree::number_in(slot) == due && copy(from, slot, into);
        ++from.position;
        if (taken) return true;
        ++lost_;
    }
    return false;
}

// As a sequence lock: a chunk is written again only after its word was marked gone and a full fence.
bool spectator_port::copy(const publisher& from,
                          std::uint64_t slot,
                          std::byte* into) const noexcept {
    const auto chunk = lockfree::chunk_in(slot);
    if (!from.pool.holds(chunk)) return false;
    const auto* const header = from.pool.header(chunk);
    const auto expected = lockfree::header_word(from.position);
    // sync[ring.header] acquire: the payload.
    if (header->word.load(std::memory_order_acquire) != expected) return false;
    std::memcpy(into, reinterpret_cast<const std::byte*>(header + 1), type_.size);
    // What was copied comes before the second look at the word.
    std::atomic_thread_fence(std::memory_order_acquire);
    // relaxed: ordered by the fence.
    return header->word.load(std::memory_order_relaxed) == expected;
}

}  // namespace elkodon::port
