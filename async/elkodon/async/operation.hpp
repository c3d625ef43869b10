// An asynchronous wait, without its handler's type: on its way from "waiting" to its executor.
// The station links it while it waits; its executor alone touches it afterwards.
// Nothing of it is shared with other processes.
#pragma once

#include <memory>

namespace elkodon::async {

struct waiter;

/// Owned by whoever holds it in a unique_ptr: the station while it waits, a posted function afterwards.
class operation {
public:
    struct destroyer {
        void operator()(operation* op) const noexcept { op->destroy(); }
    };
    using owner = std::unique_ptr<operation, destroyer>;

    operation(const operation&) = delete;
    operation& operator=(const operation&) = delete;

    /// Moves on to the handler's executor: at once where that is allowed, or through its queue.
    virtual void dispatch(owner self) = 0;
    virtual void post(owner self) = 0;

    /// Set under the station's mutex; read by run() under it.
    bool aborted = false;

protected:
    operation() = default;
    virtual ~operation() = default;

private:
    /// Frees the memory without calling the handler.
    virtual void destroy() noexcept = 0;
};

/// The asynchronous side of one port, as its station sees it. Guarded by the station's mutex.
struct waiter {
    operation* outstanding = nullptr;  // the one operation that has begun and not completed
    operation::owner waiting;          // the same one, while the station keeps it
};

}  // namespace elkodon::async
