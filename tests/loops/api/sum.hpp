// The coroutine of api fragments 22 and 23: one body for every loop.
#pragma once

#include <elkodon/task.hpp>

#include <cstdint>

namespace fragments {

template <class Numbers>
elkodon::task_for<Numbers, std::uint64_t> sum(Numbers numbers,
                                              int count) {  // asio::awaitable<…> or elkodon::task<…>
    std::uint64_t total = 0;
    for (; count > 0; --count)
        if (auto sample = co_await numbers.next()) total += *sample;
    co_return total;
}

}  // namespace fragments
