// How a publisher's pools grow and go: see publisher_port.hpp. All chunks that are free belong to the newest; an older
// one goes with the last of its messages.
#include <elkodon/layout/pool_segment.hpp>
#include <elkodon/port/publisher_port.hpp>
#include <elkodon/service/properties.hpp>

#include <bit>
#include <numeric>

namespace elkodon::port {

std::uint64_t publisher_port::memory_size() const noexcept {
    return std::accumulate(files_.begin(), files_.end(), segment_.size(),
                           [](auto sum, const auto& file) { return sum + file.memory.size(); });
}

// All that can fail happens here, before anything of a message is stored.
bool publisher_port::make_room(std::uint64_t length, status& ec) noexcept {
    const auto most = longest_slice(type());
    ec = {};
    if (forked()) ec = errc::forked;
    else if (settings_.allocation == allocation_strategy::fixed || length > most)
        ec = errc::slice_too_long;
    else if (!pool_.loans_left()) ec = errc::loans_exhausted;
    if (ec) return false;
    const auto room = settings_.allocation == allocation_strategy::best_fit
                          ? length
                          : std::min(std::bit_ceil(length), most);
    std::error_code failure;
    without_throwing(failure, [&] {
        grow(static_cast<std::uint32_t>(room));
        return true;
    });
    ec = status::from(failure);
    return !failure;
}

// Whatever throws does so before the file has its name; from there on nothing fails.
void publisher_port::grow(std::uint32_t room) {
    const auto doing = "make a further pool for a publisher of " + service().title();
    const auto& details = type();
    const auto chunks = geometry_for(service().configuration(), room).chunk_count;
    const auto& newest = files_.back().pool;
    const auto first = std::uint64_t{newest.first} + newest.count;
    if (first + chunks >= layout::no_chunk)
        throw error(errc::chunks_exhausted, doing + ": all chunk numbers were used");
    auto geometry = layout::pool_geometry_of(chunks, details.size * room, details.alignment,
                                             service::prefix_of(service().configuration()));
    geometry.room = room;

    pool_file made;
    made.entry = free_entry();
    made.name = service::pool_name(slot_, id_, static_cast<std::uint32_t>(first));
    made.memory = segment::own_segment(service().descriptor(),
                                       {layout::segment_kind::pool, id_, service().process().id()},
                                       geometry.total, doing, paging_);
    made.pool = lockfree::pool(made.memory.data(), geometry, static_cast<std::uint32_t>(first));
    auto& pool = made.memory.as<layout::pool_segment>();
    pool.first_chunk = made.pool.first;
    pool.chunk_count = made.pool.count;
    pool.payload_size = details.size * room;
    const auto oldest = files_.front().pool.first;
    const auto loans =
        static_cast<std::uint32_t>(service().configuration()[service::key::max_loaned]);
    std::vector<std::uint32_t> book(
        lockfree::chunk_pool::memory_words(made.pool.first + chunks - oldest, loans));
    files_.reserve(files_.size() + 1);
    older_.reserve(files_.size());
    if (!made.memory.link(service().descriptor(), made.name))
        throw error(errc::invalid_segment, doing + ": \"" + made.name + "\" exists already");

    auto& layout = segment_.as<layout::publisher_segment>();
    // sync[publisher.pools] release: the file is complete and has its name.
    layout.pools[made.entry].first_chunk.store(made.pool.first, std::memory_order_release);
    // relaxed: a figure for tools.
    layout.pool_count.fetch_add(1, std::memory_order_relaxed);
    // sync[publisher.known_from] release: the entry was visible before.
    pool.known_from.store(service().bump_generation(), std::memory_order_release);
    files_.back().in_use = files_.back().pool.count - pool_.free_count();
    pool_.grow(book, oldest, made.pool.first, chunks);
    pool_memory_.swap(book);
    files_.push_back(std::move(made));
    room_ = room;
    rebuild_older();
    release_pools();
}

// One that is 0; when none is, older pools are asked to go first.
std::uint32_t publisher_port::free_entry() {
    const auto find = [&] {
        std::uint32_t entry = 1;
        while (entry < layout::max_pools &&
               std::any_of(
                   files_.begin(), files_.end(),
                   [&](const auto& file) { return file.memory && file.entry == entry; }))
            ++entry;
        return entry;
    };
    auto entry = find();
    status ec;
    if (entry == layout::max_pools && scan(ec)) entry = find();
    if (ec) throw error(ec.code(), "look for who borrows from older pools");
    if (entry == layout::max_pools)
        throw error(errc::chunks_exhausted,
                    "make a further pool: older ones are all in use;" + who_pins());
    return entry;
}

// After what was out came back. Of the chunks in the ring, on loan or borrowed, these were some.
void publisher_port::forget_older_chunks() noexcept {
    if (forked()) return;
    pool_.forget_older(files_.back().pool.first, [&](std::uint32_t chunk) {
        for (auto& file : files_)
            if (file.pool.holds(chunk)) --file.in_use;
    });
    release_pools();
}

// What is in use nowhere goes, but where the next message was announced the redirect is still to be written.
void publisher_port::release_pools() noexcept {
    const auto before = files_.size();
    for (std::size_t i = 0; i + 1 < files_.size();) {
        auto& file = files_[i];
        if (file.in_use != 0 || file.pool.holds(ring_.announced())) {
            ++i;
            continue;
        }
        unlink(file);
        files_.erase(files_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (files_.size() != before) rebuild_older();
}

// Subscribers let go of their mappings when they see the generation; nobody borrows from it.
void publisher_port::unlink(pool_file& file) noexcept {
    if (!file.memory) return;
    auto& entry = segment_.as<layout::publisher_segment>().pools[file.entry];
    // sync[publisher.pools] release: the last message of it has left the ring.
    entry.first_chunk.store(0, std::memory_order_release);
    os::unlink_if(service().descriptor(), file.name, file.memory.file());
    service().bump_generation();
}

void publisher_port::rebuild_older() noexcept {
    older_.clear();
    for (std::size_t i = 0; i + 1 < files_.size(); ++i) older_.push_back(files_[i].pool);
    ring_.use(files_.back().pool, older_);
}

}  // namespace elkodon::port
