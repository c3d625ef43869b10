// A coroutine that is written once, for every loop: it names its type by its port, and awaits by next().
#pragma once

#include <elkodon/task.hpp>

#include <cstdint>

template <class Numbers>
elkodon::task_for<Numbers, std::uint64_t> sum(Numbers numbers, int count) {
    std::uint64_t total = 0;
    for (; count > 0; --count)
        if (auto sample = co_await numbers.next()) total += *sample;
    co_return total;
}
