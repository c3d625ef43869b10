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
/// id that was rung five times since the last wait is here once; a listener that was made `counting()` knows that it
/// was five times. A view into its listener, valid until that listener waits again. Empty when the time was over.
/// One at a time, with its listener.
class event_ids {
public:
    event_ids() noexcept = default;
    explicit event_ids(std::span<const event_id> ids, std::error_code ec = {}) noexcept
        : ids_(ids), error_(ec) {}
    event_ids(std::span<const event_id> ids,
              std::span<const std::uint32_t> counts,
              std::error_code ec = {}) noexcept
        : ids_(ids), counts_(counts), error_(ec) {}

    auto begin() const noexcept { return ids_.begin(); }
    auto end() const noexcept { return ids_.end(); }
    std::size_t size() const noexcept { return ids_.size(); }
    bool empty() const noexcept { return ids_.empty(); }
    explicit operator bool() const noexcept { return !ids_.empty(); }
    bool contains(event_id id) const noexcept {
        return std::binary_search(ids_.begin(), ids_.end(), id);
    }

    /// How many times `id` was rung since it was taken last; 2^31 stands for that many or more. Zero for an id that
    /// isn't here. A listener that doesn't count says 1 for every id that is.
    std::uint32_t count(event_id id) const noexcept {
        const auto found = std::lower_bound(ids_.begin(), ids_.end(), id);
        if (found == ids_.end() || *found != id) return 0;
        const auto index = static_cast<std::size_t>(found - ids_.begin());
        return index < counts_.size() ? counts_[index] : 1;
    }

    /// Why nothing could be waited for; zero is the normal "nothing there". errc::deadline_missed: the service's
    /// deadline has passed without a notification, which is told once; the next deadline begins then.
    std::error_code error() const noexcept { return error_; }

private:
    std::span<const event_id> ids_;
    std::span<const std::uint32_t> counts_;
    std::error_code error_;
};

}  // namespace elkodon
