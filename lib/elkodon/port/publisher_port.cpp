// See publisher_port.hpp.
#include <elkodon/port/publisher_port.hpp>
#include <elkodon/service/properties.hpp>

#include <bit>

namespace elkodon::port {
namespace {

constexpr peer_kind subscribers{service::port_kind::subscriber, layout::segment_kind::subscriber,
                                offsetof(layout::subscriber_segment, borrowed)};

// A scan costs a fence and a line for each subscriber: with 8 it serves at least 8 messages, and with 64 small
// ones a lone message hardly ever meets one (1.06 × the floor instead of 1.27 ×, measured). 64 KiB at most.
std::uint64_t slack_for(const type_details& type) noexcept {
    const auto stride = layout::publisher_geometry_of(2, 1, type.size, type.alignment).stride;
    return std::clamp<std::uint64_t>(64 * 1024 / stride, 8, 64);
}

namespace key = service::key;

std::uint64_t ring_size_for(const service::static_configuration& configuration) noexcept {
    return std::bit_ceil(std::max(
        {configuration[key::buffer_size], configuration[key::history_size], std::uint64_t{2}}));
}

// At most 2^34: the properties have bounds.
std::uint64_t chunks_for(const service::static_configuration& configuration) noexcept {
    return ring_size_for(configuration) + configuration[key::max_loaned] +
           configuration[key::max_subscribers] * configuration[key::max_borrowed] + 1 +
           slack_for(configuration.type);
}

}  // namespace

layout::publisher_geometry geometry_for(const service::static_configuration& configuration) noexcept {
    const auto chunks = std::min(chunks_for(configuration), std::uint64_t{layout::no_chunk});
    return layout::publisher_geometry_of(static_cast<std::uint32_t>(ring_size_for(configuration)),
                                         static_cast<std::uint32_t>(chunks),
                                         configuration.type.size, configuration.type.alignment);
}

publisher_port::publisher_port(std::shared_ptr<service::service_directory> service,
                               std::uint64_t first_sequence)
    : service_(std::move(service)),
      id_(os::random_number()),
      fork_generation_(os::fork_generation()),
      waker_(service_, subscribers, service_->configuration()[service::key::max_subscribers]),
      borrow_count_(
          static_cast<std::uint32_t>(service_->configuration()[service::key::max_borrowed])) {
    const auto& configuration = service_->configuration();
    const auto doing = "create a publisher of " + service_->title();
    if (!service_->process().ours()) throw error(errc::forked, doing);
    const auto geometry = geometry_for(configuration);
    if (geometry.chunk_count >= layout::no_chunk)
        throw error(errc::invalid_value, doing, "chunks (ring + loans + all borrowed samples)",
                    "below " + std::to_string(layout::no_chunk),
                    std::to_string(chunks_for(configuration)));
    const auto loans = static_cast<std::uint32_t>(configuration[service::key::max_loaned]);
    pool_memory_.resize(lockfree::chunk_pool::memory_words(geometry.chunk_count, loans));
    pool_ = lockfree::chunk_pool(pool_memory_, geometry.chunk_count, loans);
    segment_ = segment::own_segment(
        service_->descriptor(), {layout::segment_kind::publisher, id_, service_->process().id()},
        geometry.total, doing);
    auto& layout = segment_.as<layout::publisher_segment>();
    layout.ring_size = geometry.ring_size;
    layout.history = static_cast<std::uint32_t>(configuration[service::key::history_size]);
    layout.payload_size = geometry.payload_size;
    layout.pools[0] = {
        0, geometry.chunk_count, geometry.pool_offset, geometry.stride, geometry.payload_offset, 0};
    layout.pool_count = 1;
    ring_ = lockfree::ring_writer(segment_.data(), geometry,
                                  first_sequence ? first_sequence : geometry.ring_size);
    slot_ = service_->claim(service::port_kind::publisher, segment_, service::key::max_publishers);
    // sync[publisher.known_from] release: the name was visible before.
    layout.known_from.store(service_->bump_generation(), std::memory_order_release);
    // Connect before the first send: our death between publishing and ringing is then noticed.
    if (const auto failure = refresh()) {
        segment_.mark_closed();
        service_->release(service::port_kind::publisher, slot_, segment_.file());
        throw error(failure, doing + ": map its subscribers");
    }
}

publisher_port::~publisher_port() = default;

void publisher_port::abandon(publisher_port* port) noexcept {
    if (port->fork_generation_ == os::fork_generation()) port->end();
    port->abandoned_ = true;
    if (port->pool_.loan_count() == 0) delete port;
}

// The name goes now, unless a living subscriber has yet to map what we sent: then who maps it removes it.
void publisher_port::end() noexcept {
    segment_.mark_closed();
    service_->bump_generation();
    wake();
    service_->clean_up();
}

std::error_code publisher_port::refresh() noexcept {
    return waker_.refresh([&](segment::foreign_segment memory,
                              std::uint32_t slot) -> std::unique_ptr<subscriber_peer> {
        // Our own number of borrow slots, never the peer's claim: it only has to have room for them.
        if (memory.size() < layout::subscriber_segment_size(borrow_count_)) return nullptr;
        auto made = std::make_unique<subscriber_peer>();
        made->memory = std::move(memory);
        made->slot = slot;
        return made;
    });
}

void publisher_port::wake() noexcept {
    // sync[fence.wake] seq_cst: our message, then the generation; a newcomer bumps it, then looks at the data.
    full_fence();
    if (waker_.out_of_date()) incomplete_ = static_cast<bool>(refresh());
    waker_.wake();
}

// Every chunk that left the ring was marked gone before. A subscriber that takes one all the same has stored
// its borrow slot before our fence, and the scan finds it; else its re-read finds the mark. While a newcomer
// can't be mapped, nothing is freed: it may hold any chunk.
bool publisher_port::reclaim(status& ec) noexcept {
    if (incomplete_) wake();
    if (!scan(ec)) return false;
    if (pool_.free_count() > 0) return true;
    // Only the dead can hold more than their share: whoever has ended lets go.
    service_->clean_up();
    if (!scan(ec)) return false;
    if (pool_.free_count() == 0) ec = errc::chunks_exhausted;
    return pool_.free_count() > 0;
}

// Frees what nobody borrows; false, with our own failure, when we don't know everybody.
bool publisher_port::scan(status& ec) noexcept {
    full_fence();  // sync[fence.borrow] seq_cst: the marks of what left the ring, then the borrow slots
    if (waker_.out_of_date()) {
        if (const auto failure = refresh()) {
            ec = status::from(failure);
            return false;
        }
    }
    pool_.begin_scan();
    for (const auto& peer : waker_.peers()) {
        const auto* borrowed = peer->layout().borrowed;
        for (std::uint32_t i = 0; i < borrow_count_; ++i) {
            // sync[borrow.slot] acquire: what the subscriber read happens-before our reuse.
            const auto word = borrowed[i].load(fenced_load);
            if (lockfree::number_in(word) == (id_.value() & lockfree::low_40))
                pool_.borrowed(lockfree::chunk_in(word));
        }
    }
    pool_.finish_scan();
    return true;
}

std::string publisher_port::who_pins() const {
    std::string names;
    for (const auto& peer : const_cast<publisher_port*>(this)->waker_.peers()) {
        std::uint32_t held = 0;
        for (std::uint32_t i = 0; i < borrow_count_; ++i) {
            // relaxed: for a message only.
            const auto word = peer->layout().borrowed[i].load(std::memory_order_relaxed);
            if (lockfree::number_in(word) == (id_.value() & lockfree::low_40)) ++held;
        }
        if (held > 0)
            names += " process " + std::to_string(peer->memory.pid()) + " holds " +
                     std::to_string(held) + ";";
    }
    return names;
}

}  // namespace elkodon::port
