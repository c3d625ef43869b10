// How a thread that blocks is woken: a setting of configurations.
// A value; nothing here is shared.
#pragma once

#include <cstdint>

namespace elkodon {

/// What a thread sleeps on while it blocks in a wait of one port. A port behind its descriptor, a wait set and a loop have
/// an eventfd in any case.
enum class doorbell_backend : std::uint32_t {
    automatic,  ///< a futex, or where the kernel lets us have none, an eventfd
    futex,  ///< no descriptor at all; a death among the peers is noticed within the liveness bound
    eventfd,  ///< some seven descriptors for each port that blocks; a death is noticed when it happens
};

}  // namespace elkodon
