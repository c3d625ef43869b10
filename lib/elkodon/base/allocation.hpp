// How a publisher of slices makes room for longer ones.
// Values; nothing here is shared.
#pragma once

namespace elkodon {

/// What a publisher does with a slice that is longer than its chunks. A further pool of chunks is a file of its own;
/// the one before is given back when nobody borrows from it any more.
enum class allocation_strategy {
    fixed,     ///< refuse it: errc::slice_too_long
    best_fit,  ///< make a pool with chunks of just that length: least memory, a pool for each record
    power_of_two,  ///< make a pool with chunks of the next power of two: few pools
};

}  // namespace elkodon
