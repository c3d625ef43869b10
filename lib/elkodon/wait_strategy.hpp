// The public face of the wait strategies: `wait_strategy`, a setting of configurations and of port builders.
// Nothing here lies in shared memory; nothing here is affected by another process.
#pragma once

#include <elkodon/base/wait_strategy.hpp>
