// Coroutines for loops of ours, and for none: tasks, and how to await several of them at once.
// None of it knows a loop, a ring or a port.
#pragma once

#include <elkodon/task/async_generator.hpp>
#include <elkodon/task/sync_wait.hpp>
#include <elkodon/task/task.hpp>
#include <elkodon/task/task_scope.hpp>
#include <elkodon/task/when_all.hpp>
#include <elkodon/task/when_any.hpp>
