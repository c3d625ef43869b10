// Completion tokens that a user of an older Asio misses: errors as values, operations that begin later, a time limit.
// They are Asio's own where it has them: as_tuple and deferred since 1.23, cancel_after since 1.31.
// Nothing here is shared with other processes.
#pragma once

#include <asio/version.hpp>

#if ASIO_VERSION >= 102300
#include <asio/as_tuple.hpp>
#include <asio/deferred.hpp>
namespace elkodon::async {
using asio::as_tuple;
using asio::deferred;
}  // namespace elkodon::async
#else
#include <asio/experimental/as_tuple.hpp>
#include <asio/experimental/deferred.hpp>
namespace elkodon::async {
using asio::experimental::as_tuple;
using asio::experimental::deferred;
}  // namespace elkodon::async
#endif

#if ASIO_VERSION >= 103100
#include <asio/cancel_after.hpp>
namespace elkodon::async {
using asio::cancel_after;
}  // namespace elkodon::async
#else
#include <elkodon/async/cancel_after.hpp>
#endif
