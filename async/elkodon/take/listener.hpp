// What operations take from a listener: all ids that were rung, or one of them.
// See take.hpp. The ids are a view into the listener, until it waits again.
#pragma once

#include <elkodon/listener.hpp>
#include <elkodon/take/take.hpp>

namespace elkodon::take {

/// All ids. deadline_missed, with none, when the service's deadline is over.
struct all_ids {
    using result = event_ids;

    bool from(listener& port, result& taken, std::error_code& ec) noexcept {
        taken = port.try_wait();
        ec = taken.error();
        return taken || ec;
    }
};

/// The lowest of them. The others are left to the next wait, and come before what is rung meanwhile.
struct one_id {
    using result = event_ids;

    bool from(listener& port, result& taken, std::error_code& ec) noexcept {
        taken = port.try_wait_one();
        ec = taken.error();
        return taken || ec;
    }
};

}  // namespace elkodon::take
