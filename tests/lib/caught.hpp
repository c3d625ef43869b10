// The error that a set-up call throws, to be looked at.
// Nothing is shared.
#pragma once

#include <elkodon/error.hpp>
#include <support/catch.hpp>

#include <cstdlib>
#include <string>
#include <utility>

namespace tests {

/// The test fails when `call` throws nothing, or anything but `elkodon::error`.
template <class F>
elkodon::error caught(F&& call) {
    try {
        static_cast<void>(std::forward<F>(call)());
    } catch (const elkodon::error& thrown) {
        return thrown;
    }
    FAIL("nothing was thrown");
    std::abort();
}

inline bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace tests
