// The reading end of the broadcast ring: one subscriber's place in one publisher's ring.
// It writes nothing but the subscriber's own borrow slots; ring, headers and tail are read once, checked,
// and then used. After a kill -9 of the publisher everything that it had published stays readable.
//
// Taking is a hazard pointer: store the chunk into a borrow slot, full fence, read again the word by which
// one came. Unchanged: the publisher had not retired the chunk before the fence, so its scan, which comes
// after its own fence, sees the borrow slot. Changed: overtaken; clear the slot and look again.
#pragma once

#include <elkodon/layout/publisher_segment.hpp>
#include <elkodon/layout/subscriber_segment.hpp>
#include <elkodon/lockfree/pool.hpp>
#include <elkodon/lockfree/ring_word.hpp>

#include <algorithm>
#include <span>

namespace elkodon::lockfree {

/// What a look at the ring found. `overtaken` forbids sleeping: the publisher lapped us twice in one look. `unmapped`:
/// the message is in a pool that isn't known here; see use() and skip().
enum class look { empty, taken, overtaken, unmapped };

/// A message that a borrow slot protects.
struct taken_message {
    const std::byte* payload = nullptr;
    std::uint64_t sequence = 0;
    std::uint32_t length = 0;  // in elements: the publisher's claim
    std::uint32_t room = 0;    // how many its chunk can hold
};

/// Which of the messages that take_many() looked at it has got.
struct batch {
    std::size_t first = 0;
    std::size_t last = 0;
};

/// Which re-reads are left out: only a test that shows what they are for says anything but `none`.
enum class left_out { none, header_reread, slot_reread };

/// One at a time.
template <left_out Mutant = left_out::none>
class basic_ring_reader {
public:
    basic_ring_reader() noexcept = default;

    /// `begin` is a publisher's segment whose header and geometry have been checked. `publisher` is its port
    /// id. See start_with_history() and start_with_first() for where it begins: at the head.
    basic_ring_reader(const std::byte* begin,
                      const layout::publisher_geometry& geometry,
                      std::uint64_t publisher) noexcept
        : segment_(reinterpret_cast<const layout::publisher_segment*>(begin)),
          pool_(begin, geometry),
          mask_(geometry.ring_size - 1),
          publisher_(publisher),
          position_(tail()),
          joined_(position_) {}

    /// We come after the publisher: begins with its newest `history` messages that are still there.
    void start_with_history(std::uint64_t history) noexcept {
        const auto sent = joined_ - segment_->first_sequence;
        position_ = joined_ - std::min({history, ring_size(), sent});
        if (sent > 0) learn_announcement_after(position_ - 1);
    }

    /// The publisher came after us: every message of its counts.
    void start_with_first() noexcept { position_ = joined_ = segment_->first_sequence; }

    std::uint64_t position() const noexcept { return position_; }
    /// The sequence from which on loss counts.
    std::uint64_t joined() const noexcept { return joined_; }
    std::uint64_t ring_size() const noexcept { return mask_ + 1; }

    /// All pools of the publisher that are mapped here, from now on until the next call: for publishers that may have
    /// more than one. An announcement into another one is dropped.
    void use(std::span<const pool> mapped) noexcept {
        pools_ = mapped;
        const auto same = [&](const pool& each) { return each.first == pool_.first; };
        if (std::none_of(mapped.begin(), mapped.end(), same)) pool_ = mapped.front();
        if (announced_at_) announce(announced_);
    }

    /// Lets go of all but the newest `most` messages: what goes is lost.
    void keep_newest(std::uint64_t most) noexcept {
        const auto end = tail();
        if (distance(end, position_) > static_cast<std::int64_t>(most)) skip_to(end - most);
    }

    /// After `unmapped`, when there is no such pool: goes on behind that message.
    void skip() noexcept { resynchronise(); }

    /// Messages that were published after we joined and overwritten before we took them. Exact.
    std::uint64_t lost() const noexcept { return lost_; }

    /// After the publisher's death: what is in the slot counts even if the announced header is empty.
    void publisher_died() noexcept {
        last_look_ = true;
        if (!announced_at_) learn_announcement_after(position_ - 1);
    }

    /// Whether take() would find something, by header, slot and tail. Writes nothing but its own place.
    bool has_news() const noexcept {
        if (announced_at_) {
            // sync[ring.header] acquire: as in take(), and with its answers.
            const auto found = announced_at_->word.load(fenced_load);
            if (found == header_word(position_)) return true;
            if (sequence_in(found) < position_ && !last_look_) return lapped();
        }
        // sync[ring.slot] acquire: as in take().
        const auto number = number_in(slot(position_).load(fenced_load));
        if (number == (position_ & low_40)) return true;
        // Another lap's, or nonsense: news only if the tail says that there is something to go on with.
        const auto ahead = distance(tail(), position_);
        return number == ((position_ - ring_size()) & low_40)
                   ? ahead > static_cast<std::int64_t>(ring_size())
                   : ahead > 0;
    }

    /// Takes the next message into `borrow`, a free borrow slot of ours, or says that there is none.
    look take(layout::borrow_slot& borrow, taken_message& message) noexcept {
        for (int attempt = 0; attempt < 2; ++attempt) {
            switch (look_by_header(borrow, message)) {
                case step::taken: return look::taken;
                case step::empty:
                    if (++empty_looks_ % 1024 != 0 || !lapped()) return look::empty;
                    break;
                default: break;
            }
            switch (look_by_slot(borrow, message)) {
                case step::taken: return look::taken;
                case step::unmapped: return look::unmapped;
                case step::empty:
                    if (++empty_looks_ % 1024 != 0 || !lapped()) return look::empty;
                    break;
                case step::elsewhere: break;
            }
            if (!resynchronise()) return look::empty;
        }
        return look::overtaken;
    }

    /// Takes up to `borrows.size()` messages that are there, oldest first, with one fence for all: messages
    /// first … last − 1, each in the borrow slot of the same index. Behind the head go by the slots, eight
    /// of which share a line, so that the loads of the chunks overlap.
    batch take_many(std::span<layout::borrow_slot* const> borrows,
                    std::span<taken_message> messages) noexcept {
        std::size_t count = 0;
        for (; count < borrows.size(); ++count) {
            const auto due = position_ + count;
            // sync[ring.slot] acquire: as in take().
            const auto word = slot(due).load(std::memory_order_acquire);
            const auto chunk = chunk_in(word);
            if (number_in(word) != (due & low_40) || !pool_.holds(chunk)) break;
            // sync[borrow.slot] release: with the fence below; see protect().
            borrows[count]->store(pack(publisher_, chunk), fenced_store);
        }
        if (count == 0) return {};
        full_fence();  // sync[fence.borrow] seq_cst: all borrow slots above, all re-reads below; see protect().
        return keep_unchanged(borrows.first(count), messages);
    }

private:
    enum class step { empty, taken, elsewhere, unmapped };

    static constexpr bool rereads_header = Mutant != left_out::header_reread;
    static constexpr bool rereads_slot = Mutant != left_out::slot_reread;

    // As if we had taken message `sequence`: should its publisher die between the stores of the next one, we end
    // on the same message as everybody else. Nothing protects the chunk here; but before it is written anew
    // it is marked gone, and a full fence of the publisher's stands between the mark and the new
    // announcement: who reads that one finds the mark, or a later word, when he reads again.
    void learn_announcement_after(std::uint64_t sequence) noexcept {
        // sync[ring.slot] acquire: as in take().
        const auto word = slot(sequence).load(std::memory_order_acquire);
        const auto chunk = chunk_in(word);
        const auto* const in = find(chunk);
        if (number_in(word) != (sequence & low_40) || !in) return;
        const auto& found = *in->header(chunk);
        // sync[ring.header] acquire: as in take().
        if (found.word.load(std::memory_order_acquire) != header_word(sequence)) return;
        // relaxed: between the two loads of the word.
        const auto next = found.announced.load(fenced_relaxed);
        full_fence();  // sync[fence.borrow] seq_cst: the announcement, then the mark
        // sync[ring.header] acquire: unchanged, so the announcement was that of this message.
        if (found.word.load(fenced_load) == header_word(sequence)) announce(next);
    }

    step look_by_header(layout::borrow_slot& borrow, taken_message& message) noexcept {
        if (!announced_at_) return step::elsewhere;
        const auto& word = announced_at_->word;
        // sync[ring.header] acquire: the publisher's release store; payload and length are visible with it.
        const auto found = word.load(std::memory_order_acquire);
        if (found == header_word(position_)) {
            if (protect<rereads_header>(borrow, announced_, word, found)) {
                accept(*announced_at_, announced_room_, message);
                return step::taken;
            }
            return step::elsewhere;
        }
        // The word of a chunk only grows: a smaller one means that our message is not out yet.
        return sequence_in(found) < position_ && !last_look_ ? step::empty : step::elsewhere;
    }

    step look_by_slot(layout::borrow_slot& borrow, taken_message& message) noexcept {
        auto& word = slot(position_);
        // sync[ring.slot] acquire: the publisher's release store; header and payload are visible with it.
        const auto found = word.load(std::memory_order_acquire);
        if (number_in(found) == ((position_ - ring_size()) & low_40)) return step::empty;
        if (number_in(found) != (position_ & low_40)) return step::elsewhere;
        const auto chunk = chunk_in(found);
        const auto* const in = find(chunk);
        if (!in) return pools_.empty() ? step::elsewhere : step::unmapped;
        if (!protect<rereads_slot>(borrow, chunk, word, found)) return step::elsewhere;
        const auto& mine = *in->header(chunk);
        if (!is_due(mine, position_)) {
            release(borrow);
            return step::elsewhere;
        }
        if (in != &pool_) pool_ = *in;
        accept(mine, pool_.room, message);
        return step::taken;
    }

    template <bool Rereads>
    bool protect(layout::borrow_slot& borrow,
                 std::uint32_t chunk,
                 const atomic<std::uint64_t>& word,
                 std::uint64_t found) noexcept {
        // sync[borrow.slot] release: also when taking, for a later reuse of the slot orders what we read
        // before it; the publisher's scan acquires.
        borrow.store(pack(publisher_, chunk), fenced_store);
        // sync[fence.borrow] seq_cst: our borrow slot, then our re-read; the publisher's retirement, then
        // its scan. If our re-read misses the retirement, its scan finds our borrow slot.
        full_fence();
        if constexpr (!Rereads) return true;
        // sync[ring.header] acquire, sync[ring.slot] acquire: the re-read.
        if (word.load(fenced_load) == found) return true;
        release(borrow);
        return false;
    }

    // All re-reads, newest first: what was overwritten is then a prefix, however fast the publisher is.
    batch keep_unchanged(std::span<layout::borrow_slot* const> borrows,
                         std::span<taken_message> messages) noexcept {
        const auto count = borrows.size();
        std::size_t first = count;
        while (first > 0) {
            // relaxed: our own store.
            const auto chunk = chunk_in(borrows[first - 1]->load(std::memory_order_relaxed));
            const auto due = position_ + first - 1;
            // sync[ring.slot] acquire: the re-read.
            if (slot(due).load(fenced_load) != pack(due, chunk) ||
                !is_due(*pool_.header(chunk), due))
                break;
            --first;
        }
        for (std::size_t i = 0; i < first; ++i) release(*borrows[i]);
        skip_to(position_ + first);
        for (std::size_t i = first; i < count; ++i) {
            // relaxed: our own store.
            const auto chunk = chunk_in(borrows[i]->load(std::memory_order_relaxed));
            accept(*pool_.header(chunk), pool_.room, messages[i]);
        }
        return {first, count};
    }

    // The 64 bits are the truth: 40 of them come round again in a few hours at full speed.
    static bool is_due(const layout::chunk_header& mine, std::uint64_t due) noexcept {
        // sync[ring.header] acquire: protected, so it is the message that went with the slot. It may be gone
        // from the ring by now: that is no reason to give it back.
        return sequence_in(mine.word.load(std::memory_order_acquire)) == due;
    }

    void accept(const layout::chunk_header& mine,
                std::uint32_t room,
                taken_message& message) noexcept {
        // relaxed, both: protected and ordered by the word.
        message = {reinterpret_cast<const std::byte*>(&mine) + sizeof(layout::chunk_header),
                   position_, mine.length.load(std::memory_order_relaxed), room};
        announce(mine.announced.load(std::memory_order_relaxed));
        empty_looks_ = 0;
        ++position_;
    }

    /// Whether the publisher is more than a ring ahead: what the slot says is then of another lap.
    bool lapped() const noexcept {
        return distance(tail(), position_) > static_cast<std::int64_t>(ring_size());
    }

    /// Goes on with the oldest message that is still there. False when there is none.
    bool resynchronise() noexcept {
        const auto end = tail();
        const auto ahead = distance(end, position_);
        if (ahead <= 0) return false;
        skip_to(ahead > static_cast<std::int64_t>(ring_size()) ? end - ring_size() : position_ + 1);
        return true;
    }

    // History that was overtaken while joining is not loss.
    void skip_to(std::uint64_t next) noexcept {
        if (next == position_) return;
        const auto from = std::max(position_, joined_);
        if (next > from) lost_ += next - from;
        position_ = next;
        announced_at_ = nullptr;
    }

    static void release(layout::borrow_slot& borrow) noexcept {
        borrow.store(
            0,
            std::memory_order_release);  // sync[borrow.slot] release: the publisher's scan acquires
    }

    std::uint64_t tail() const noexcept {
        return segment_->tail.load(
            std::memory_order_acquire);  // sync[ring.tail] acquire: ring_writer's release
    }

    // The number is the publisher's claim: of a chunk that is mapped here, or nothing.
    const pool* find(std::uint32_t chunk) const noexcept {
        if (pool_.holds(chunk)) [[likely]]
            return &pool_;
        for (const auto& each : pools_)
            if (each.holds(chunk)) return &each;
        return nullptr;
    }
    void announce(std::uint32_t chunk) noexcept {
        const auto* const in = find(chunk);
        announced_at_ = in ? in->header(chunk) : nullptr;
        announced_room_ = in ? in->room : 0;
        announced_ = chunk;
    }
    const layout::ring_slot& slot(std::uint64_t sequence) const noexcept {
        return segment_->ring[sequence & mask_];
    }

    const layout::publisher_segment* segment_ = nullptr;
    pool pool_;  // the one in which the last message was that we went to by its slot
    std::span<const pool> pools_;
    std::uint64_t mask_ = 0;
    std::uint64_t publisher_ = 0;
    std::uint64_t position_ =
        0;  // the sequence that is due; after a take by header it may be tail + 1
    std::uint64_t joined_ = 0;  // what was overwritten before this is no loss of ours
    std::uint64_t lost_ = 0;
    const layout::chunk_header* announced_at_ = nullptr;  // where the next message is announced
    std::uint32_t announced_ = layout::no_chunk;          // that chunk
    std::uint32_t announced_room_ = 0;
    std::uint32_t empty_looks_ = 0;
    bool last_look_ = false;
};

using ring_reader = basic_ring_reader<>;

}  // namespace elkodon::lockfree
