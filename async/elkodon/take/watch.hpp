// What an operation takes from a watch: the next change.
// See take.hpp.
#pragma once

#include <elkodon/discovery.hpp>
#include <elkodon/take/take.hpp>

namespace elkodon::take {

/// The next change. Errors as watch::receive().
struct one_change {
    using result = change;

    bool from(watch& port, result& taken, std::error_code& ec) noexcept {
        taken = port.receive();
        ec = taken.error();
        return taken || ec;
    }
};

}  // namespace elkodon::take
