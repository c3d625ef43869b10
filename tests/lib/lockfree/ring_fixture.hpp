// A publisher's segment in plain memory, its writer and pool, and subscribers with their borrow slots beside it.
// Each of the three structs is used by one thread at a time; what they share is what processes share.
#pragma once

#include <elkodon/lockfree/chunk_pool.hpp>
#include <elkodon/lockfree/ring_reader.hpp>
#include <elkodon/lockfree/ring_writer.hpp>

#include <array>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <vector>

namespace tests {

namespace layout = elkodon::layout;
namespace lockfree = elkodon::lockfree;
using lockfree::look;

inline constexpr std::uint64_t publisher_number = 0x1234'5678'9abc'def0;

/// The segment, with a ring that begins at `first`. Every word can be scribbled on.
class ring_memory {
public:
    ring_memory(std::uint32_t ring,
                std::uint32_t chunks,
                std::uint64_t payload = 8,
                std::uint64_t first = 0,
                std::uint64_t alignment = 8)
        : geometry(layout::publisher_geometry_of(ring, chunks, payload, alignment)),
          bytes_(static_cast<std::byte*>(
              ::operator new(geometry.total, std::align_val_t{layout::page}))) {
        std::memset(bytes_.get(), 0, geometry.total);
        writer = lockfree::ring_writer(data(), geometry, first ? first : ring);
    }

    std::byte* data() noexcept { return bytes_.get(); }
    layout::publisher_segment& segment() noexcept {
        return *reinterpret_cast<layout::publisher_segment*>(data());
    }
    layout::ring_slot& slot(std::uint64_t sequence) noexcept {
        return segment().ring[sequence % geometry.ring_size];
    }
    layout::chunk_header& header(std::uint32_t chunk) noexcept {
        return *reinterpret_cast<layout::chunk_header*>(writer.payload(chunk) -
                                                        sizeof(layout::chunk_header));
    }

    /// Publishes a message whose payload is its own sequence.
    std::uint32_t publish(std::uint32_t chunk, std::uint32_t announced = layout::no_chunk) noexcept {
        const auto sequence = writer.next_sequence();
        std::memcpy(writer.payload(chunk), &sequence, sizeof sequence);
        return writer.publish(chunk, announced, 1);
    }

    template <class Reader = lockfree::ring_reader>
    Reader reader(std::uint64_t history) noexcept {
        Reader made(data(), geometry, publisher_number);
        made.start_with_history(history);
        return made;
    }

    const layout::publisher_geometry geometry;
    lockfree::ring_writer writer;

private:
    struct release {
        void operator()(std::byte* bytes) const noexcept {
            ::operator delete(bytes, std::align_val_t{layout::page});
        }
    };
    std::unique_ptr<std::byte, release> bytes_;
};

/// Chooses chunks as a publisher does, and scans borrow slots when it runs short.
class ring_publisher {
public:
    ring_publisher(ring_memory& memory, std::uint32_t loans)
        : memory_(memory),
          words_(lockfree::chunk_pool::memory_words(memory.geometry.chunk_count, loans)),
          pool_(words_, memory.geometry.chunk_count, loans) {}

    /// Whose borrow slots a reclaim looks at.
    void scans(std::span<layout::borrow_slot> slots) { scanned_.push_back(slots); }

    std::uint32_t loan() noexcept {
        if (pool_.free_count() < 2) reclaim();
        return pool_.free_count() == 0 ? layout::no_chunk : pool_.loan();
    }
    void drop(std::uint32_t chunk) noexcept { pool_.drop(chunk); }
    void send(std::uint32_t chunk) noexcept {
        pool_.sent(chunk, memory_.writer.publish(chunk, pool_.next_announcement(chunk), 1));
    }

private:
    void reclaim() noexcept {
        elkodon::full_fence();
        pool_.begin_scan();
        for (const auto slots : scanned_)
            for (const auto& slot : slots) {
                const auto word = slot.load(elkodon::fenced_load);
                if (lockfree::number_in(word) == (publisher_number & lockfree::low_40))
                    pool_.borrowed(lockfree::chunk_in(word));
            }
        pool_.finish_scan();
    }

    ring_memory& memory_;
    std::vector<std::uint32_t> words_;
    lockfree::chunk_pool pool_;
    std::vector<std::span<layout::borrow_slot>> scanned_;
};

/// A subscriber's place in the ring, with `Slots` borrow slots.
template <std::size_t Slots = 64, class Reader = lockfree::ring_reader>
struct ring_subscriber {
    explicit ring_subscriber(ring_memory& memory, std::uint64_t history = 0)
        : reader(memory.template reader<Reader>(history)) {}

    /// One message, let go of at once; its payload, or nothing.
    std::optional<std::uint64_t> take() {
        lockfree::taken_message message;
        found = reader.take(slots[0], message);
        if (found != look::taken) return std::nullopt;
        std::uint64_t value = 0;
        std::memcpy(&value, message.payload, sizeof value);
        sequence = message.sequence;
        slots[0].store(0, std::memory_order_release);
        return value;
    }

    /// All that is there, one after the other.
    std::vector<std::uint64_t> drain() {
        std::vector<std::uint64_t> values;
        while (const auto value = take()) values.push_back(*value);
        return values;
    }

    /// As drain(), by take_many alone, at most `most` of them.
    std::vector<std::uint64_t> take_many(std::size_t most) {
        std::array<layout::borrow_slot*, Slots> words;
        for (std::size_t i = 0; i < Slots; ++i) words[i] = &slots[i];
        std::array<lockfree::taken_message, Slots> messages;
        batch = reader.take_many({words.data(), most}, {messages.data(), most});
        std::vector<std::uint64_t> values;
        for (auto i = batch.first; i < batch.last; ++i) {
            std::uint64_t value = 0;
            std::memcpy(&value, messages[i].payload, sizeof value);
            values.push_back(value);
            slots[i].store(0, std::memory_order_release);
        }
        return values;
    }

    bool borrows_nothing() const {
        for (const auto& slot : slots)
            if (slot.load() != 0) return false;
        return true;
    }

    Reader reader;
    std::array<layout::borrow_slot, Slots> slots{};
    look found = look::empty;
    std::uint64_t sequence = 0;
    lockfree::batch batch;
};

/// first, first + 1, … last − 1
inline std::vector<std::uint64_t> numbers(std::uint64_t first, std::uint64_t last) {
    std::vector<std::uint64_t> made;
    for (; first != last; ++first) made.push_back(first);
    return made;
}

}  // namespace tests
