// The public face of the errors: `errc`, `error`, and the pair of overloads that every set-up call has.
// Nothing here lies in shared memory; nothing here is affected by another process.
#pragma once

#include <elkodon/base/error.hpp>
