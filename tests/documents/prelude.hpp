// What the reader of a page has in mind: the library, Asio, and `using namespace std::chrono_literals`.
#include <elkodon/asio.hpp>
#include <elkodon/elkodon.hpp>
#include <elkodon/fmt.hpp>

#include <algorithm>
#include <array>
#include <asio.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <chrono>
#include <cstdint>
#include <fmt/core.h>
#include <poll.h>
#include <span>
#include <string>
#include <sys/epoll.h>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

using namespace std::chrono_literals;
