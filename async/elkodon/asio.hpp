// Elkodon in Asio: I/O objects over its ports, for any completion token and any event loop of Asio's. No thread and no run()
// of ours. Needs Asio 1.22 or newer, standalone. Of shared memory they write only what their ports write.
// After a kill -9 nothing is left of an object but its port; who waited there is no more, and holds nobody back.
#pragma once

#include <elkodon/async/listener.hpp>
#include <elkodon/async/publisher.hpp>
#include <elkodon/async/subscriber.hpp>
#include <elkodon/async/tokens.hpp>
#include <elkodon/async/wait_set.hpp>
#include <elkodon/async/watch.hpp>
