// Which of a publisher's chunks is free, loaned, in the ring or retired. Lies in the publisher's own memory;
// nobody else reads or writes it.
// After a kill -9 it is gone with the publisher; the segment holds all that subscribers need.
#pragma once

#include <elkodon/layout/constants.hpp>

#include <algorithm>
#include <cstdint>
#include <span>

namespace elkodon::lockfree {

/// The book of the chunks. A chunk is free, on loan, in the ring (known by the ring itself), or retired:
/// out of the ring, and perhaps still borrowed. Owner thread.
class chunk_pool {
public:
    chunk_pool() noexcept = default;

    /// The words of memory that it works in.
    static constexpr std::size_t memory_words(std::uint32_t chunks, std::uint32_t loans) noexcept {
        return 3 * std::size_t{chunks} + loans;
    }

    chunk_pool(std::span<std::uint32_t> memory, std::uint32_t chunks, std::uint32_t loans) noexcept
        : free_(memory.data()),
          retired_(free_ + chunks),
          seen_(retired_ + chunks),
          loaned_(seen_ + chunks),
          chunks_(chunks),
          max_loans_(loans) {
        for (std::uint32_t chunk = chunks; chunk > 0; --chunk) free_[free_count_++] = chunk - 1;
        std::fill_n(seen_, chunks, 0);
    }

    /// From here on hands out the `count` chunks from `first` on, and no older ones; `oldest` is the least that is still in
    /// use. `memory` has room for all between. What was free before is forgotten.
    void grow(std::span<std::uint32_t> memory,
              std::uint32_t oldest,
              std::uint32_t first,
              std::uint32_t count) noexcept {
        auto grown = chunk_pool(memory, first + count - oldest, max_loans_);
        grown.base_ = oldest;
        grown.free_count_ = 0;
        for (std::uint32_t chunk = count; chunk > 0; --chunk)
            grown.free_[grown.free_count_++] = first + chunk - 1;
        grown.retired_count_ = retired_count_;
        std::copy_n(retired_, retired_count_, grown.retired_);
        grown.loan_count_ = loan_count_;
        std::copy_n(loaned_, loan_count_, grown.loaned_);
        *this = grown;
    }

    /// Takes what came back to an older pool than that with `first` out of the free ones; `each(chunk)` is told.
    template <class F>
    void forget_older(std::uint32_t first, F&& each) noexcept {
        std::uint32_t kept = 0;
        for (std::uint32_t i = 0; i < free_count_; ++i) {
            if (free_[i] >= first) free_[kept++] = free_[i];
            else each(free_[i]);
        }
        free_count_ = kept;
    }

    std::uint32_t free_count() const noexcept { return free_count_; }
    std::uint32_t loan_count() const noexcept { return loan_count_; }
    bool loans_left() const noexcept { return loan_count_ < max_loans_; }

    /// Takes the free chunk that was announced, or the next one. Needs a free one and a loan left.
    std::uint32_t loan() noexcept {
        const auto chunk = free_[--free_count_];
        loaned_[loan_count_++] = chunk;
        return chunk;
    }

    /// A loan that was not sent: the next loan takes the same chunk, so that an announcement stays right.
    void drop(std::uint32_t chunk) noexcept {
        forget_loan(chunk);
        free_[free_count_++] = chunk;
    }

    /// The loan was published; `left` is what it pushed out of the ring.
    void sent(std::uint32_t chunk, std::uint32_t left) noexcept {
        forget_loan(chunk);
        if (left != layout::no_chunk) retired_[retired_count_++] = left;
    }

    /// The chunk that the next message is most likely to be in, once `sending` is out: the oldest loan, else
    /// the next one to be loaned.
    std::uint32_t next_announcement(std::uint32_t sending) const noexcept {
        if (loan_count_ > 1) return loaned_[0] != sending ? loaned_[0] : loaned_[1];
        return free_ahead(0);
    }

    /// A free chunk that will be loaned `ahead` loans from now, or no_chunk: for fetching its line early.
    std::uint32_t free_ahead(std::uint32_t ahead) const noexcept {
        return free_count_ > ahead ? free_[free_count_ - 1 - ahead] : layout::no_chunk;
    }

    /// A reclaim is begin_scan(), borrowed() for every chunk found in a borrow slot, finish_scan().
    void begin_scan() noexcept { ++scan_; }
    void borrowed(std::uint32_t chunk) noexcept {
        if (chunk - base_ < chunks_) seen_[chunk - base_] = scan_;
    }

    /// Frees what is retired and was not found. Below what was free before, which may have been announced.
    void finish_scan() noexcept {
        const auto free_before = free_count_;
        std::uint32_t kept = 0;
        for (std::uint32_t i = 0; i < retired_count_; ++i) {
            const auto chunk = retired_[i];
            if (seen_[chunk - base_] == scan_) retired_[kept++] = chunk;
            else free_[free_count_++] = chunk;
        }
        retired_count_ = kept;
        std::rotate(free_, free_ + free_before, free_ + free_count_);
    }

private:
    void forget_loan(std::uint32_t chunk) noexcept {
        if (loan_count_ == 1) {
            loan_count_ = 0;
            return;
        }
        const auto end = loaned_ + loan_count_;
        const auto found = std::find(loaned_, end, chunk);
        if (found == end) return;
        std::copy(found + 1, end, found);
        --loan_count_;
    }

    std::uint32_t* free_ = nullptr;  // a stack: the line that was touched last comes back first
    std::uint32_t* retired_ = nullptr;
    std::uint32_t* seen_ = nullptr;    // the number of the scan that found this chunk borrowed
    std::uint32_t* loaned_ = nullptr;  // oldest first
    std::uint32_t base_ = 0;           // the least number in the book
    std::uint32_t chunks_ = 0, max_loans_ = 0;
    std::uint32_t free_count_ = 0, retired_count_ = 0, loan_count_ = 0;
    std::uint32_t scan_ = 0;
};

}  // namespace elkodon::lockfree
