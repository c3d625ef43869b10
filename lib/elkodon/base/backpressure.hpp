// What a publisher does when a lossless subscriber is as far behind as it may be.
// Values; nothing here is shared.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace elkodon {

/// What a publisher of a lossless service does with a message while a subscriber is full.
enum class backpressure {
    block,    ///< wait until there is room
    fail,     ///< send nothing: `errc::buffer_full`, and the loan stays with the caller
    discard,  ///< let it reach nobody, and count it
};

/// What a backpressure handler decides by.
struct backpressure_info {
    std::chrono::nanoseconds waited;  ///< since this message was to be sent
    std::uint64_t sequence;           ///< that it would have
};

/// Asked for each message that finds a subscriber full, and again whenever that may have changed: after at most a
/// millisecond. Runs on the publisher's thread.
using backpressure_handler = std::function<backpressure(const backpressure_info&)>;

}  // namespace elkodon
