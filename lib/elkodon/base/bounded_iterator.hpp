// An iterator over N slots in memory that another process may be writing.
// A value; it writes nothing. Whatever two ends it was compared with, dereferencing stays in the N slots.
// After a kill -9 of the writer the slots hold any bytes, and the iterator still ends.
#pragma once

#include <elkodon/base/untrusted.hpp>

#include <compare>
#include <cstddef>
#include <iterator>
#include <memory>
#include <type_traits>

namespace elkodon {

/// A contiguous iterator that finds the first slot where it would find none: the size of a foreign container
/// may be another one at each look, so that `find(…) != end()` can be true of a past-the-end iterator.
/// A value: any thread.
template <class T, std::size_t N>
class bounded_iterator {
public:
    using iterator_concept = std::contiguous_iterator_tag;
    using iterator_category = std::random_access_iterator_tag;
    using value_type = std::remove_cv_t<T>;
    using difference_type = std::ptrdiff_t;
    using pointer = T*;
    using reference = T&;

    constexpr bounded_iterator() noexcept = default;
    constexpr bounded_iterator(T* slots, std::size_t index) noexcept
        : slots_(slots), index_(static_cast<difference_type>(index)) {}

    /// From an iterator to one over constants.
    template <class Other>
        requires(std::is_same_v<const Other, T> && !std::is_const_v<Other>)
    constexpr bounded_iterator(const bounded_iterator<Other, N>& other) noexcept
        : slots_(other.slots_), index_(other.index_) {}

    constexpr reference operator*() const noexcept { return at(index_); }
    constexpr pointer operator->() const noexcept { return &at(index_); }
    constexpr reference operator[](difference_type offset) const noexcept {
        return at(index_ + offset);
    }

    constexpr bounded_iterator& operator+=(difference_type offset) noexcept {
        index_ += offset;
        return *this;
    }
    constexpr bounded_iterator& operator-=(difference_type offset) noexcept {
        return *this += -offset;
    }
    constexpr bounded_iterator& operator++() noexcept { return *this += 1; }
    constexpr bounded_iterator& operator--() noexcept { return *this += -1; }
    constexpr bounded_iterator operator++(int) noexcept {
        const auto before = *this;
        ++*this;
        return before;
    }
    constexpr bounded_iterator operator--(int) noexcept {
        const auto before = *this;
        --*this;
        return before;
    }

    friend constexpr bounded_iterator operator+(bounded_iterator at,
                                                difference_type offset) noexcept {
        return at += offset;
    }
    friend constexpr bounded_iterator operator+(difference_type offset,
                                                bounded_iterator at) noexcept {
        return at += offset;
    }
    friend constexpr bounded_iterator operator-(bounded_iterator at,
                                                difference_type offset) noexcept {
        return at -= offset;
    }
    friend constexpr difference_type operator-(bounded_iterator a, bounded_iterator b) noexcept {
        return a.index_ - b.index_;
    }
    friend constexpr bool operator==(bounded_iterator a, bounded_iterator b) noexcept {
        return a.index_ == b.index_;
    }
    friend constexpr auto operator<=>(bounded_iterator a, bounded_iterator b) noexcept {
        return a.index_ <=> b.index_;
    }

private:
    template <class Other, std::size_t Count>
    friend class bounded_iterator;
    friend std::pointer_traits<bounded_iterator>;

    constexpr reference at(difference_type index) const noexcept {
        return slots_[inside<N>(static_cast<std::size_t>(index))];
    }

    T* slots_ = nullptr;
    difference_type index_ = 0;
};

}  // namespace elkodon

/// The address of a past-the-end iterator is past the end: for those who take an address and a count.
template <class T, std::size_t N>
struct std::pointer_traits<elkodon::bounded_iterator<T, N>> {
    using pointer = elkodon::bounded_iterator<T, N>;
    using element_type = T;
    using difference_type = std::ptrdiff_t;

    static constexpr T* to_address(pointer at) noexcept { return at.slots_ + at.index_; }
};
