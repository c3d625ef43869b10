// Elkodon in Asio: I/O objects over its ports, for any completion token and any event loop of Asio's.
// No thread and no run() of ours. Needs Asio 1.22 or newer, standalone.
#pragma once

#include <elkodon/async/listener.hpp>
#include <elkodon/async/publisher.hpp>
#include <elkodon/async/subscriber.hpp>
