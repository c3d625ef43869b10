// An error code in four bytes, for results on the hot path: a std::error_code asks a function for its
// category each time it is made.
// A value; nothing here is shared.
#pragma once

#include <elkodon/base/error.hpp>

#include <cerrno>
#include <cstdint>

namespace elkodon {

/// Ours as positive numbers, the system's as negative ones, 0 for success. Any thread.
class status {
public:
    constexpr status() noexcept = default;
    constexpr status(errc ours) noexcept : value_(static_cast<std::int32_t>(ours)) {}

    /// Codes of other categories are kept as EIO: nothing of ours has them.
    static status from(const std::error_code& code) noexcept {
        status made;
        if (code.category() == error_category()) made.value_ = code.value();
        else if (code.category() == std::system_category() ||
                 code.category() == std::generic_category())
            made.value_ = -code.value();
        else made.value_ = -EIO;
        return made;
    }

    explicit constexpr operator bool() const noexcept { return value_ != 0; }
    friend constexpr bool operator==(status, status) noexcept = default;

    std::error_code code() const noexcept {
        if (value_ == 0) return {};
        return value_ > 0 ? std::error_code(value_, error_category())
                          : std::error_code(-value_, std::system_category());
    }

private:
    std::int32_t value_ = 0;
};

}  // namespace elkodon
