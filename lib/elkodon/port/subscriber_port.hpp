// A subscriber without types: takes messages of all publishers of a service, in fair turn.
// It alone writes its segment; everything of the publishers is read-only to it.
// After a kill -9 its borrow slots stay until the publishers have proof of its death.
#pragma once

#include <elkodon/base/degradation.hpp>
#include <elkodon/base/status.hpp>
#include <elkodon/layout/publisher_segment.hpp>
#include <elkodon/port/borrowed.hpp>
#include <elkodon/port/lone_wait.hpp>
#include <elkodon/port/waiting_port.hpp>
#include <elkodon/port/waker.hpp>

#include <algorithm>
#include <array>
#include <optional>

namespace elkodon::port {

/// A publisher, as a subscriber knows it, and the subscriber's place in its ring.
struct publisher_peer : sleeper {
    const layout::publisher_segment& layout() const noexcept {
        return memory.as<layout::publisher_segment>();
    }
    const layout::wake_address& wake_address() const noexcept { return layout().wake_at; }

    /// The first message that must not be overwritten: history of before our time may be.
    std::uint64_t needs_from() const noexcept {
        return std::max(reader.position(), reader.joined());
    }

    /// In a lossless service: lets the publisher go on up to where we are. Whether it waits for that.
    bool move_cursor() const noexcept {
        // sync[subscriber.cursor] release: after the last re-read of all below.
        cursor->position.store(needs_from(), fenced_store);
        // sync[fence.light] light: our cursor, then `waiting`; the publisher's `waiting`, then our cursor.
        os::light_fence();
        // relaxed: ordered by the fence; what it leads to is loaded after a full one.
        return layout().waiting.load(fenced_relaxed) != 0;
    }

    lockfree::ring_reader reader;
    std::vector<lockfree::pool> pools;  ///< only in services of slices; the first lies in `memory`,
    std::vector<segment::foreign_segment> pool_files;  ///< the others in these, in the same order
    layout::cursor* cursor = nullptr;                  ///< ours; only in lossless services
    std::uint64_t lost_told = 0;  ///< of the losses, those that an eviction has explained
    port_id id;
    bool fresh = true;  ///< mapped just now: nobody has asked yet whether it lives
};

/// What a subscriber is made with.
struct subscriber_settings {
    std::string name;                              // for people
    std::optional<std::uint64_t> buffer_size;      // none: the service's
    std::optional<std::uint64_t> initial_history;  // none: the service's
    bool observer = false;
    degradation_handler on_degradation;        // none: fail
    std::optional<bool> prefault, huge_pages;  // none: as the node says
    std::optional<wait_strategy> strategy;     // none: the process' default
};

/// One at a time, but for its samples. Lives until its last sample is gone.
class subscriber_port final : public waiting_port {
public:
    explicit subscriber_port(std::shared_ptr<service::service_directory> service,
                             const subscriber_settings& settings = {});
    ~subscriber_port() override;

    port_id id() const noexcept { return id_; }
    std::string name() const { return segment_.name(); }

    /// The next message of any publisher. Empty with no error when nothing is there; too_many_borrowed,
    /// overtaken (look again, don't sleep), evicted (messages were lost; look again) or forked otherwise.
    borrowed receive(status& ec) noexcept {
        auto message = take(ec);
        if (message || ec || !behind_descriptor()) [[likely]]
            return message;
        // Behind a descriptor an empty look arms it again.
        if (wait_alone().rearm()) return take(ec);
        return message;
    }

    /// As receive(), for at most `most` messages that are there; `sink(borrowed)` gets each. All publishers in
    /// fair turn, with one fence for a publisher's share. Returns how many. An eviction is left for receive() to tell.
    template <class Sink>
    std::size_t receive_many(std::size_t most, Sink&& sink) noexcept {
        std::size_t count = 0;
        bool untold = std::exchange(evicted_, false);
        while (count < most) {
            status ec;
            auto first = count == 0 ? receive(ec) : take(ec);
            if (ec == status(errc::evicted)) {
                untold = true;
                continue;
            }
            if (!first) break;
            sink(std::move(first));
            ++count;
            if (turn_ > peers_.size()) continue;  // somebody has just gone
            // A share of what is left for each publisher; at the head there is nothing to share.
            auto& peer = *peers_[turn_ - 1];
            const auto share = std::max<std::size_t>(1, (most - count) / peers_.size());
            if (count < most && peer.reader.has_news())
                count += take_batch(peer, std::min(share, most - count), sink);
        }
        evicted_ = evicted_ || untold;
        return count;
    }

    /// Waits for a message until `until`, for ever without. Throws what attaching throws.
    borrowed wait_and_receive(deadline until, status& ec);

    /// Messages of all publishers that were overwritten before we took them. Only grows.
    std::uint64_t lost() const noexcept;

    bool has_news() noexcept override;
    void look_at_peers() noexcept override;

    /// Whether the directory names a publisher that hasn't ended.
    std::size_t publisher_count() noexcept;

    /// A descriptor that is readable while there may be messages. Throws what attaching throws.
    int native_handle();

    bool holds_samples() const noexcept;

    /// What the service carries.
    const type_details& type() const noexcept { return service().configuration().type; }

    /// Whether a message says that it is longer than its chunk: it is let go, and counted as lost.
    bool refuses(borrowed& message) noexcept {
        if (!message || message.message().length <= message.message().room) [[likely]]
            return false;
        message = {};
        ++lost_elsewhere_;
        return true;
    }

    /// Whoever destroys the public object calls this: it deletes the port now, or with its last sample.
    void abandon() noexcept;

private:
    static constexpr std::uint32_t most_empty_looks = 1024;

    layout::wake_address& wake_address() noexcept override {
        return segment_.as<layout::subscriber_segment>().wake_at;
    }
    void watch_peers() override;

    borrowed take(status& ec) noexcept {
        if (forked()) [[unlikely]] {
            ec = errc::forked;
            return {};
        }
        if (service().generation() != undisturbed_at_) [[unlikely]]
            look_up();
        if (evicted_ || kept_) [[unlikely]]
            return tell_eviction(ec);
        auto* const slot = free_slot();
        if (!slot) [[unlikely]] {
            if (has_news()) ec = errc::too_many_borrowed;
            return {};
        }
        return take_in_turn(*slot, ec);
    }

    borrowed take_in_turn(borrow& slot, status& ec) noexcept {
        const auto count = peers_.size();
        for (std::size_t tried = 0; tried < count; ++tried) {
            if (turn_ >= count) turn_ = 0;
            auto& peer = *peers_[turn_++];
            const auto found = peer.reader.take(*slot.word, slot.message);
            if (found == lockfree::look::taken) {
                ec = {};
                if (peer.cursor) [[unlikely]]
                    return hand_out_lossless(slot, peer, ec);
                return hand_out(slot, peer);
            }
            if (found == lockfree::look::unmapped) [[unlikely]]
                return meet_pool(slot, peer, ec);
            if (found == lockfree::look::overtaken) ec = errc::overtaken;
        }
        rest();
        if (!ec && failure_) [[unlikely]]
            ec = failure_;
        return {};
    }

    borrowed hand_out(borrow& slot, const publisher_peer& peer) noexcept {
        slot.publisher = peer.id;
        // relaxed: the slot was free, so nobody else looks at it before the sample changes threads.
        slot.copies.store(1, std::memory_order_relaxed);
        ++taken_since_empty_;
        empty_looks_ = 0;
        count_taken();
        return borrowed(slot);
    }

    borrow* free_slot() noexcept {
        for (std::uint32_t tried = 0; tried < borrow_count_; ++tried) {
            auto& slot = borrows_[next_borrow_];
            // sync[borrow.copies] acquire: let_go's release; its borrow slot is cleared.
            if (slot.copies.load(std::memory_order_acquire) == 0) return &slot;
            next_borrow_ = next_borrow_ + 1 == borrow_count_ ? 0 : next_borrow_ + 1;
        }
        return nullptr;
    }

    // After an empty look. Polling the line that the publisher is about to write slows it down by a factor of
    // 3 to 5, so a stream is given time to gather: as many pauses as it has just brought messages. A lone message
    // is not made to wait: one pause for each look costs it a tenth (1.02 × the floor instead of 1.12 ×, two cores of two
    // caches; 1.10 × instead of 1.24 ×, of one; measured). Where nothing has come for long, the core is spared.
    void rest() noexcept {
        auto pauses = taken_since_empty_ > 1 ? std::min<std::uint32_t>(taken_since_empty_, 64)
                                             : std::uint32_t{++empty_looks_ > most_empty_looks};
        taken_since_empty_ = 0;
        for (; pauses > 0; --pauses) pause_once();
        if (ended_peers_) [[unlikely]]
            forget_drained();
    }

    template <class Sink>
    std::size_t take_batch(publisher_peer& peer, std::size_t most, Sink& sink) noexcept {
        constexpr std::size_t at_once = 64;
        std::array<borrow*, at_once> slots;
        std::array<layout::borrow_slot*, at_once> words;
        std::array<lockfree::taken_message, at_once> messages;
        std::size_t free = 0;
        for (std::uint32_t i = 0; i < borrow_count_ && free < std::min(most, at_once); ++i) {
            // sync[borrow.copies] acquire: as in free_slot().
            if (borrows_[i].copies.load(std::memory_order_acquire) != 0) continue;
            slots[free] = &borrows_[i];
            words[free++] = borrows_[i].word;
        }
        const auto batch = peer.reader.take_many({words.data(), free}, {messages.data(), free});
        for (auto i = batch.first; i < batch.last; ++i) {
            slots[i]->message = messages[i];
            sink(hand_out(*slots[i], peer));
        }
        if (peer.cursor) [[unlikely]]
            go_on(peer);
        return batch.last - batch.first;
    }

    // Once for each eviction, before the message behind it.
    borrowed tell_eviction(status& ec) noexcept {
        if (!std::exchange(evicted_, false)) return std::exchange(kept_, {});
        ec = errc::evicted;
        return {};
    }

    borrowed meet_pool(borrow& slot, publisher_peer& peer, status& ec) noexcept;
    std::error_code map_pools(publisher_peer& peer) noexcept;
    void map_named_pools(publisher_peer& peer, std::error_code& failure);
    void drop_unnamed_pools(publisher_peer& peer) noexcept;
    bool borrows_from(const segment::foreign_segment& pool) const noexcept;

    borrowed hand_out_lossless(borrow& slot, publisher_peer& peer, status& ec) noexcept;
    void go_on(publisher_peer& peer) noexcept;
    void wake_publishers() noexcept;
    void wake_who_waits_for_us() noexcept;

    void look_up() noexcept;
    void know(std::uint64_t generation) noexcept;
    std::error_code refresh() noexcept;
    std::unique_ptr<publisher_peer> make_peer(segment::foreign_segment memory, std::uint32_t slot);
    void begin_cursor(publisher_peer& peer) noexcept;
    void end_peer(publisher_peer& peer) noexcept;
    void forget_drained() noexcept;
    void remove_ended_names() noexcept;
    bool borrows_from(port_id publisher) const noexcept;

    port_id id_;
    std::uint32_t borrow_count_;
    std::uint32_t next_borrow_ = 0;
    std::uint32_t taken_since_empty_ = 0;
    std::uint32_t empty_looks_ = 0;
    std::size_t turn_ = 0;
    std::uint64_t generation_ = ~std::uint64_t{0};
    // What take() compares with, once: generation_, or what no generation is, where each look has more to do.
    std::uint64_t undisturbed_at_ = ~std::uint64_t{0};
    std::uint64_t keeps_newest_ = 0;  // of each publisher's messages; 0: as many as its ring has
    std::vector<std::unique_ptr<publisher_peer>> peers_;
    std::unique_ptr<borrow[]> borrows_;
    bool ended_peers_ = false;
    bool joined_ = false;
    status failure_;  // a publisher could not be mapped: what looks empty may not be
    std::uint64_t lost_elsewhere_ = 0;  // of the ended, and what said impossible things
    std::uint64_t history_;
    degradation_handler on_degradation_;
    os::paging paging_;
    borrowed kept_;         // the message behind an eviction that had to be told first
    bool holds_back_;       // publishers: lossless, and no observer
    bool evicted_ = false;  // and not told yet
    std::uint32_t slot_ = 0;
    segment::own_segment segment_;
    keeper* keeper_ = nullptr;
};

}  // namespace elkodon::port
