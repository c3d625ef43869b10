// The identities of ports and processes: random, never used again, so that a successor in the same place
// is never taken for the one before. Written once by their owner, into its own segment.
// After a kill -9 an identity stays what it was; whether its owner lives is asked of its process lock.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace elkodon {

/// A random number of 64 bits, never 0. Zero means "nobody".
template <class Tag>
class strong_id {
public:
    constexpr strong_id() noexcept = default;
    explicit constexpr strong_id(std::uint64_t value) noexcept : value_(value) {}

    /// Any thread.
    constexpr std::uint64_t value() const noexcept { return value_; }
    explicit constexpr operator bool() const noexcept { return value_ != 0; }
    friend constexpr auto operator<=>(strong_id, strong_id) noexcept = default;

    /// Sixteen lower-case hexadecimal digits: how the identity appears in file names and messages.
    std::string to_string() const {
        std::string text(16, '0');
        for (std::size_t i = 0; i < 16; ++i)
            text[15 - i] = "0123456789abcdef"[(value_ >> (4 * i)) & 15];
        return text;
    }

private:
    std::uint64_t value_ = 0;
};

/// One port: a publisher, subscriber, notifier or listener, from its creation to its end.
using port_id = strong_id<struct port_tag>;

/// One process, as long as it has a node in a domain.
using process_id = strong_id<struct process_tag>;

/// One node: a process may have several.
using node_id = strong_id<struct node_tag>;

/// One place that waits.
using doorbell_id = strong_id<struct doorbell_tag>;

}  // namespace elkodon

template <class Tag>
struct std::hash<elkodon::strong_id<Tag>> {
    std::size_t operator()(elkodon::strong_id<Tag> id) const noexcept {
        return std::hash<std::uint64_t>{}(id.value());
    }
};
