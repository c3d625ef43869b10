// The public face of the configuration: `configuration`.
// A plain struct; nothing is shared.
#pragma once

#include <elkodon/service/configuration.hpp>
