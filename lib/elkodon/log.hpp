// The public face of the log: `set_log_sink`, `set_log_level`, `log_level`.
// One sink and one level for the process; nothing is shared with others.
#pragma once

#include <elkodon/base/log.hpp>
