// A file descriptor that closes itself.
// Only its owner writes it; not shared.
// After a kill -9 the kernel has closed it.
#pragma once

#include <utility>

namespace elkodon::os {

/// Owns one descriptor, or none. Moves are noexcept. One at a time.
class fd {
public:
    constexpr fd() noexcept = default;
    explicit constexpr fd(int number) noexcept : number_(number) {}
    fd(fd&& other) noexcept : number_(other.release()) {}
    fd& operator=(fd&& other) noexcept {
        if (this != &other) reset(other.release());
        return *this;
    }
    ~fd() { reset(); }

    int get() const noexcept { return number_; }
    explicit operator bool() const noexcept { return number_ >= 0; }
    int release() noexcept { return std::exchange(number_, -1); }
    void reset(int number = -1) noexcept;

private:
    int number_ = -1;
};

}  // namespace elkodon::os
