// The manual loop and its ports: for tests of coroutines, without clock, thread or another process.
#pragma once

#include <elkodon/loop/listener.hpp>
#include <elkodon/loop/publisher.hpp>
#include <elkodon/loop/subscriber.hpp>
#include <elkodon/loop/wait_set.hpp>
#include <elkodon/loop/watch.hpp>
#include <elkodon/manual/loop.hpp>
#include <elkodon/task.hpp>

namespace elkodon::manual {

template <class T, class Header = void>
using subscriber = loops::basic_subscriber<loop, T, Header>;
template <class T, class Header = void>
using publisher = loops::basic_publisher<loop, T, Header>;
using listener = loops::basic_listener<loop>;
using wait_set = loops::basic_wait_set<loop>;
using watch = loops::basic_watch<loop>;

}  // namespace elkodon::manual
