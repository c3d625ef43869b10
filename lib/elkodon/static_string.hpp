// A string of at most N bytes that lie in the object itself: made for shared memory.
// Its owner writes it, before it is sent; a received one is read while its publisher may still write.
// After a kill -9, or from a hostile peer, it holds any bytes: its size is read once a call, and at most N.
//
// | offset | field      | type      |                                                        |
// |--------|------------|-----------|--------------------------------------------------------|
// | 0      | size       | u32       | in bytes; more than N means N                          |
// | 4      | characters | char[N+1] | a NUL at [size], from an honest writer; then undefined |
#pragma once

#include <elkodon/base/bounded_iterator.hpp>
#include <elkodon/base/untrusted.hpp>
#include <elkodon/layout/constants.hpp>
#include <elkodon/shareable.hpp>

#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <iterator>
#include <limits>
#include <stdexcept>
#include <string_view>

namespace elkodon {

/// As std::string, with room for N bytes and no more: what doesn't fit throws std::length_error, or is
/// refused by `try_append`. Converts to std::string_view, which has whatever is missing here
/// (`text.view().find(…)`). `[]`, `front` and `back` ask nothing, and find the first byte where std's
/// would leave the storage. Thread rule: one at a time; a received one may be read by any thread.
template <std::size_t N>
class static_string {
    static_assert(N > 0 && N < std::numeric_limits<std::uint32_t>::max(),
                  "static_string<N>: N is between 1 and 2^32 - 2");

public:
    using value_type = char;
    using size_type = std::size_t;
    using difference_type = std::ptrdiff_t;
    using reference = char&;
    using const_reference = const char&;
    using iterator = bounded_iterator<char, N>;
    using const_iterator = bounded_iterator<const char, N>;
    using reverse_iterator = std::reverse_iterator<iterator>;
    using const_reverse_iterator = std::reverse_iterator<const_iterator>;

    // Not defaulted: value-initialisation would clear all bytes first.
    static_string() noexcept {
        leave_bytes(characters_);
        clear();
    }

    /// From whatever is text; implicitly from a literal, as std's. Throw std::length_error for more
    /// than N bytes.
    template <std::convertible_to<std::string_view> Text>
    explicit(!std::convertible_to<const Text&, const char*>) static_string(const Text& text)
        : static_string() {
        assign(text);
    }
    // A template, so that `= {}` isn't meant: it empties.
    template <std::convertible_to<std::string_view> Text>
        requires(!std::same_as<Text, static_string>)
    static_string& operator=(const Text& text) {
        return assign(text);
    }
    static_string(size_type count, char each) : static_string() { resize(count, each); }

    /// Replaces the text, which may be a part of the old one. Throws std::length_error for more than N
    /// bytes; nothing has changed then.
    static_string& assign(std::string_view text) {
        if (text.size() > N) too_long();
        if (!text.empty()) std::memmove(characters_, text.data(), text.size());
        set_size(text.size());
        return *this;
    }

    /// Appends all of the text, or nothing and answers false.
    bool try_append(std::string_view text) noexcept {
        const auto count = size();
        if (text.size() > N - count) return false;
        if (!text.empty()) std::memmove(characters_ + count, text.data(), text.size());
        set_size(count + text.size());
        return true;
    }

    /// Throw std::length_error when it doesn't fit; nothing has changed then.
    static_string& append(std::string_view text) {
        if (!try_append(text)) too_long();
        return *this;
    }
    static_string& operator+=(std::string_view text) { return append(text); }
    static_string& operator+=(char each) { return append({&each, 1}); }
    void push_back(char each) { append({&each, 1}); }

    /// Throws std::length_error for more than N bytes.
    void resize(size_type count, char each = '\0') {
        if (count > N) too_long();
        if (const auto before = size(); before < count)
            std::memset(characters_ + before, each, count - before);
        set_size(count);
    }

    void clear() noexcept { set_size(0); }

    /// Nothing when there is none.
    void pop_back() noexcept {
        if (const auto count = size(); count > 0) set_size(count - 1);
    }

    size_type size() const noexcept {
        return untrusted(read_once(size_)).at_most(static_cast<std::uint32_t>(N));
    }
    size_type length() const noexcept { return size(); }
    bool empty() const noexcept { return size() == 0; }
    bool full() const noexcept { return size() == N; }
    static constexpr size_type capacity() noexcept { return N; }
    static constexpr size_type max_size() noexcept { return N; }

    char* data() noexcept { return characters_; }
    const char* data() const noexcept { return characters_; }

    /// The text by one look at the size.
    std::string_view view() const noexcept { return {characters_, size()}; }
    operator std::string_view() const noexcept { return view(); }

    /// The text with a NUL behind it, which this call puts there.
    const char* c_str() noexcept {
        static_assert(as_documented());
        characters_[size()] = '\0';
        return characters_;
    }
    /// A received string is its publisher's, who can take the NUL away while it is looked for: copy the
    /// string, and ask the copy.
    const char* c_str() const = delete;

    char& operator[](size_type index) noexcept { return characters_[inside<N + 1>(index)]; }
    const char& operator[](size_type index) const noexcept {
        return characters_[inside<N + 1>(index)];
    }
    /// Throws std::out_of_range.
    char& at(size_type index) { return characters_[checked(index)]; }
    const char& at(size_type index) const { return characters_[checked(index)]; }
    char& front() noexcept { return characters_[0]; }
    const char& front() const noexcept { return characters_[0]; }
    char& back() noexcept { return (*this)[size() - 1]; }
    const char& back() const noexcept { return (*this)[size() - 1]; }

    iterator begin() noexcept { return {characters_, 0}; }
    iterator end() noexcept { return {characters_, size()}; }
    const_iterator begin() const noexcept { return {characters_, 0}; }
    const_iterator end() const noexcept { return {characters_, size()}; }
    const_iterator cbegin() const noexcept { return begin(); }
    const_iterator cend() const noexcept { return end(); }
    reverse_iterator rbegin() noexcept { return reverse_iterator(end()); }
    reverse_iterator rend() noexcept { return reverse_iterator(begin()); }
    const_reverse_iterator rbegin() const noexcept { return const_reverse_iterator(end()); }
    const_reverse_iterator rend() const noexcept { return const_reverse_iterator(begin()); }

private:
    [[noreturn]] static void too_long() {
        throw std::length_error("static_string<N>: more than N bytes");
    }

    size_type checked(size_type index) const {
        if (index >= size()) throw std::out_of_range("static_string::at");
        return index;
    }

    void set_size(size_type count) noexcept {
        size_ = static_cast<std::uint32_t>(count);
        characters_[count] = '\0';
    }

    static consteval bool as_documented() {
        return offsetof(static_string, size_) == 0 && offsetof(static_string, characters_) == 4 &&
               sizeof(static_string) == layout::round_up(4 + N + 1, 4);
    }

    std::uint32_t size_;
    char characters_[N + 1];
};

/// By the bytes, also with strings of another capacity and with whatever is text.
template <std::size_t N, std::size_t M>
bool operator==(const static_string<N>& a, const static_string<M>& b) noexcept {
    return a.view() == b.view();
}
template <std::size_t N, std::size_t M>
std::strong_ordering operator<=>(const static_string<N>& a, const static_string<M>& b) noexcept {
    return a.view() <=> b.view();
}
template <std::size_t N>
bool operator==(const static_string<N>& a, std::string_view b) noexcept {
    return a.view() == b;
}
template <std::size_t N>
std::strong_ordering operator<=>(const static_string<N>& a, std::string_view b) noexcept {
    return a.view() <=> b;
}

/// `static_string<16>`
template <std::size_t N>
struct type_name<static_string<N>> {
private:
    static constexpr std::string_view opened = "static_string<";

public:
    static constexpr std::string_view value =
        naming::joined<opened, naming::decimal<N>::value, naming::closed>::value;
};

}  // namespace elkodon

/// As of the std::string_view of the same text.
template <std::size_t N>
struct std::hash<elkodon::static_string<N>> {
    std::size_t operator()(const elkodon::static_string<N>& text) const noexcept {
        return std::hash<std::string_view>{}(text.view());
    }
};
