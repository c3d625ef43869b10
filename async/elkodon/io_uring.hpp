// Elkodon over io_uring: a loop, its ports, and what a server needs beside them.
// No thread of ours. Needs liburing 2.3 or newer, and Linux 5.19 or newer; a guest 6.0, futexes 6.7.
#pragma once

#include <elkodon/loop/listener.hpp>
#include <elkodon/loop/publisher.hpp>
#include <elkodon/loop/subscriber.hpp>
#include <elkodon/loop/wait_set.hpp>
#include <elkodon/loop/watch.hpp>
#include <elkodon/task.hpp>
#include <elkodon/uring/loop.hpp>
#include <elkodon/uring/signals.hpp>

namespace elkodon::uring {

template <class T, class Header = void>
using subscriber = loops::basic_subscriber<loop, T, Header>;
template <class T, class Header = void>
using publisher = loops::basic_publisher<loop, T, Header>;
using listener = loops::basic_listener<loop>;
using wait_set = loops::basic_wait_set<loop>;
using watch = loops::basic_watch<loop>;

}  // namespace elkodon::uring
