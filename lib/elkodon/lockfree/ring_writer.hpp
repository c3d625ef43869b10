// The writing end of the broadcast ring: a message is written once, whatever the number of subscribers.
// The publisher alone writes ring, headers and tail, with plain stores.
// After a kill -9 between two stores of publish() the message is readable by its header, or not at all;
// the ring and every earlier message stay as they were.
#pragma once

#include <elkodon/layout/publisher_segment.hpp>
#include <elkodon/lockfree/pool.hpp>
#include <elkodon/lockfree/ring_word.hpp>

#include <span>

namespace elkodon::lockfree {

/// Works on a publisher's own segment. Owner thread.
class ring_writer {
public:
    ring_writer() noexcept = default;

    /// Fills an empty ring. `begin` is the segment, `tail` the first sequence (the ring's size, but for tests
    /// that begin just below a wrap).
    ring_writer(std::byte* begin,
                const layout::publisher_geometry& geometry,
                std::uint64_t tail) noexcept
        : segment_(reinterpret_cast<layout::publisher_segment*>(begin)),
          pool_(begin, geometry),
          mask_(geometry.ring_size - 1),
          last_byte_(sizeof(layout::chunk_header) + geometry.payload_size - 1),
          next_(tail) {
        for (std::uint64_t sequence = tail - geometry.ring_size; sequence != tail; ++sequence)
            // relaxed: nobody maps the segment before its state says ready.
            slot(sequence).store(pack(sequence, layout::no_chunk), std::memory_order_relaxed);
        segment_->first_sequence = tail;
        // relaxed: as above.
        segment_->tail.store(tail, std::memory_order_relaxed);
    }

    std::uint64_t next_sequence() const noexcept { return next_; }
    /// In which the next message was announced, or no_chunk.
    std::uint32_t announced() const noexcept { return announced_; }

    template <pools Pools = pools::one>
    std::byte* payload(std::uint32_t chunk) const noexcept {
        return reinterpret_cast<std::byte*>(&header<Pools>(chunk)) + sizeof(layout::chunk_header);
    }

    /// From here on messages go into `newest`; chunks of `older` may still be in the ring, or on loan. From then on
    /// everything is called with pools::many.
    void use(const pool& newest, std::span<const pool> older) noexcept {
        pool_ = newest;
        older_ = older;
    }

    /// Publishes `chunk` as the next message and announces `announced` for the one after it. Returns the
    /// chunk that left the ring, or no_chunk; it can't be taken any more, but may still be borrowed.
    ///
    /// The redirect comes first: once it is visible, who waits at the wrongly announced header goes to the
    /// slot. The header comes before tail and slot, so that whoever sees either finds it complete. What left
    /// the ring is marked at once, which fetches its line back one at a time; doing it before the scan
    /// would wait for all of them in one fence (p99 400 ns against 840 ns, measured).
    template <pools Pools = pools::one>
    std::uint32_t publish(std::uint32_t chunk,
                          std::uint32_t announced,
                          std::uint32_t length) noexcept {
        if (announced_ != layout::no_chunk && announced_ != chunk)
            // sync[ring.header] release: a reader that finds this goes on to the slot.
            header<Pools>(announced_).word.store(gone_word(next_), fenced_store);
        auto& mine = header<Pools>(chunk);
        // relaxed, both: ordered by the word, which is stored after them and re-read before them.
        mine.announced.store(announced, std::memory_order_relaxed);
        mine.length.store(length, std::memory_order_relaxed);
        // sync[ring.header] release: payload, announcement and length happen-before ring_reader's acquire.
        mine.word.store(header_word(next_), fenced_store);
        // sync[ring.tail] release: who reads this tail sees every header below it.
        segment_->tail.store(next_ + 1, std::memory_order_release);
        auto& place = slot(next_);
        // relaxed: only this thread writes it.
        const auto before = place.load(std::memory_order_relaxed);
        // sync[ring.slot] release: payload and header happen-before ring_reader's acquire.
        place.store(pack(next_, chunk), fenced_store);
        announced_ = announced;
        ++next_;
        // The end of a large message is a second miss for the reader; here it need not be one for us.
        if (last_byte_ > 128 && announced != layout::no_chunk)
            fetch_for_writing(reinterpret_cast<const std::byte*>(&header<Pools>(announced)) +
                              last_byte_);
        const auto left = chunk_in(before);
        if (left != layout::no_chunk) retire<Pools>(left);
        return left;
    }

    /// In a stream: brings the lines here that will be written soon, those of `loaned_soon` and of the chunk that leaves the
    /// ring a few messages from now. Stores commit in order, so their misses overlap only if they are asked for early:
    /// a stream is 1.4 to 2.4 × as fast with it. A message alone is slower: its reader polls one of these lines by then
    /// (1.02 × the floor instead of 0.80 ×, two cores of two caches; both measured).
    template <pools Pools = pools::one>
    void fetch_ahead(std::uint32_t loaned_soon) const noexcept {
        if (mask_ > ahead) {
            // relaxed: ours.
            const auto leaving = chunk_in(slot(next_ - 1 + ahead).load(std::memory_order_relaxed));
            if (leaving != layout::no_chunk) fetch_for_writing(&header<Pools>(leaving));
        }
        if (loaned_soon == layout::no_chunk) return;
        const auto* const first = reinterpret_cast<const std::byte*>(&header<Pools>(loaned_soon));
        fetch_for_writing(first);
        if (pool_.stride > 64) fetch_for_writing(first + 64);
    }

private:
    static constexpr std::uint64_t ahead = 16;

    // After the slot was overwritten; whoever scans has fenced since. Its message is the one that we have just lapped.
    template <pools Pools>
    void retire(std::uint32_t chunk) noexcept {
        // relaxed: ordered by the fence before the scan.
        header<Pools>(chunk).word.store(gone_word(next_ - 1 - ring_size()), fenced_relaxed);
    }

    template <pools Pools>
    layout::chunk_header& header(std::uint32_t chunk) const noexcept {
        if constexpr (Pools == pools::many)
            if (!pool_.holds(chunk)) [[unlikely]]
                return in_older(chunk);
        return *pool_.header(chunk);
    }
    layout::chunk_header& in_older(std::uint32_t chunk) const noexcept {
        for (const auto& each : older_)
            if (each.holds(chunk)) return *each.header(chunk);
        return *pool_.header(chunk);  // never: what is in use is in a pool that is kept
    }
    std::uint64_t ring_size() const noexcept { return mask_ + 1; }
    layout::ring_slot& slot(std::uint64_t sequence) const noexcept {
        return segment_->ring[sequence & mask_];
    }

    layout::publisher_segment* segment_ = nullptr;
    pool pool_;  // the newest
    std::span<const pool> older_;
    std::uint64_t mask_ = 0;
    std::uint64_t last_byte_ = 0;
    std::uint64_t next_ = 0;
    std::uint32_t announced_ = layout::no_chunk;
};

}  // namespace elkodon::lockfree
