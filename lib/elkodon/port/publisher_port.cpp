// See publisher_port.hpp.
#include <elkodon/port/publisher_port.hpp>
#include <elkodon/service/names.hpp>
#include <elkodon/service/properties.hpp>

#include <bit>
#include <cstring>

namespace elkodon::port {
namespace {

constexpr peer_kind subscribers{service::port_kind::subscriber, layout::segment_kind::subscriber,
                                offsetof(layout::subscriber_segment, borrowed)};

namespace key = service::key;

// A scan costs a fence and a line for each subscriber: with 8 it serves at least 8 messages, and with 64 small
// ones a lone message hardly ever meets one (1.06 × the floor instead of 1.27 ×, measured). 64 KiB at most.
std::uint64_t slack_for(const service::static_configuration& configuration,
                        std::uint64_t length) noexcept {
    const auto& type = configuration.type;
    const auto stride = layout::publisher_geometry_of(2, 1, type.size * length, type.alignment,
                                                      service::prefix_of(configuration))
                            .stride;
    return std::clamp<std::uint64_t>(64 * 1024 / stride, 8, 64);
}

std::uint64_t ring_size_for(const service::static_configuration& configuration) noexcept {
    return std::bit_ceil(std::max(
        {configuration[key::buffer_size], configuration[key::history_size], std::uint64_t{2}}));
}

// At most 2^34: the properties have bounds.
std::uint64_t chunks_for(const service::static_configuration& configuration,
                         std::uint64_t length) noexcept {
    return ring_size_for(configuration) + configuration[key::max_loaned] +
           configuration[key::max_subscribers] * configuration[key::max_borrowed] + 1 +
           slack_for(configuration, length);
}

std::uint32_t room_for(const type_details& type,
                       const publisher_settings& settings,
                       const std::string& doing) {
    if (!type.slice) return 1;
    const auto length = settings.initial_max_slice_len;
    if (length < 1 || length > longest_slice(type))
        throw error(errc::invalid_value, doing, "initial_max_slice_len",
                    "1 … " + std::to_string(longest_slice(type)), std::to_string(length));
    return static_cast<std::uint32_t>(length);
}

peer_kind mapped_by(const os::paging& how) noexcept {
    auto made = subscribers;
    made.how = how;
    return made;
}

layout::publisher_geometry checked_geometry_for(const service::static_configuration& configuration,
                                                std::uint32_t room,
                                                const std::string& doing) {
    const auto made = geometry_for(configuration, room);
    if (made.chunk_count >= layout::no_chunk)
        throw error(errc::invalid_value, doing, "chunks (ring + loans + all borrowed samples)",
                    "below " + std::to_string(layout::no_chunk),
                    std::to_string(chunks_for(configuration, room)));
    return made;
}

}  // namespace

std::uint64_t memory_size_of(const service::service_directory& service,
                             const publisher_settings& settings) {
    const auto doing = "size the memory of a publisher of " + service.title();
    const auto& configuration = service.configuration();
    return checked_geometry_for(configuration, room_for(configuration.type, settings, doing), doing)
        .total;
}

std::uint64_t longest_slice(const type_details& type) noexcept {
    return type.slice
               ? std::min<std::uint64_t>(layout::largest_payload / type.size, ~std::uint32_t{0})
               : 1;
}

layout::publisher_geometry geometry_for(const service::static_configuration& configuration,
                                        std::uint32_t length) noexcept {
    const auto chunks =
        std::min(chunks_for(configuration, length), std::uint64_t{layout::no_chunk});
    auto made = layout::publisher_geometry_of(
        static_cast<std::uint32_t>(ring_size_for(configuration)),
        static_cast<std::uint32_t>(chunks), configuration.type.size * length,
        configuration.type.alignment, service::prefix_of(configuration));
    made.room = length;
    return made;
}

publisher_port::publisher_port(std::shared_ptr<service::service_directory> of,
                               publisher_settings settings)
    : waiting_port(of, true, settings.strategy),
      id_(os::random_number()),
      settings_(std::move(settings)),
      paging_(of->paging(settings_.prefault, settings_.huge_pages)),
      waker_(of, mapped_by(paging_), of->configuration()[service::key::max_subscribers]),
      borrow_count_(static_cast<std::uint32_t>(of->configuration()[service::key::max_borrowed])) {
    const auto& configuration = service().configuration();
    const auto doing = "create a publisher of " + service().title();
    if (!service().process().ours()) throw error(errc::forked, doing);
    service::check_port_name(settings_.name, doing);
    service().watch_names();
    room_ = room_for(configuration.type, settings_, doing);
    const auto geometry = checked_geometry_for(configuration, room_, doing);
    const auto loans = static_cast<std::uint32_t>(configuration[service::key::max_loaned]);
    pool_memory_.resize(lockfree::chunk_pool::memory_words(geometry.chunk_count, loans));
    pool_ = lockfree::chunk_pool(pool_memory_, geometry.chunk_count, loans);
    segment_ = segment::own_segment(
        service().descriptor(),
        {layout::segment_kind::publisher, id_, service().process().id(), settings_.name},
        geometry.total, doing, paging_);
    auto& layout = segment_.as<layout::publisher_segment>();
    layout.ring_size = geometry.ring_size;
    layout.history = static_cast<std::uint32_t>(configuration[service::key::history_size]);
    layout.payload_size = geometry.payload_size;
    auto& pool = layout.pools[0];
    pool.chunk_count = geometry.chunk_count;
    pool.offset = geometry.pool_offset;
    pool.stride = geometry.stride;
    pool.payload_offset = geometry.payload_offset;
    // relaxed: nobody maps the segment before its state says ready.
    layout.pool_count.store(1, std::memory_order_relaxed);
    files_.resize(1);
    files_[0].pool = lockfree::pool(segment_.data(), geometry);
    const auto first = settings_.first_sequence ? settings_.first_sequence : geometry.ring_size;
    ring_ = lockfree::ring_writer(segment_.data(), geometry, first);
    say_cold_at(layout.waiting, 1);
    if (service::lossless(configuration)) {
        gate_ = gate(id_, first, configuration[service::key::buffer_size],
                     std::chrono::milliseconds(configuration[service::key::stall_timeout]));
    }
    if (const auto before = service::prefix_of(configuration); before.timed) {
        time_distance_ = layout::time_distance(before);
        gate_.ask_for_each();
    }
    slot_ = service().claim(service::port_kind::publisher, segment_, service::key::max_publishers);
    // sync[publisher.known_from] release: the name was visible before.
    layout.known_from.store(service().bump_generation(), std::memory_order_release);
    // Connect before the first send: our death between publishing and ringing is then noticed.
    const auto failure = refresh();
    incomplete_ = static_cast<bool>(failure);
    if (failure && !ignored_) {
        segment_.mark_closed();
        service().release(service::port_kind::publisher, slot_, segment_.file());
        throw error(failure, doing + ": map its subscribers");
    }
}

publisher_port::~publisher_port() { stop_waiting(); }

void publisher_port::abandon(publisher_port* port) noexcept {
    port->stop_waiting();
    if (!port->forked()) port->end();
    port->abandoned_ = true;
    if (port->pool_.loan_count() == 0) delete port;
}

// The name goes now, unless a living subscriber has yet to map what we sent: then who maps it removes it.
void publisher_port::end() noexcept {
    segment_.mark_closed();
    for (auto& file : files_)
        if (file.memory) file.memory.mark_closed();
    service().bump_generation();
    wake();
    service().clean_up();
}

std::error_code publisher_port::refresh() noexcept {
    const auto cursors = service::cursor_count(service().configuration());
    names_known_ = service().name_changes();
    degradation_verdict verdict(settings_.on_degradation);
    const auto failure = waker_.refresh(
        [&](segment::foreign_segment memory,
            std::uint32_t slot) -> std::unique_ptr<subscriber_peer> {
            // Our own number of borrow slots, never the peer's claim: it only has to have room for them.
            if (memory.size() < layout::subscriber_segment_size(borrow_count_, cursors))
                return nullptr;
            auto made = std::make_unique<subscriber_peer>();
            if (cursors != 0)
                made->cursor = reinterpret_cast<const layout::cursor*>(
                                   memory.data() + layout::cursors_offset(borrow_count_)) +
                               slot_;
            made->position = gate_.newcomers_begin();
            made->memory = std::move(memory);
            made->slot = slot;
            return made;
        },
        verdict);
    ignored_ = verdict.ignored();
    try {
        watch_peers();
    } catch (const std::system_error& refused) {
        return failure ? failure : refused.code();
    } catch (...) {
        return failure ? failure : std::make_error_code(std::errc::not_enough_memory);
    }
    return failure;
}

// What decides over memory: a number that every peer may write isn't enough where these are other users.
bool publisher_port::out_of_date() noexcept {
    return waker_.out_of_date() || service().name_changes() != names_known_;
}

void publisher_port::wake() noexcept {
    // sync[fence.wake] seq_cst: our message, then the generation; a newcomer bumps it, then looks at the data.
    full_fence();
    if (waker_.out_of_date()) incomplete_ = static_cast<bool>(refresh());
    waker_.wake();
}

// Every chunk that left the ring was marked gone before. A subscriber that takes one all the same has stored
// its borrow slot before our fence, and the scan finds it; else its re-read finds the mark. While a newcomer
// can't be mapped, nothing is freed: it may hold any chunk. What is free already may be had, if the handler says so.
bool publisher_port::reclaim(status& ec) noexcept {
    if (incomplete_) wake();
    if (!scan(ec)) return ignored_ && pool_.free_count() > 0;
    if (pool_.free_count() > 0) return true;
    // Only the dead can hold more than their share: whoever has ended lets go.
    service().clean_up();
    if (!scan(ec)) return false;
    if (pool_.free_count() == 0) ec = errc::chunks_exhausted;
    return pool_.free_count() > 0;
}

// Frees what nobody borrows; false, with our own failure, when we don't know everybody.
bool publisher_port::scan(status& ec) noexcept {
    full_fence();  // sync[fence.borrow] seq_cst: the marks of what left the ring, then the borrow slots
    if (out_of_date()) {
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
    if (files_.size() > 1) [[unlikely]]
        forget_older_chunks();
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

// --- waiting for lossless subscribers -------------------------------------------------------------

// What is to be done before a message is published, where that is anything.
bool publisher_port::prepare(std::uint32_t chunk, status& failure) noexcept {
    if (!gate_.lets(ring_.next_sequence()) && !pass_gate(failure)) return false;
    if (time_distance_ == 0) return true;
    const std::chrono::nanoseconds now = gate::clock::now().time_since_epoch();
    const std::int64_t count = now.count();
    std::memcpy(payload<lockfree::pools::many>(chunk) - time_distance_, &count, sizeof count);
    return true;
}

// True when there is room; false with our own failure, with buffer_full, or without one: discard.
bool publisher_port::pass_gate(status& failure) noexcept {
    const auto now = gate::clock::now();
    const auto began = in_loop_ ? in_loop_->since.value_or(now) : now;
    for (;;) {
        if (look_at_gate(failure)) return true;
        if (failure) return false;
        gate_.evict(waker_.peers());
        look_for_the_dead();
        if (look_at_gate(failure)) return true;
        switch (decide(gate::clock::now() - began)) {
            case backpressure::fail: failure = errc::buffer_full; return false;
            case backpressure::discard: return false;
            case backpressure::block: break;
        }
        if (in_loop_) {
            *in_loop_ = {began, true};
            again_at_ = now + std::chrono::milliseconds(1);
            failure = errc::buffer_full;
            return false;
        }
        if (!wait_for_room(failure)) return false;
    }
}

backpressure publisher_port::decide(std::chrono::nanoseconds waited) const noexcept {
    if (!settings_.asks) return settings_.when_full;
    return settings_.asks({waited, ring_.next_sequence()});
}

// As its strategy says, until a subscriber rings, has ended, or is to be evicted, and for a handler a millisecond at
// most. False with our own failure to sleep.
bool publisher_port::wait_for_room(status& failure) noexcept {
    awaits_ = awaiting::send;
    auto until = gate_.next_eviction();
    if (settings_.asks) {
        const auto again = gate::clock::now() + std::chrono::milliseconds(1);
        until = std::min(until.value_or(again), again);
    }
    std::error_code refused;
    without_throwing(refused, [&] { return wait_alone().wait(until, refused); });
    warm();
    failure = status::from(refused);
    return !refused;
}

// As reclaim() does with the borrow slots: fence, generation, then what the subscribers say.
bool publisher_port::look_at_gate(status& failure) noexcept {
    full_fence();  // sync[fence.gate] seq_cst: our tail, then the generation; a newcomer's bump, then our tail
    if (out_of_date() || incomplete_) {
        const auto why = refresh();
        incomplete_ = static_cast<bool>(why);
        if (why) {
            failure = status::from(why);
            return false;
        }
    }
    gate_.look(ring_.next_sequence(), waker_.peers());
    return gate_.lets(ring_.next_sequence());
}

// Who doesn't sleep hears no notice of a death: looks itself, at most once in a millisecond.
void publisher_port::look_for_the_dead() noexcept {
    const auto now = gate::clock::now();
    if (now < look_for_the_dead_at_) return;
    look_for_the_dead_at_ = now + std::chrono::milliseconds(1);
    look_at_peers();
}

void publisher_port::discard(std::uint32_t chunk) noexcept {
    ++discarded_;
    take_back(chunk);
}

bool publisher_port::has_news() noexcept {
    switch (awaits_) {
        case awaiting::room: return room_in_loop();
        case awaiting::chunk: return again();
        case awaiting::subscribers: return subscriber_count() >= awaited_count_;
        case awaiting::nothing: return true;
        case awaiting::send: break;
    }
    status failure;
    return look_at_gate(failure) || failure;
}

// Whoever is to be evicted, and a handler that wants to be asked again, end the sleep by the doorbell's timer.
bool publisher_port::room_in_loop() noexcept {
    status failure;
    if (look_at_gate(failure) || failure) return true;
    if (settings_.asks && again()) return true;
    gate_.evict(waker_.peers());
    if (look_at_gate(failure) || failure) return true;
    if (const auto due = gate_.next_eviction(); due && bell())
        bell()->look_again_after(std::max(*due - gate::clock::now(),
                                          gate::clock::duration(std::chrono::microseconds(1))));
    return false;
}

void publisher_port::await_again(awaiting what) noexcept {
    awaits_ = what;
    again_at_ = gate::clock::now() + std::chrono::milliseconds(1);
}

bool publisher_port::again() noexcept {
    const auto left = again_at_ - gate::clock::now();
    if (left <= left.zero()) return true;
    if (bell()) bell()->look_again_after(left);
    return false;
}

std::size_t publisher_port::subscriber_count() noexcept {
    if (forked()) return 0;
    if (waker_.out_of_date()) incomplete_ = static_cast<bool>(refresh());
    return static_cast<std::size_t>(
        std::count_if(waker_.peers().begin(), waker_.peers().end(), [](const auto& each) {
            return each->named && !each->ended && !each->memory.closed();
        }));
}

void publisher_port::look_at_peers() noexcept {
    if (end_the_ended(waker_.peers(), service().process(), [](peer& each) { each.ended = true; }))
        service().clean_up();
}

void publisher_port::watch_peers() { watch_roster(bell(), waker_.peers()); }

}  // namespace elkodon::port
