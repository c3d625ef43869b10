// A vector of at most N elements that lie in the object itself: made for shared memory.
// Its owner writes it, before it is sent; a received one is read while its publisher may still write.
// After a kill -9, or from a hostile peer, it holds any bytes: its size is read once a call, and at most N.
//
// | offset             | field    | type    |                                          |
// |--------------------|----------|---------|------------------------------------------|
// | 0                  | size     | u32     | more than N means N                      |
// | max(4, alignof(T)) | elements | T[N]    | those from size on have no defined bytes |
#pragma once

#include <elkodon/base/bounded_iterator.hpp>
#include <elkodon/base/untrusted.hpp>
#include <elkodon/layout/constants.hpp>
#include <elkodon/shareable.hpp>

#include <algorithm>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <memory>
#include <span>
#include <stdexcept>
#include <utility>

namespace elkodon {

/// As std::vector, with room for N elements and no more: what doesn't fit throws std::length_error, or
/// is refused by the `try_` functions. `[]`, `front` and `back` ask nothing, and find the first slot
/// where std's would leave the storage; `at` throws std::out_of_range. What an element means, and that
/// a received bool is one, is the publisher's word. Thread rule: one at a time; a received one may be
/// read by any thread.
template <class T, std::size_t N>
class static_vector {
    static_assert(shareable<T>,
                  "static_vector<T, N>: T must be shareable: trivially copyable, without a "
                  "destructor or virtual functions, no pointer, reference or built-in array");
    static_assert(N > 0 && N <= std::numeric_limits<std::uint32_t>::max(),
                  "static_vector<T, N>: N is between 1 and 2^32 - 1");

public:
    using value_type = T;
    using size_type = std::size_t;
    using difference_type = std::ptrdiff_t;
    using reference = T&;
    using const_reference = const T&;
    using pointer = T*;
    using const_pointer = const T*;
    using iterator = bounded_iterator<T, N>;
    using const_iterator = bounded_iterator<const T, N>;
    using reverse_iterator = std::reverse_iterator<iterator>;
    using const_reverse_iterator = std::reverse_iterator<const_iterator>;

    // Not defaulted: value-initialisation would clear all N slots first.
    static_vector() noexcept { leave_bytes(items_); }

    /// These throw std::length_error for more than N elements.
    explicit static_vector(size_type count) : static_vector() { resize(count); }
    static_vector(size_type count, const T& value) : static_vector() { resize(count, value); }
    static_vector(std::initializer_list<T> values) : static_vector() {
        append(values.begin(), values.end());
    }
    template <std::input_iterator It, std::sentinel_for<It> End>
    static_vector(It first, End last) : static_vector() {
        append(std::move(first), std::move(last));
    }

    static_vector& operator=(std::initializer_list<T> values) {
        assign(values);
        return *this;
    }

    /// Replace all elements. Throw std::length_error for more than N, and are then unspecified but whole.
    /// The values must not be elements of this vector.
    void assign(size_type count, const T& value) {
        clear();
        resize(count, value);
    }
    void assign(std::initializer_list<T> values) { assign(values.begin(), values.end()); }
    template <std::input_iterator It, std::sentinel_for<It> End>
    void assign(It first, End last) {
        clear();
        append(std::move(first), std::move(last));
    }

    size_type size() const noexcept {
        return untrusted(read_once(size_)).at_most(static_cast<std::uint32_t>(N));
    }
    bool empty() const noexcept { return size() == 0; }
    bool full() const noexcept { return size() == N; }
    static constexpr size_type capacity() noexcept { return N; }
    static constexpr size_type max_size() noexcept { return N; }

    T* data() noexcept {
        static_assert(as_documented());
        return items_;
    }
    const T* data() const noexcept {
        static_assert(as_documented());
        return items_;
    }

    /// The elements by one look at the size: the fastest way to read a received vector, since nobody can
    /// change what a span says.
    std::span<T> view() noexcept { return {data(), size()}; }
    std::span<const T> view() const noexcept { return {data(), size()}; }

    T& operator[](size_type index) noexcept { return items_[inside<N>(index)]; }
    const T& operator[](size_type index) const noexcept { return items_[inside<N>(index)]; }
    T& at(size_type index) { return items_[checked(index)]; }
    const T& at(size_type index) const { return items_[checked(index)]; }
    T& front() noexcept { return items_[0]; }
    const T& front() const noexcept { return items_[0]; }
    T& back() noexcept { return (*this)[size() - 1]; }
    const T& back() const noexcept { return (*this)[size() - 1]; }

    iterator begin() noexcept { return {data(), 0}; }
    iterator end() noexcept { return {data(), size()}; }
    const_iterator begin() const noexcept { return {data(), 0}; }
    const_iterator end() const noexcept { return {data(), size()}; }
    const_iterator cbegin() const noexcept { return begin(); }
    const_iterator cend() const noexcept { return end(); }
    reverse_iterator rbegin() noexcept { return reverse_iterator(end()); }
    reverse_iterator rend() noexcept { return reverse_iterator(begin()); }
    const_reverse_iterator rbegin() const noexcept { return const_reverse_iterator(end()); }
    const_reverse_iterator rend() const noexcept { return const_reverse_iterator(begin()); }
    const_reverse_iterator crbegin() const noexcept { return rbegin(); }
    const_reverse_iterator crend() const noexcept { return rend(); }

    void clear() noexcept { size_ = 0; }

    /// Constructs an element at the end; false, with nothing constructed, when there is no room.
    template <class... Args>
    bool try_emplace_back(Args&&... args) {
        const auto count = size();
        if (count == N) return false;
        std::construct_at(items_ + count, std::forward<Args>(args)...);
        set_size(count + 1);
        return true;
    }
    bool try_push_back(const T& value) { return try_emplace_back(value); }

    /// Throw std::length_error when there is no room.
    template <class... Args>
    T& emplace_back(Args&&... args) {
        if (!try_emplace_back(std::forward<Args>(args)...)) too_many();
        return back();
    }
    void push_back(const T& value) { emplace_back(value); }

    /// Nothing when there is none.
    void pop_back() noexcept {
        if (const auto count = size(); count > 0) set_size(count - 1);
    }

    /// Throw std::length_error for more than N.
    void resize(size_type count) {
        extend(count, [](T* slot) { std::construct_at(slot); });
    }
    void resize(size_type count, const T& value) {
        extend(count, [&](T* slot) { std::construct_at(slot, value); });
    }

    /// Insert before `position`, and return where the first of them is. Throw std::length_error when
    /// there is no room: then those that fitted are at the end. Values of a range must not be elements
    /// of this vector.
    template <class... Args>
    iterator emplace(const_iterator position, Args&&... args) {
        return insert_by(position, [&] { emplace_back(std::forward<Args>(args)...); });
    }
    iterator insert(const_iterator position, const T& value) { return emplace(position, value); }
    iterator insert(const_iterator position, size_type count, const T& value) {
        return insert_by(position, [&, copy = value] {
            if (count > N - size()) too_many();
            resize(size() + count, copy);
        });
    }
    iterator insert(const_iterator position, std::initializer_list<T> values) {
        return insert(position, values.begin(), values.end());
    }
    template <std::input_iterator It, std::sentinel_for<It> End>
    iterator insert(const_iterator position, It first, End last) {
        return insert_by(position, [&] { append(std::move(first), std::move(last)); });
    }

    /// Erase, and return what is now in the place of the erased. Positions outside erase nothing.
    iterator erase(const_iterator position) noexcept { return erase(position, position + 1); }
    iterator erase(const_iterator first, const_iterator last) noexcept {
        const auto count = size();
        const auto from = index_of(first, count), to = std::max(from, index_of(last, count));
        std::copy(items_ + to, items_ + count, items_ + from);
        set_size(count - (to - from));
        return begin() + static_cast<difference_type>(from);
    }

    friend bool operator==(const static_vector& a, const static_vector& b)
        requires std::equality_comparable<T>
    {
        return std::ranges::equal(a.view(), b.view());
    }
    friend auto operator<=>(const static_vector& a, const static_vector& b)
        requires std::three_way_comparable<T>
    {
        const auto x = a.view(), y = b.view();
        return std::lexicographical_compare_three_way(x.begin(), x.end(), y.begin(), y.end());
    }

private:
    [[noreturn]] static void too_many() {
        throw std::length_error("static_vector<T, N>: more than N elements");
    }

    size_type checked(size_type index) const {
        if (index >= size()) throw std::out_of_range("static_vector::at");
        return index;
    }

    size_type index_of(const_iterator position, size_type count) const noexcept {
        const auto index = position - begin();
        return index < 0 ? count : std::min(static_cast<size_type>(index), count);
    }

    void set_size(size_type count) noexcept { size_ = static_cast<std::uint32_t>(count); }

    template <std::input_iterator It, std::sentinel_for<It> End>
    void append(It first, End last) {
        for (; first != last; ++first) emplace_back(*first);
    }

    template <class Construct>
    void extend(size_type count, Construct construct) {
        if (count > N) too_many();
        for (auto at = size(); at < count; ++at) construct(items_ + at);
        set_size(count);
    }

    // At the end first, then turned into place: a value that is one of the elements is read before they
    // move.
    template <class Append>
    iterator insert_by(const_iterator position, Append append_all) {
        const auto count = size(), at = index_of(position, count);
        append_all();
        std::rotate(items_ + at, items_ + count, items_ + size());
        return begin() + static_cast<difference_type>(at);
    }

    static consteval bool as_documented() {
        constexpr auto alignment = std::max(alignof(std::uint32_t), alignof(T));
        // Of other classes offsetof says nothing that the standard vouches for; their sizes say it.
        if constexpr (std::is_standard_layout_v<T>)
            if (offsetof(static_vector, size_) != 0 || offsetof(static_vector, items_) != alignment)
                return false;
        return alignof(static_vector) == alignment &&
               sizeof(static_vector) == layout::round_up(alignment + N * sizeof(T), alignment);
    }

    std::uint32_t size_ = 0;
    union {
        T items_[N];
    };
};

/// `static_vector<u64, 16>`
template <class T, std::size_t N>
struct type_name<static_vector<T, N>> {
private:
    static constexpr std::string_view opened = "static_vector<";

public:
    static constexpr std::string_view value = naming::
        joined<opened, naming::of<T>, naming::comma, naming::decimal<N>::value, naming::closed>::value;
};

}  // namespace elkodon
