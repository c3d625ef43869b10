// What a port does when it can't map a peer: no memory, no descriptors. A failure of our own, never the peer's.
// Values; nothing here is shared.
#pragma once

#include <elkodon/base/ids.hpp>

#include <functional>
#include <system_error>

namespace elkodon {

/// What becomes of a port while a peer can't be mapped. It tries again at every look in either case.
enum class degradation {
    fail,    ///< whoever calls is told: creating, loaning or receiving fails with the reason
    warn,    ///< as ignore, and the log says so
    ignore,  ///< go on without that peer, for as long as that is safe
};

/// What a degradation handler decides by.
struct degradation_info {
    port_id peer;           ///< empty when not even that could be read
    std::error_code error;  ///< why it could not be mapped
};

/// Asked at each attempt that fails. Runs on the port's thread, and must not throw.
using degradation_handler = std::function<degradation(const degradation_info&)>;

}  // namespace elkodon
