// The error that a set-up call throws, to be looked at; and files, to be read and spoilt.
// Nothing is shared.
#pragma once

#include <elkodon/error.hpp>
#include <support/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
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

inline std::string text_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// Replaces what is in the file; the file itself stays.
inline void write_to(const std::filesystem::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

}  // namespace tests
