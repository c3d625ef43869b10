// Runs one coroutine in its io_context until nothing is left, and throws what it threw.
#pragma once

#include <asio.hpp>
#include <exception>
#include <utility>

namespace agent {

inline void run(asio::io_context& io, asio::awaitable<void> body) {
    std::exception_ptr failure;
    asio::co_spawn(io, std::move(body), [&](std::exception_ptr thrown) { failure = thrown; });
    io.run();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace agent
