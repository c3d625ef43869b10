// What an operation takes from a wait set: what is ready there.
// See take.hpp. The result is a view into the wait set, until it waits again.
#pragma once

#include <elkodon/take/take.hpp>
#include <elkodon/wait_set.hpp>

namespace elkodon::take {

/// All that is ready. Errors as wait_set::try_wait().
struct ready_attachments {
    using result = wait_result;

    bool from(wait_set& port, result& taken, std::error_code& ec) noexcept {
        taken = port.try_wait();
        ec = taken.error();
        return taken || ec;
    }
};

}  // namespace elkodon::take
