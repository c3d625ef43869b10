// The public face of event ids: `event_id` and `event_ids`.
// Values and views; nothing here is shared.
#pragma once

#include <elkodon/base/event_id.hpp>
