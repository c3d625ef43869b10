// A publisher without types: bytes in chunks. publisher<T> is a page over it.
// It alone writes its segment. Publishing is a handful of plain stores, whatever the number of subscribers.
// After a kill -9 between two of them its subscribers end on the same message.
#pragma once

#include <elkodon/base/allocation.hpp>
#include <elkodon/base/backpressure.hpp>
#include <elkodon/base/degradation.hpp>
#include <elkodon/base/status.hpp>
#include <elkodon/layout/subscriber_segment.hpp>
#include <elkodon/lockfree/chunk_pool.hpp>
#include <elkodon/lockfree/ring_writer.hpp>
#include <elkodon/port/gate.hpp>
#include <elkodon/port/lone_wait.hpp>
#include <elkodon/port/pace.hpp>
#include <elkodon/port/waiting_port.hpp>

#include <optional>

namespace elkodon::port {

/// What a publisher is made with.
struct publisher_settings {
    std::string name;  // for people
    backpressure when_full = backpressure::block;
    backpressure_handler asks;  // in place of when_full
    std::uint64_t initial_max_slice_len = 1;
    allocation_strategy allocation = allocation_strategy::fixed;
    degradation_handler on_degradation;        // none: fail
    std::optional<bool> prefault, huge_pages;  // none: as the node says
    std::optional<wait_strategy> strategy;     // none: the process' default
    std::uint64_t first_sequence = 0;  // 0: the ring's size; for tests that begin just below a wrap
};

/// Since when a message is held up by its subscribers, and whether it has to wait on.
struct held_up {
    std::optional<gate::clock::time_point> since;
    bool waits = false;
};

/// One at a time, its loans included. Lives until its last loan is gone. Waits for lossless subscribers; in a loop also
/// for a chunk, and for subscribers to come.
class publisher_port final : public waiting_port {
public:
    explicit publisher_port(std::shared_ptr<service::service_directory> service,
                            publisher_settings settings = {});
    ~publisher_port() override;

    port_id id() const noexcept { return id_; }
    std::string name() const { return segment_.name(); }

    /// A chunk to write into, or no_chunk and why: loans_exhausted, chunks_exhausted, forked, or our own
    /// failure to map a subscriber.
    std::uint32_t loan(status& ec) noexcept {
        if (forked()) [[unlikely]]
            return refuse(ec, errc::forked);
        if (!pool_.loans_left()) return refuse(ec, errc::loans_exhausted);
        if ((pool_.free_count() < 2 || incomplete_) && !reclaim(ec)) return layout::no_chunk;
        return pool_.loan();
    }

    /// The same for a slice of `length` elements, for which a further pool may have to be made; slice_too_long, and
    /// what making one failed with, as well.
    std::uint32_t loan(std::uint64_t length, status& ec) noexcept {
        if (length > room_ && !make_room(length, ec)) [[unlikely]]
            return layout::no_chunk;
        return loan(ec);
    }

    /// Gives back a loan that will not be sent.
    void drop(std::uint32_t chunk) noexcept {
        take_back(chunk);
        if (abandoned_ && pool_.loan_count() == 0) delete this;
    }

    /// Publishes a loan of `length` elements. In a lossless service it may wait, fail with buffer_full or with what
    /// waiting failed with, or discard: then the loan is dropped and counted. Pools: many for whoever loans slices.
    template <lockfree::pools Pools = lockfree::pools::one>
    status send(std::uint32_t chunk, std::uint32_t length) noexcept {
        if (forked()) [[unlikely]]
            return errc::forked;
        if (!gate_.open(ring_.next_sequence())) [[unlikely]] {
            status failure;
            if (!prepare(chunk, failure)) {
                if (!failure) discard(chunk);
                return failure;
            }
        }
        pool_.sent(chunk, ring_.publish<Pools>(chunk, pool_.next_announcement(chunk), length));
        if (pace_.is_stream()) ring_.fetch_ahead<Pools>(pool_.free_ahead(8));
        // sync[fence.light] light: our message, then the waiter bits; the sleeper's bit, then its look.
        os::light_fence();
        if (waker_.anybody_waits()) wake();
        return {};
    }

    /// The same for a loop: where send() would wait, nothing has happened, and `how.waits`. has_news() tells when to try
    /// again.
    template <lockfree::pools Pools = lockfree::pools::one>
    status send_or_wait(std::uint32_t chunk, std::uint32_t length, held_up& how) noexcept {
        how.waits = false;
        in_loop_ = &how;
        const auto failure = send<Pools>(chunk, length);
        in_loop_ = nullptr;
        if (how.waits) awaits_ = awaiting::room;
        else if (how.since) warm();
        return failure;
    }

    /// In a loop: has_news() is true, whatever was awaited before.
    void await_nothing() noexcept { awaits_ = awaiting::nothing; }

    /// In a loop: has_news() tells when to ask for a chunk again. Samples are let go silently, so that is once in a
    /// millisecond.
    void await_chunk() noexcept { await_again(awaiting::chunk); }

    /// In a loop: has_news() tells when there are so many subscribers.
    void await_subscribers(std::size_t count) noexcept {
        awaits_ = awaiting::subscribers;
        awaited_count_ = count;
    }

    /// Those that have a name and haven't ended. Reads the directory when it has changed.
    std::size_t subscriber_count() noexcept;

    template <lockfree::pools Pools = lockfree::pools::one>
    std::byte* payload(std::uint32_t chunk) const noexcept {
        return ring_.payload<Pools>(chunk);
    }

    /// What the service carries.
    const type_details& type() const noexcept { return service().configuration().type; }

    /// Ends the port: its name goes once every living subscriber has mapped it, its memory with its last loan.
    static void abandon(publisher_port* port) noexcept;

    /// Messages that reached nobody, since a subscriber was full.
    std::uint64_t discarded() const noexcept { return discarded_; }

    bool has_news() noexcept override;
    void look_at_peers() noexcept override;

    /// Who holds on to our chunks, for the message of chunks_exhausted.
    std::string who_pins() const;

    /// The size of the segment and of all further pools, in bytes.
    std::uint64_t memory_size() const noexcept;

private:
    /// A pool of ours. The first one lies in our segment, and has no file of its own.
    struct pool_file {
        lockfree::pool pool;
        std::uint32_t in_use = 0;  // once it isn't the newest: in the ring, on loan, or borrowed
        std::uint32_t entry = 0;
        std::string name;
        segment::own_segment memory;
    };

    /// What has_news() is about. `send`: a thread of ours waits in there, and looks at clocks itself.
    enum class awaiting { nothing, send, room, chunk, subscribers };

    static std::uint32_t refuse(status& ec, errc why) noexcept {
        ec = why;
        return layout::no_chunk;
    }

    void take_back(std::uint32_t chunk) noexcept {
        pool_.drop(chunk);
        if (files_.size() > 1) [[unlikely]]
            forget_older_chunks();
    }

    layout::wake_address& wake_address() noexcept override {
        return segment_.as<layout::publisher_segment>().wake_at;
    }
    void watch_peers() override;

    bool prepare(std::uint32_t chunk, status& failure) noexcept;
    bool pass_gate(status& failure) noexcept;
    backpressure decide(std::chrono::nanoseconds waited) const noexcept;
    bool wait_for_room(status& failure) noexcept;
    bool look_at_gate(status& failure) noexcept;
    void look_for_the_dead() noexcept;
    bool room_in_loop() noexcept;
    void await_again(awaiting what) noexcept;
    bool again() noexcept;
    void discard(std::uint32_t chunk) noexcept;

    bool make_room(std::uint64_t length, status& ec) noexcept;
    void grow(std::uint32_t room);
    std::uint32_t free_entry();
    void forget_older_chunks() noexcept;
    void release_pools() noexcept;
    void unlink(pool_file& file) noexcept;
    void rebuild_older() noexcept;

    void wake() noexcept;
    void end() noexcept;
    bool reclaim(status& ec) noexcept;
    bool scan(status& ec) noexcept;
    std::error_code refresh() noexcept;
    bool out_of_date() noexcept;

    port_id id_;
    publisher_settings settings_;
    bool abandoned_ = false;
    bool incomplete_ =
        false;  // a subscriber could not be mapped: the next loan tries again, or says why
    bool ignored_ = false;  // incomplete, and the handler doesn't mind
    os::paging paging_;
    std::uint64_t time_distance_ = 0;  // from a payload to its time of sending; 0: there is none
    lockfree::ring_writer ring_;
    std::vector<std::uint32_t> pool_memory_;
    lockfree::chunk_pool pool_;
    pace pace_;
    gate gate_;
    gate::clock::time_point look_for_the_dead_at_{};
    held_up* in_loop_ = nullptr;  // while a loop sends
    awaiting awaits_ = awaiting::nothing;
    std::size_t awaited_count_ = 0;
    gate::clock::time_point again_at_{};
    std::uint64_t discarded_ = 0;
    std::uint32_t room_ = 1;        // the longest slice that a chunk can hold
    std::vector<pool_file> files_;  // by first chunk; the last is the newest: all free chunks are its
    std::vector<lockfree::pool> older_;  // of files_ but the newest, for the ring
    waker<subscriber_peer> waker_;
    std::uint64_t names_known_ = 0;  // service().name_changes() before the directory was read last
    std::uint32_t borrow_count_;
    std::uint32_t slot_ = 0;
    segment::own_segment segment_;
};

/// The geometry of a publisher of this service, with chunks for `length` elements each: ring + all loans + all borrow
/// slots + 1 chunks, and a slack of as many as one scan should bring in.
layout::publisher_geometry geometry_for(const service::static_configuration& configuration,
                                        std::uint32_t length = 1) noexcept;

/// What a publisher with these settings would have as its memory_size() in the beginning. Throws invalid_value, as creating
/// it would.
std::uint64_t memory_size_of(const service::service_directory& service,
                             const publisher_settings& settings);

/// The longest slice that there can be: its length has 32 bits, its bytes have a limit. 1 for values.
std::uint64_t longest_slice(const type_details& type) noexcept;

}  // namespace elkodon::port
