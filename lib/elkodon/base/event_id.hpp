// What a notifier rings, and the set of those that one wait took.
// Values and views; nothing here is shared.
#pragma once

#include <elkodon/base/error.hpp>

#include <algorithm>
#include <compare>
#include <cstdint>
#include <span>

namespace elkodon {

/// A number between 0 and the service's event_id_max_value. A value: any thread.
class event_id {
public:
    constexpr event_id() noexcept = default;
    explicit constexpr event_id(std::uint64_t value) noexcept : value_(value) {}
    constexpr std::uint64_t value() const noexcept { return value_; }
    friend constexpr auto operator<=>(event_id, event_id) noexcept = default;

private:
    std::uint64_t value_ = 0;
};

/// The ids that a wait took, in ascending order, each once: ids coalesce. A notification is not a count: an
/// id that was rung five times since the last wait is here once. A view into its listener, valid until
/// that listener waits again. Empty when the time was over. One at a time, with its listener.
class event_ids {
public:
    event_ids() noexcept = default;
    explicit event_ids(std::span<const event_id> ids, std::error_code ec = {}) noexcept
        : ids_(ids), error_(ec) {}

    auto begin() const noexcept { return ids_.begin(); }
    auto end() const noexcept { return ids_.end(); }
    std::size_t size() const noexcept { return ids_.size(); }
    bool empty() const noexcept { return ids_.empty(); }
    explicit operator bool() const noexcept { return !ids_.empty(); }
    bool contains(event_id id) const noexcept {
        return std::binary_search(ids_.begin(), ids_.end(), id);
    }

    /// Why nothing could be waited for; zero is the normal "nothing there".
    std::error_code error() const noexcept { return error_; }

private:
    std::span<const event_id> ids_;
    std::error_code error_;
};

}  // namespace elkodon
