// See subscriber_port.hpp.
#include <elkodon/base/untrusted.hpp>
#include <elkodon/port/checked_geometry.hpp>
#include <elkodon/port/subscriber_port.hpp>
#include <elkodon/service/names.hpp>
#include <elkodon/service/properties.hpp>

#include <bit>

namespace elkodon::port {
namespace {

constexpr peer_kind publishers{service::port_kind::publisher, layout::segment_kind::publisher,
                               sizeof(layout::publisher_segment)};

std::uint32_t buffer_size_of(const service::static_configuration& configuration,
                             const subscriber_settings& settings,
                             const std::string& doing) {
    const auto most = configuration[service::key::buffer_size];
    const auto size = settings.buffer_size.value_or(most);
    if (size < 1 || size > most)
        throw error(errc::invalid_value, doing, "buffer_size",
                    "1 … " + std::to_string(most) + " (subscriber_max_buffer_size)",
                    std::to_string(size));
    return static_cast<std::uint32_t>(size);
}

std::uint64_t history_of(const service::static_configuration& configuration,
                         const subscriber_settings& settings,
                         const std::string& doing) {
    const auto most = configuration[service::key::history_size];
    const auto history = settings.initial_history.value_or(most);
    if (history > most)
        throw error(errc::invalid_value, doing, "initial_history",
                    "0 … " + std::to_string(most) + " (history_size)", std::to_string(history));
    if (settings.initial_history && settings.buffer_size && history > *settings.buffer_size)
        throw error(errc::invalid_value, doing, "initial_history",
                    "at most buffer_size, " + std::to_string(*settings.buffer_size),
                    std::to_string(history));
    return history;
}

}  // namespace

// What the segment says of itself, each number read once and checked against the others and the file's size.
std::optional<layout::publisher_geometry> checked_geometry(
    const segment::foreign_segment& memory,
    const type_details& type,
    const layout::user_header& prefix) noexcept {
    const auto& layout = memory.as<layout::publisher_segment>();
    const auto& pool = layout.pools[0];
    const auto ring = untrusted(layout.ring_size).within(2, 1U << 31);
    const auto chunks = untrusted(pool.chunk_count).within(1, layout::no_chunk - 1);
    // relaxed: this entry was complete before the state said ready.
    const auto first = pool.first_chunk.load(std::memory_order_relaxed);
    if (!ring || !std::has_single_bit(*ring) || !chunks || first != 0) return std::nullopt;
    // A value's payload is as long as its type; a slice's as the publisher says.
    const auto payload = untrusted(type.slice ? layout.payload_size : type.size)
                             .within(type.size, layout::largest_payload);
    if (!payload || *payload % type.size != 0) return std::nullopt;
    const auto room = untrusted(*payload / type.size).within(1, ~std::uint32_t{0});
    if (!room) return std::nullopt;
    auto expected = layout::publisher_geometry_of(*ring, *chunks, *payload, type.alignment, prefix);
    const bool same = pool.offset == expected.pool_offset && pool.stride == expected.stride &&
                      pool.payload_offset == expected.payload_offset &&
                      memory.size() == expected.total;
    if (!same) return std::nullopt;
    expected.room = static_cast<std::uint32_t>(*room);
    return expected;
}

subscriber_port::subscriber_port(std::shared_ptr<service::service_directory> of,
                                 const subscriber_settings& settings)
    : waiting_port(std::move(of), true, settings.strategy),
      id_(os::random_number()),
      borrow_count_(
          static_cast<std::uint32_t>(service().configuration()[service::key::max_borrowed])),
      history_(history_of(
          service().configuration(), settings, "create a subscriber of " + service().title())),
      on_degradation_(settings.on_degradation),
      paging_(service().paging(settings.prefault, settings.huge_pages)),
      holds_back_(!settings.observer && service::lossless(service().configuration())) {
    const auto doing = "create a subscriber of " + service().title();
    if (!service().process().ours()) throw error(errc::forked, doing);
    service::check_port_name(settings.name, doing);
    borrows_ = std::make_unique<borrow[]>(borrow_count_);
    segment_ = segment::own_segment(
        service().descriptor(),
        {layout::segment_kind::subscriber, id_, service().process().id(), settings.name},
        layout::subscriber_segment_size(borrow_count_,
                                        service::cursor_count(service().configuration())),
        doing, paging_);
    auto& layout = segment_.as<layout::subscriber_segment>();
    layout.borrow_count = borrow_count_;
    const auto buffer_size = buffer_size_of(service().configuration(), settings, doing);
    if (holds_back_)
        // relaxed: nobody maps the segment before its state says ready.
        layout.holds_back.store(buffer_size, std::memory_order_relaxed);
    else if (settings.buffer_size) keeps_newest_ = buffer_size;
    for (std::uint32_t i = 0; i < borrow_count_; ++i) {
        borrows_[i].word = &layout.borrowed[i];
        borrows_[i].timed = service().configuration()[service::key::timestamps] != 0;
    }
    slot_ =
        service().claim(service::port_kind::subscriber, segment_, service::key::max_subscribers);
    say_cold_at(slot_);
    // sync[fence.gate] seq_cst: our name and its generation, then the tails; a publisher's tail, then the generation.
    full_fence();
    // Who is there now was there before us; whoever is found later came later.
    if (const auto failure = refresh(); failure && failure_) {
        segment_.mark_closed();
        service().release(service::port_kind::subscriber, slot_, segment_.file());
        throw error(failure, doing + ": map its publishers");
    }
    joined_ = true;
    keeper_ = keeper::make(this);
    for (std::uint32_t i = 0; i < borrow_count_; ++i) borrows_[i].keeper = keeper_;
    wake_who_waits_for_us();
}

// Samples may keep us for long: nobody waits for us to see anything.
void subscriber_port::abandon() noexcept {
    leave_watcher();
    if (!forked()) {
        auto& layout = segment_.as<layout::subscriber_segment>();
        // sync[subscriber.holds_back] release: we take nothing more, whoever waits for us goes on.
        if (layout.holds_back.exchange(0, std::memory_order_seq_cst) != 0) wake_publishers();
        kept_ = {};
        // sync[subscriber.seen] release: as in refresh().
        layout.seen.store(~std::uint64_t{0}, std::memory_order_release);
    }
    keeper_->orphan();
}

subscriber_port::~subscriber_port() {
    stop_waiting();
    if (forked() || !segment_) return;
    segment_.mark_closed();
    service().release(service::port_kind::subscriber, slot_, segment_.file());
}

std::unique_ptr<publisher_peer> subscriber_port::make_peer(segment::foreign_segment memory,
                                                           std::uint32_t slot) {
    const auto geometry =
        checked_geometry(memory, type(), service::prefix_of(service().configuration()));
    if (!geometry) return nullptr;
    auto made = std::make_unique<publisher_peer>();
    made->id = memory.port();
    made->reader = lockfree::ring_reader(memory.data(), *geometry, memory.port().value());
    if (joined_) made->reader.start_with_first();
    else made->reader.start_with_history(memory.closed() ? 0 : history_);
    made->slot = slot;
    if (type().slice) {
        made->pools.emplace_back(memory.data(), *geometry);
        made->reader.use(made->pools);
    }
    made->memory = std::move(memory);
    if (holds_back_) begin_cursor(*made);
    return made;
}

// In the entry of its slot, from which a predecessor has provably gone.
void subscriber_port::begin_cursor(publisher_peer& peer) noexcept {
    if (peer.slot >= service::cursor_count(service().configuration())) return;
    for (auto& other : peers_)
        if (other->slot == peer.slot) other->cursor = nullptr;
    peer.cursor =
        reinterpret_cast<layout::cursor*>(segment_.data() + layout::cursors_offset(borrow_count_)) +
        peer.slot;
    // sync[subscriber.cursor] release, all three: nobody takes the new position for the predecessor's.
    peer.cursor->publisher.store(0, std::memory_order_release);
    peer.cursor->position.store(peer.needs_from(), std::memory_order_release);
    peer.cursor->publisher.store(peer.id.value(), std::memory_order_release);
}

// Whatever each look begins with, where that is anything.
void subscriber_port::look_up() noexcept {
    if (service().generation() != generation_) refresh();
    if (keeps_newest_ != 0)
        for (auto& peer : peers_) peer->reader.keep_newest(keeps_newest_);
}

void subscriber_port::know(std::uint64_t generation) noexcept {
    generation_ = generation;
    undisturbed_at_ = keeps_newest_ == 0 ? generation : ~std::uint64_t{0};
}

// On our own failure to map somebody the generation stays old, so that the next look tries again.
std::error_code subscriber_port::refresh() noexcept {
    const auto generation = service().generation();
    degradation_verdict verdict(on_degradation_);
    auto kind = publishers;
    kind.how = paging_;
    auto failure = refresh_roster(
        peers_, service(), kind,
        [&](segment::foreign_segment memory, std::uint32_t slot) {
            return make_peer(std::move(memory), slot);
        },
        verdict);
    const bool ignored = verdict.ignored();
    std::error_code other_failure;
    if (type().slice)
        for (auto& peer : peers_)
            if (const auto other = map_pools(*peer)) other_failure = other;
    for (auto& peer : peers_)
        if (peer->memory.closed() || ((std::exchange(peer->fresh, false) || !peer->named) &&
                                      has_ended(*peer, service().process())))
            end_peer(*peer);
    if (holds_back_)
        for (auto& peer : peers_)
            if (const auto other = look_up_bell(*peer, peer->wake_address(), service().process()))
                other_failure = other;
    failure_ = status::from(other_failure || ignored ? other_failure : failure);
    if (!failure) failure = other_failure;
    if (!failure) {
        know(generation);
        // sync[subscriber.seen] release: who was named is mapped; whoever cleans up may take the name away.
        segment_.as<layout::subscriber_segment>().seen.store(generation, std::memory_order_release);
    }
    try {
        watch_peers();
    } catch (...) {
        know(generation - 1);
    }
    if (ended_peers_) {
        forget_drained();
        if (joined_) remove_ended_names();
    }
    return failure;
}

// --- lossless: publishers wait for us ---------------------------------------------------------------

borrowed subscriber_port::hand_out_lossless(borrow& slot,
                                            publisher_peer& peer,
                                            status& ec) noexcept {
    auto message = hand_out(slot, peer);
    go_on(peer);
    if (!evicted_) return message;
    kept_ = std::move(message);
    return tell_eviction(ec);
}

// Whatever was lost here was lost since the publisher didn't wait for us any more.
void subscriber_port::go_on(publisher_peer& peer) noexcept {
    const auto lost = peer.reader.lost();
    if (std::exchange(peer.lost_told, lost) != lost) evicted_ = true;
    if (peer.move_cursor()) wake_publishers();
}

// As waker::wake(), with the publishers' own words for the waiter bits: fence, generation, mark, ring.
void subscriber_port::wake_publishers() noexcept {
    full_fence();  // sync[fence.wake] seq_cst: our cursor, then the generation; see waker::wake()
    if (service().generation() != generation_) refresh();
    for (const auto& peer : peers_) {
        // sync[publisher.waiting] seq_cst: it sets this, then looks at our cursor.
        if (!peer->bell || peer->layout().waiting.load(std::memory_order_seq_cst) == 0) continue;
        peer->bell->mark(peer->doorbell_slot);
        peer->bell->ring_if_armed();
    }
}

// We have a name, and the generation says so: a publisher that waits for subscribers to come says that it does, then looks
// at the generation.
void subscriber_port::wake_who_waits_for_us() noexcept {
    for (const auto& peer : peers_) {
        // sync[publisher.waiting] seq_cst: after our generation; one of the two sees the other.
        if (peer->layout().waiting.load(std::memory_order_seq_cst) == 0) continue;
        // Our failure to connect is not the publisher's: it looks again when others come.
        look_up_bell(*peer, peer->wake_address(), service().process());
        if (!peer->bell) continue;
        peer->bell->mark(peer->doorbell_slot);
        peer->bell->ring_if_armed();
    }
}

// They may have waited for us to map them.
void subscriber_port::remove_ended_names() noexcept {
    const auto waits = [](const auto& peer) { return peer->ended && peer->named; };
    if (std::any_of(peers_.begin(), peers_.end(), waits)) service().clean_up();
}

void subscriber_port::end_peer(publisher_peer& peer) noexcept {
    if (!std::exchange(peer.ended, true)) peer.reader.publisher_died();
    ended_peers_ = true;
}

void subscriber_port::watch_peers() { watch_roster(bell(), peers_); }

void subscriber_port::look_at_peers() noexcept {
    const bool any_dead = end_the_ended(peers_, service().process(),
                                        [this](publisher_peer& peer) { end_peer(peer); });
    // First: the cleaner asks what we have seen. For nothing it would be too dear: see listener_port.
    if (any_dead || service().generation() != generation_) refresh();
    if (any_dead) service().clean_up();
}

// Drained: neither the announced header nor the slot has another message, and nothing more will come. Who still
// has a name stays known, or he would be taken for a newcomer; his name goes once everybody has seen it.
void subscriber_port::forget_drained() noexcept {
    std::erase_if(peers_, [&](const auto& peer) {
        if (!peer->ended || peer->named || peer->reader.has_news() || borrows_from(peer->id))
            return false;
        lost_elsewhere_ += peer->reader.lost();
        return true;
    });
    ended_peers_ =
        std::any_of(peers_.begin(), peers_.end(), [](const auto& peer) { return peer->ended; });
}

bool subscriber_port::borrows_from(port_id publisher) const noexcept {
    for (std::uint32_t i = 0; i < borrow_count_; ++i)
        // sync[borrow.copies] acquire: let_go's release; the reader has finished with the mapping.
        if (borrows_[i].copies.load(std::memory_order_acquire) != 0 &&
            borrows_[i].publisher == publisher)
            return true;
    return false;
}

bool subscriber_port::holds_samples() const noexcept {
    for (std::uint32_t i = 0; i < borrow_count_; ++i)
        // sync[borrow.copies] acquire: as above; seq_cst where fences are orders, against let_go's look at `orphaned`.
        if (borrows_[i].copies.load(fenced_load) != 0) return true;
    return false;
}

bool subscriber_port::has_news() noexcept {
    if (forked()) return false;
    if (service().generation() != generation_) refresh();
    if (failure_ || kept_) return true;
    return std::any_of(peers_.begin(), peers_.end(),
                       [](const auto& peer) { return peer->reader.has_news(); });
}

std::size_t subscriber_port::publisher_count() noexcept {
    if (forked()) return 0;
    if (service().generation() != generation_) refresh();
    return static_cast<std::size_t>(
        std::count_if(peers_.begin(), peers_.end(), [](const auto& peer) { return !peer->ended; }));
}

std::uint64_t subscriber_port::lost() const noexcept {
    auto lost = lost_elsewhere_;
    for (const auto& peer : peers_) lost += peer->reader.lost();
    return lost;
}

borrowed subscriber_port::wait_and_receive(deadline until, status& ec) {
    for (;;) {
        auto message = take(ec);
        if (message || (ec && ec != status(errc::overtaken))) return message;
        ec = {};
        auto& wait = wait_alone();
        if (wait.behind_descriptor()) {
            ec = errc::already_attached;
            return {};
        }
        std::error_code failure;
        if (wait.wait(until, failure)) continue;
        message = take(ec);
        if (!message && !ec) ec = status::from(failure);
        return message;
    }
}

int subscriber_port::native_handle() {
    if (forked()) throw error(errc::forked, "ask a subscriber for its descriptor");
    return own_descriptor();
}

}  // namespace elkodon::port
