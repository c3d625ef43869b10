// The further pools of publishers of slices, as a subscriber maps them: see subscriber_port.hpp. All that are named when
// the generation has changed, before we say that we have seen it; one that we meet earlier at once.
#include <elkodon/base/untrusted.hpp>
#include <elkodon/layout/pool_segment.hpp>
#include <elkodon/port/subscriber_port.hpp>
#include <elkodon/service/properties.hpp>

namespace elkodon::port {
namespace {

// What the file says of itself, each number read once and checked against the others and its size.
std::optional<lockfree::pool> checked_pool(
    const segment::foreign_segment& memory,
    std::uint32_t first,
    const service::static_configuration& configuration) noexcept {
    const auto& type = configuration.type;
    const auto& layout = memory.as<layout::pool_segment>();
    const auto chunks = untrusted(layout.chunk_count).within(1, layout::no_chunk - 1);
    const auto payload = untrusted(layout.payload_size).within(type.size, layout::largest_payload);
    if (!chunks || !payload || *payload % type.size != 0 || layout.first_chunk != first)
        return std::nullopt;
    const auto room = untrusted(*payload / type.size).within(1, ~std::uint32_t{0});
    auto geometry = layout::pool_geometry_of(*chunks, *payload, type.alignment,
                                             service::prefix_of(configuration));
    if (!room || memory.size() != geometry.total || *chunks > layout::no_chunk - first)
        return std::nullopt;
    geometry.room = static_cast<std::uint32_t>(*room);
    return lockfree::pool(memory.data(), geometry, first);
}

// The first chunk of the pool in this entry; 0: there is none, or its number cannot be.
std::uint32_t first_chunk_in(const layout::pool_entry& entry) noexcept {
    // sync[publisher.pools] acquire: the file is complete and has its name.
    const auto first = entry.first_chunk.load(std::memory_order_acquire);
    return untrusted(first).below(layout::no_chunk).value_or(0);
}

bool names(const layout::publisher_segment& publisher, std::uint32_t first) noexcept {
    for (std::uint32_t entry = 1; entry < layout::max_pools; ++entry)
        if (first_chunk_in(publisher.pools[entry]) == first) return true;
    return false;
}

}  // namespace

// Nothing is skipped for a failure of our own. Where there is no such pool, the message has left the ring since, or its
// publisher says impossible things.
borrowed subscriber_port::meet_pool(borrow& slot, publisher_peer& peer, status& ec) noexcept {
    if (const auto failure = map_pools(peer)) {
        ec = status::from(failure);
        return {};
    }
    const auto found = peer.reader.take(*slot.word, slot.message);
    ec = {};
    if (found == lockfree::look::taken)
        return peer.cursor ? hand_out_lossless(slot, peer, ec) : hand_out(slot, peer);
    if (found == lockfree::look::unmapped) peer.reader.skip();
    ec = errc::overtaken;  // look again
    return {};
}

std::error_code subscriber_port::map_pools(publisher_peer& peer) noexcept {
    std::error_code failure;
    drop_unnamed_pools(peer);
    try {
        map_named_pools(peer, failure);
    } catch (...) {
        failure = std::make_error_code(std::errc::not_enough_memory);
    }
    peer.reader.use(peer.pools);
    return failure;
}

void subscriber_port::map_named_pools(publisher_peer& peer, std::error_code& failure) {
    for (std::uint32_t entry = 1; entry < layout::max_pools; ++entry) {
        const auto first = first_chunk_in(peer.layout().pools[entry]);
        const auto same = [&](const auto& pool) { return pool.first == first; };
        if (first == 0 || std::any_of(peer.pools.begin(), peer.pools.end(), same)) continue;
        auto memory = segment::foreign_segment::map(
            service().descriptor(), service::pool_name(peer.slot, peer.id, first),
            layout::segment_kind::pool, os::access::read, sizeof(layout::pool_segment),
            std::nullopt, paging_);
        if (memory.why_absent() == segment::absence::our_failure) failure = memory.failure();
        if (!memory || memory.port() != peer.id) continue;
        const auto pool = checked_pool(memory, first, service().configuration());
        if (!pool) continue;
        peer.pool_files.reserve(peer.pool_files.size() + 1);
        peer.pools.push_back(*pool);
        peer.pool_files.push_back(std::move(memory));
    }
}

// What its publisher has released, unless a sample of ours lies in it: a publisher that dies releases nothing.
void subscriber_port::drop_unnamed_pools(publisher_peer& peer) noexcept {
    for (std::size_t i = 0; i < peer.pool_files.size();) {
        if (names(peer.layout(), peer.pools[i + 1].first) || borrows_from(peer.pool_files[i])) {
            ++i;
            continue;
        }
        peer.pools.erase(peer.pools.begin() + static_cast<std::ptrdiff_t>(i + 1));
        peer.reader.use(peer.pools);
        peer.pool_files.erase(peer.pool_files.begin() + static_cast<std::ptrdiff_t>(i));
    }
}

bool subscriber_port::borrows_from(const segment::foreign_segment& pool) const noexcept {
    for (std::uint32_t i = 0; i < borrow_count_; ++i) {
        // sync[borrow.copies] acquire: let_go's release; the reader has finished with the mapping.
        if (borrows_[i].copies.load(std::memory_order_acquire) == 0) continue;
        const auto* const payload = borrows_[i].message.payload;
        if (payload >= pool.data() && payload < pool.data() + pool.size()) return true;
    }
    return false;
}

}  // namespace elkodon::port
