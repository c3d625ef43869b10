// toml++ as every file here uses it: with exceptions, and without assertions, since it asserts what a bad file may say.
// Nothing of it is in a header that users see; nothing here is shared.
#pragma once

#define TOML_EXCEPTIONS 1
#define TOML_ASSERT(expr) static_cast<void>(0)
#include <toml++/toml.h>
