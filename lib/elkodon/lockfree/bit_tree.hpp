// A set of small numbers in two levels of bits: leaves, and a summary that says which leaves to look at.
// Anybody marks, one owner takes. After a kill -9 between leaf and summary the mark is invisible until the
// next one to that leaf, which is why an owner takes everything after a death notice.
#pragma once

#include <elkodon/base/atomic.hpp>

#include <bit>
#include <cstddef>
#include <span>

namespace elkodon::lockfree {

/// Works on words that lie elsewhere. What it reads is untrusted: a number out of range is dropped.
class bit_tree {
public:
    bit_tree() noexcept = default;

    /// `leaves` has a bit for every number; `summary` a bit for every leaf.
    bit_tree(std::span<atomic<std::uint64_t>> summary,
             std::span<atomic<std::uint64_t>> leaves) noexcept
        : summary_(summary), leaves_(leaves) {}

    std::size_t capacity() const noexcept { return leaves_.size() * 64; }

    /// Adds `number`. Any thread. A full fence stands between what the caller published and this call.
    ///
    /// When both bits are set already nothing is written: the fence before these loads orders them after
    /// the caller's publishing, so the owner, who clears before it looks, has yet to look.
    void mark(std::size_t number) noexcept {
        if (number >= capacity()) return;
        auto& leaf = leaves_[number / 64];
        auto& top = summary_[number / 4096];
        const auto leaf_bit = std::uint64_t{1} << number % 64;
        const auto top_bit = std::uint64_t{1} << number / 64 % 64;
        // sync[bits.leaf] seq_cst: the pair with take(): it clears, then looks; we publish, then see it set.
        // sync[bits.summary] seq_cst: as the leaf.
        if ((leaf.load(std::memory_order_seq_cst) & leaf_bit) &&
            (top.load(std::memory_order_seq_cst) & top_bit))
            return;
        // sync[bits.leaf] release: the leaf is set before the summary that leads to it.
        leaf.fetch_or(leaf_bit, std::memory_order_seq_cst);
        // sync[bits.summary] seq_cst: set before the waker loads the armed word; the sleeper stores the
        // armed word before it loads the summary. One of the two sees the other.
        top.fetch_or(top_bit, std::memory_order_seq_cst);
    }

    /// Whether anything is marked. Owner thread.
    bool any() const noexcept {
        for (const auto& word : summary_)
            // sync[bits.summary] seq_cst: after the armed word was stored; see mark().
            if (word.load(std::memory_order_seq_cst) != 0) return true;
        return false;
    }

    /// Removes everything and calls `found(number)` for each, in order. Owner thread.
    ///
    /// Summary first, then leaves: a mark that comes between is found now or leads here again.
    template <class Found>
    void take(Found&& found) noexcept {
        for (std::size_t top = 0; top < summary_.size(); ++top) {
            // relaxed: an empty word needs no write; any() decides before sleeping.
            if (summary_[top].load(std::memory_order_relaxed) == 0) continue;
            // sync[bits.summary] seq_cst: cleared before the leaves, see mark().
            auto tops = summary_[top].exchange(0, std::memory_order_seq_cst);
            for (; tops != 0; tops &= tops - 1)
                take_leaf(top * 64 + static_cast<std::size_t>(std::countr_zero(tops)), found);
        }
    }

    /// As take(), without asking the summary: after a death notice, or when a scribbler cleared it.
    template <class Found>
    void take_all(Found&& found) noexcept {
        for (auto& word : summary_)
            word.exchange(
                0, std::memory_order_seq_cst);  // sync[bits.summary] seq_cst: before the leaves
        for (std::size_t leaf = 0; leaf < leaves_.size(); ++leaf) take_leaf(leaf, found);
    }

private:
    template <class Found>
    void take_leaf(std::size_t index, Found&& found) noexcept {
        if (index >= leaves_.size()) return;
        // relaxed: an empty leaf has nothing to take, and nothing to order.
        if (leaves_[index].load(std::memory_order_relaxed) == 0) return;
        // sync[bits.leaf] acquire: what was published before the mark is visible after it.
        auto bits = leaves_[index].exchange(0, std::memory_order_seq_cst);
        for (; bits != 0; bits &= bits - 1)
            found(index * 64 + static_cast<std::size_t>(std::countr_zero(bits)));
    }

    std::span<atomic<std::uint64_t>> summary_;
    std::span<atomic<std::uint64_t>> leaves_;
};

}  // namespace elkodon::lockfree
