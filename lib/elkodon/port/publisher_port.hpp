// A publisher without types: bytes in chunks. publisher<T> is a page over it.
// It alone writes its segment. Publishing is a handful of plain stores, whatever the number of subscribers.
// After a kill -9 between two of them its subscribers end on the same message.
#pragma once

#include <elkodon/base/status.hpp>
#include <elkodon/layout/subscriber_segment.hpp>
#include <elkodon/lockfree/chunk_pool.hpp>
#include <elkodon/lockfree/ring_writer.hpp>
#include <elkodon/port/waker.hpp>

namespace elkodon::port {

/// A subscriber, as a publisher knows it.
struct subscriber_peer : sleeper {
    const layout::subscriber_segment& layout() const noexcept {
        return memory.as<layout::subscriber_segment>();
    }
    const layout::wake_address& wake_address() const noexcept { return layout().wake_at; }
};

/// One at a time, its loans included. Lives until its last loan is gone.
class publisher_port {
public:
    explicit publisher_port(std::shared_ptr<service::service_directory> service,
                            std::uint64_t first_sequence = 0);
    ~publisher_port();
    publisher_port(const publisher_port&) = delete;
    publisher_port& operator=(const publisher_port&) = delete;

    port_id id() const noexcept { return id_; }

    /// A chunk to write into, or no_chunk and why: loans_exhausted, chunks_exhausted, forked, or our own
    /// failure to map a subscriber.
    std::uint32_t loan(status& ec) noexcept {
        if (fork_generation_ != os::fork_generation()) [[unlikely]]
            return refuse(ec, errc::forked);
        if (!pool_.loans_left()) return refuse(ec, errc::loans_exhausted);
        if ((pool_.free_count() < 2 || incomplete_) && !reclaim(ec)) return layout::no_chunk;
        return pool_.loan();
    }

    /// Gives back a loan that will not be sent.
    void drop(std::uint32_t chunk) noexcept {
        pool_.drop(chunk);
        if (abandoned_ && pool_.loan_count() == 0) delete this;
    }

    /// Publishes a loan of `length` elements.
    status send(std::uint32_t chunk, std::uint32_t length) noexcept {
        if (fork_generation_ != os::fork_generation()) [[unlikely]]
            return errc::forked;
        pool_.sent(chunk, ring_.publish(chunk, pool_.next_announcement(chunk), length));
        ring_.fetch(pool_.free_ahead(8));
        // sync[fence.light] light: our message, then the waiter bits; the sleeper's bit, then its look.
        os::light_fence();
        if (waker_.anybody_waits()) wake();
        return {};
    }

    std::byte* payload(std::uint32_t chunk) const noexcept { return ring_.payload(chunk); }

    /// Ends the port: its name goes once every living subscriber has mapped it, its memory with its last loan.
    static void abandon(publisher_port* port) noexcept;

    /// Who holds on to our chunks, for the message of chunks_exhausted.
    std::string who_pins() const;

    /// The size of the segment, in bytes.
    std::uint64_t memory_size() const noexcept { return segment_.size(); }

private:
    static std::uint32_t refuse(status& ec, errc why) noexcept {
        ec = why;
        return layout::no_chunk;
    }

    void wake() noexcept;
    void end() noexcept;
    bool reclaim(status& ec) noexcept;
    bool scan(status& ec) noexcept;
    std::error_code refresh() noexcept;

    std::shared_ptr<service::service_directory> service_;
    port_id id_;
    std::uint32_t fork_generation_;
    bool abandoned_ = false;
    bool incomplete_ =
        false;  // a subscriber could not be mapped: the next loan tries again, or says why
    lockfree::ring_writer ring_;
    std::vector<std::uint32_t> pool_memory_;
    lockfree::chunk_pool pool_;
    waker<subscriber_peer> waker_;
    std::uint32_t borrow_count_;
    std::uint32_t slot_ = 0;
    segment::own_segment segment_;
};

/// The geometry of a publisher of this service: ring + all loans + all borrow slots + 1 chunks, and a slack
/// of as many as one scan should bring in.
layout::publisher_geometry geometry_for(const service::static_configuration& configuration) noexcept;

}  // namespace elkodon::port
