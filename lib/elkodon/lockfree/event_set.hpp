// A listener's event set: the ids that were rung, and how often, where the listener counts.
// Every notifier rings, the listener alone takes. After a kill -9 between a count and its id the count goes to the
// next ring of that id; between leaf and summary, see bit_tree.
//
// An id that was counted up is taken with a count of at least one, exactly once for each ring:
//
// | who      | does, in this order                                                             |
// |----------|---------------------------------------------------------------------------------|
// | notifier | adds 1 to the count; sets the leaf's bit, then the summary's, or sees both set    |
// | listener | clears summary and leaf; takes the count of each id found; drops an id that has 0 |
//
// 0 with the bit set: the listener came between a notifier's two steps for an earlier bit of the same id, and has
// reported that ring already. Both steps are read-modify-writes, so whoever set the bit late has not been missed:
// models/event_count.pml.
#pragma once

#include <elkodon/base/untrusted.hpp>
#include <elkodon/layout/event_segments.hpp>
#include <elkodon/lockfree/bit_tree.hpp>

#include <algorithm>

namespace elkodon::lockfree {

/// The count at which counting stops. Far enough from the end of the word for every notifier's last step.
inline constexpr std::uint32_t most_rings = 1U << 31;

/// Works on a segment that lies elsewhere. What it reads is untrusted: an id out of range is dropped.
class event_set {
public:
    event_set() noexcept = default;

    /// `bytes` is the segment's size, and enough for `ids` without counts. A segment that says it counts, and has no
    /// room for it, doesn't.
    event_set(layout::event_set_segment& set, std::uint64_t bytes, std::uint32_t ids) noexcept
        : bits_({set.words, layout::summary_count(ids)},
                {set.words + layout::summary_count(ids), layout::leaf_count(ids)}),
          ids_(ids) {
        if (read_once(set.counting) == 0 || bytes < layout::event_set_size(ids, true)) return;
        auto* const counts = reinterpret_cast<std::byte*>(&set) + layout::counts_offset(ids);
        counts_ = {reinterpret_cast<atomic<std::uint32_t>*>(counts), ids};
    }

    bool counting() const noexcept { return !counts_.empty(); }

    /// Rings `id`. Any thread. A full fence stands between what the caller published and this call.
    void ring(std::uint64_t id) noexcept {
        if (id >= ids_) return;
        if (counting()) count(counts_[id]);
        bits_.mark(id);
    }

    /// Whether anything was rung. Owner thread.
    bool any() const noexcept { return bits_.any(); }

    /// Takes all ids and calls `found(id, times)` for each, in order; times is 1 where nobody counts. `also_hidden`:
    /// without asking the summary, after a death. Owner thread.
    template <class Found>
    void take(bool also_hidden, Found&& found) noexcept {
        const auto one = [&](std::size_t id) {
            if (id >= ids_) return;
            if (!counting()) return found(id, std::uint32_t{1});
            // sync[event.count] seq_cst: taken after the leaf was cleared; see count().
            const auto times = counts_[id].exchange(0, std::memory_order_seq_cst);
            if (times != 0) found(id, std::min(times, most_rings));
        };
        if (also_hidden) bits_.take_all(one);
        else bits_.take(one);
    }

private:
    // Writes in any case, also when it adds nothing: whoever takes the count then has seen what we published.
    static void count(atomic<std::uint32_t>& times) noexcept {
        // relaxed: a guess; as many notifiers as there are may add one too many, which most_rings leaves room for.
        const bool full = times.load(std::memory_order_relaxed) >= most_rings;
        // Taken since we found it full: without this the listener would drop our ring.
        if (add(times, full ? 0 : 1) == 0 && full) add(times, 1);
    }
    static std::uint32_t add(atomic<std::uint32_t>& times, std::uint32_t more) noexcept {
        // sync[event.count] seq_cst: before the leaf's bit is set, or seen set. The listener clears the leaf, then
        // takes the count: it takes this ring with that, or finds the bit once more.
        return times.fetch_add(more, std::memory_order_seq_cst);
    }

    bit_tree bits_;
    std::span<atomic<std::uint32_t>> counts_;
    std::uint32_t ids_ = 0;
};

}  // namespace elkodon::lockfree
