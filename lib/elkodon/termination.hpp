// The public face of ending in an orderly way: `termination_requested()`.
// Nothing is shared with other processes.
#pragma once

#include <elkodon/os/termination.hpp>
