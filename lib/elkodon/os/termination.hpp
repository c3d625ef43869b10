// Whether somebody asked this process to end. Written by a signal handler, read by anybody.
// Nothing is shared with other processes.
#pragma once

namespace elkodon {

/// Whether SIGINT or SIGTERM has come. The first call installs handlers for both, which call the handlers
/// that were there before; until then the library touches no signal. Any thread.
bool termination_requested() noexcept;

}  // namespace elkodon
