// A thread that waits for an awaitable.
// What it awaits may end on any thread; its frame is the waiting thread's.
#pragma once

#include <elkodon/task/branch.hpp>

#include <condition_variable>
#include <mutex>

namespace elkodon {

/// Runs `what` on this thread, until it has to wait; then blocks until somebody else has ended it. Returns its result or
/// throws what it threw; operation_canceled when it was stopped. Not for what a loop of this very thread would end.
///
///     int n = elkodon::sync_wait(answer());
template <awaitable A>
await_result_t<A> sync_wait(A&& what, stop_token stop = {}) {
    struct end : hop {
        end() noexcept : hop([](hop& self) { static_cast<end&>(self).reach(); }) {}
        void reach() {
            const std::lock_guard lock(mutex);
            reached = true;
            changed.notify_one();  // under the lock: who waits destroys us afterwards
        }
        std::mutex mutex;
        std::condition_variable changed;
        bool reached = false;
    } end;
    struct beginning : hop {
        beginning() noexcept : hop([](hop& self) { static_cast<beginning&>(self).begin(); }) {}
        void begin() { all->start(*then, stop); }
        branch<await_result_t<A>>* all = nullptr;
        hop* then = nullptr;
        stop_token stop;
    } first;
    auto all = make_branch<A>(std::forward<A>(what));
    first.all = &all;
    first.then = &end;
    first.stop = stop;
    trampoline::run(first);
    {
        std::unique_lock lock(end.mutex);
        end.changed.wait(lock, [&] { return end.reached; });
    }
    if (all.result().empty()) throw_stopped("wait for an awaitable");
    return all.result().take();
}

}  // namespace elkodon
