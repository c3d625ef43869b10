// Catch2, whichever of its two major versions is there.
#pragma once

#ifdef ELKODON_CATCH2_V2
#include <catch2/catch.hpp>
#else
#include <catch2/catch_all.hpp>
#endif

#include <string>

namespace support {

/// Matches what has `text` in it.
inline auto containing(const std::string& text) {
#ifdef ELKODON_CATCH2_V2
    return Catch::Contains(text);
#else
    return Catch::Matchers::ContainsSubstring(text);
#endif
}

}  // namespace support
