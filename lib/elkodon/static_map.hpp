// A sorted map of at most N entries that lie in the object itself: made for shared memory.
// Its owner writes it, before it is sent; a received one is read while its publisher may still write.
// After a kill -9, or from a hostile peer, it holds any bytes, in no order: then a look-up may miss, but ends,
// and stays inside.
//
// A static_vector<map_entry<K, V>, N>, with the entries in ascending order and no key twice. In an entry:
//
// | offset                          | field  | type |
// |---------------------------------|--------|------|
// | 0                               | first  | K    |
// | round_up(sizeof(K), alignof(V)) | second | V    |
#pragma once

#include <elkodon/layout/constants.hpp>
#include <elkodon/shareable.hpp>
#include <elkodon/static_vector.hpp>

#include <compare>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <span>
#include <stdexcept>
#include <string_view>
#include <type_traits>
#include <utility>

namespace elkodon {

/// A key and its value; `auto& [key, value]` takes it apart. (A std::pair isn't trivially copyable.)
/// Who changes `first` in its map must keep the order, or look-ups will miss.
template <class K, class V>
struct map_entry {
    K first;
    V second;

    friend bool operator==(const map_entry&, const map_entry&) = default;
    friend auto operator<=>(const map_entry&, const map_entry&) = default;
};

/// As std::map, sorted by the keys' `<`, with room for N entries and no more: what doesn't fit throws
/// std::length_error. Keys that are text are looked up by std::string_view. Inserting and erasing move
/// the entries behind: as std::flat_map, whose iterators it invalidates likewise. Thread rule: one at a
/// time; a received one may be read by any thread.
template <class K, class V, std::size_t N>
class static_map {
    static_assert(shareable<K> && shareable<V>,
                  "static_map<K, V, N>: K and V must be shareable: trivially copyable, without a "
                  "destructor or virtual functions, no pointer, reference or built-in array");
    static_assert(std::totally_ordered<K>, "static_map<K, V, N>: K needs == and <");
    static_assert(sizeof(map_entry<K, V>) ==
                  layout::round_up(layout::round_up(sizeof(K), alignof(V)) + sizeof(V),
                                   alignof(map_entry<K, V>)));

public:
    using key_type = K;
    using mapped_type = V;
    using value_type = map_entry<K, V>;
    using size_type = std::size_t;
    using difference_type = std::ptrdiff_t;
    using reference = value_type&;
    using const_reference = const value_type&;
    using iterator = typename static_vector<value_type, N>::iterator;
    using const_iterator = typename static_vector<value_type, N>::const_iterator;

    /// What a key is looked up by.
    using key_view = std::
        conditional_t<std::convertible_to<const K&, std::string_view>, std::string_view, const K&>;

    // Not defaulted: value-initialisation would clear all N entries first.
    static_map() noexcept {}

    /// Of entries with one key the first counts. Throw std::length_error for more than N keys.
    static_map(std::initializer_list<value_type> values) { insert(values.begin(), values.end()); }
    template <std::input_iterator It, std::sentinel_for<It> End>
    static_map(It first, End last) {
        insert(std::move(first), std::move(last));
    }

    size_type size() const noexcept { return entries_.size(); }
    bool empty() const noexcept { return entries_.empty(); }
    bool full() const noexcept { return entries_.full(); }
    static constexpr size_type capacity() noexcept { return N; }
    static constexpr size_type max_size() noexcept { return N; }

    iterator begin() noexcept { return entries_.begin(); }
    iterator end() noexcept { return entries_.end(); }
    const_iterator begin() const noexcept { return entries_.begin(); }
    const_iterator end() const noexcept { return entries_.end(); }
    const_iterator cbegin() const noexcept { return begin(); }
    const_iterator cend() const noexcept { return end(); }

    /// The entries by one look at the size.
    std::span<const value_type> view() const noexcept { return entries_.view(); }

    /// The first entry whose key isn't below; end() when there is none.
    iterator lower_bound(key_view key) noexcept { return begin() + place_of(key).index; }
    const_iterator lower_bound(key_view key) const noexcept {
        return begin() + place_of(key).index;
    }

    /// The entry with this key, or end().
    iterator find(key_view key) noexcept { return begin() + found(key); }
    const_iterator find(key_view key) const noexcept { return begin() + found(key); }
    bool contains(key_view key) const noexcept { return place_of(key).taken; }
    size_type count(key_view key) const noexcept { return contains(key) ? 1 : 0; }

    /// Throw std::out_of_range when there is no such key.
    V& at(key_view key) { return begin()[checked(key)].second; }
    const V& at(key_view key) const { return begin()[checked(key)].second; }

    /// The value of the key, new and value-initialised where there was none. Throws std::length_error
    /// when it doesn't fit.
    V& operator[](key_view key) { return try_emplace(key).first->second; }

    /// Where the key is now, and whether it is new: then the value is made of the arguments, otherwise
    /// nothing has changed. Throw std::length_error when it doesn't fit.
    template <class... Args>
    std::pair<iterator, bool> try_emplace(key_view key, Args&&... args) {
        const auto its = place_of(key);
        const auto at = begin() + its.index;
        if (its.taken) return {at, false};
        return {entries_.emplace(at, value_type{K(key), V(std::forward<Args>(args)...)}), true};
    }
    template <class Value>
    std::pair<iterator, bool> emplace(key_view key, Value&& value) {
        return try_emplace(key, std::forward<Value>(value));
    }
    std::pair<iterator, bool> insert(const value_type& entry) {
        return try_emplace(entry.first, entry.second);
    }
    template <std::input_iterator It, std::sentinel_for<It> End>
    void insert(It first, End last) {
        for (; first != last; ++first) {
            const auto& [key, value] = *first;
            try_emplace(key, value);
        }
    }
    template <class Value>
    std::pair<iterator, bool> insert_or_assign(key_view key, Value&& value) {
        const auto its = place_of(key);
        if (!its.taken) return try_emplace(key, std::forward<Value>(value));
        const auto at = begin() + its.index;
        at->second = std::forward<Value>(value);
        return {at, false};
    }

    /// How many were erased: 0 or 1.
    size_type erase(key_view key) noexcept {
        const auto its = place_of(key);
        if (its.taken) entries_.erase(begin() + its.index);
        return its.taken ? 1 : 0;
    }
    /// Erase, and return what is now in the place of the erased. Positions outside erase nothing.
    iterator erase(const_iterator position) noexcept { return entries_.erase(position); }
    iterator erase(const_iterator first, const_iterator last) noexcept {
        return entries_.erase(first, last);
    }
    void clear() noexcept { entries_.clear(); }

    friend bool operator==(const static_map& a, const static_map& b)
        requires std::equality_comparable<V>
    {
        return a.entries_ == b.entries_;
    }
    friend auto operator<=>(const static_map& a, const static_map& b)
        requires std::three_way_comparable<value_type>
    {
        return a.entries_ <=> b.entries_;
    }

private:
    struct place {
        difference_type index;  // of the lower bound
        bool taken;             // by the key itself
    };

    // Halving ends after log2(N) steps, in whatever order the keys are, and never leaves the view.
    place place_of(key_view key) const noexcept {
        const auto entries = view();
        size_type first = 0, count = entries.size();
        while (count > 0) {
            const auto half = count / 2;
            if (entries[first + half].first < key) {
                first += half + 1;
                count -= half + 1;
            } else count = half;
        }
        const bool taken = first < entries.size() && !(key < entries[first].first);
        return {static_cast<difference_type>(first), taken};
    }

    difference_type found(key_view key) const noexcept {
        const auto its = place_of(key);
        return its.taken ? its.index : static_cast<difference_type>(size());
    }

    difference_type checked(key_view key) const {
        const auto its = place_of(key);
        if (!its.taken) throw std::out_of_range("static_map::at");
        return its.index;
    }

    static_vector<value_type, N> entries_;
};

/// `static_map<u32, f32, 5>`
template <class K, class V, std::size_t N>
struct type_name<static_map<K, V, N>> {
private:
    static constexpr std::string_view opened = "static_map<";

public:
    static constexpr std::string_view value = naming::joined<opened,
                                                             naming::of<K>,
                                                             naming::comma,
                                                             naming::of<V>,
                                                             naming::comma,
                                                             naming::decimal<N>::value,
                                                             naming::closed>::value;
};

/// `map_entry<u32, f32>`
template <class K, class V>
struct type_name<map_entry<K, V>> {
private:
    static constexpr std::string_view opened = "map_entry<";

public:
    static constexpr std::string_view value =
        naming::joined<opened, naming::of<K>, naming::comma, naming::of<V>, naming::closed>::value;
};

}  // namespace elkodon
