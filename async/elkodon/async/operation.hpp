// An asynchronous wait, without its handler's type: on its way from "waiting" to its executor.
// The station links it while it waits; its executor alone touches it afterwards.
// Nothing of it is shared with other processes.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

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
    friend class operation_list;
    operation* next_ = nullptr;

    /// Frees the memory without calling the handler.
    virtual void destroy() noexcept = 0;
};

/// Operations that are on their way, first come first gone. Linked through themselves: allocates nothing.
class operation_list {
public:
    operation_list() noexcept = default;
    operation_list(const operation_list&) = delete;
    operation_list& operator=(const operation_list&) = delete;
    ~operation_list() {
        while (pop_front()) {}
    }

    void push_back(operation::owner op) noexcept {
        auto* const raw = op.release();
        raw->next_ = nullptr;
        *end_ = raw;
        end_ = &raw->next_;
    }
    void push_front(operation::owner op) noexcept {
        auto* const raw = op.release();
        raw->next_ = first_;
        if (!first_) end_ = &raw->next_;
        first_ = raw;
    }
    bool empty() const noexcept { return first_ == nullptr; }
    operation::owner pop_front() noexcept {
        operation::owner op(first_);
        if (op) first_ = op->next_;
        if (!first_) end_ = &first_;
        return op;
    }

private:
    operation* first_ = nullptr;
    operation** end_ = &first_;
};

/// The asynchronous side of one port, as its place sees it. Guarded by the place's mutex.
struct waiter {
    operation* outstanding = nullptr;  // the one operation that has begun and not completed
    operation::owner waiting;          // the same one, while the station keeps it
    std::uint32_t seat = 0;            // in the station's room
    bool closed = false;               // the port is not the object's any more
};

/// What every place where ports wait does alike: on each port one operation at a time, and while it takes nobody else
/// touches the port. Any thread.
class waiting_place {
public:
    waiting_place(const waiting_place&) = delete;
    waiting_place& operator=(const waiting_place&) = delete;

    /// An operation begins: false when another one is outstanding on this port. It ends when it completes or
    /// is destroyed.
    bool begin(waiter& who, operation& op) noexcept {
        const std::lock_guard lock(mutex_);
        if (who.outstanding) return false;
        who.outstanding = &op;
        return true;
    }
    void end(waiter& who, const operation& op) noexcept {
        const std::lock_guard lock(mutex_);
        if (who.outstanding == &op) who.outstanding = nullptr;
    }

    /// Calls `take`, while nobody else may touch the port, unless the operation was aborted meanwhile.
    template <class Take>
    bool unless_aborted(const waiter& who, const operation& op, Take&& take) {
        const std::lock_guard lock(mutex_);
        if (op.aborted || who.closed) return false;
        take();
        return true;
    }

    bool closed(const waiter& who) noexcept {
        const std::lock_guard lock(mutex_);
        return who.closed;
    }

protected:
    waiting_place() = default;
    ~waiting_place() = default;

    std::mutex mutex_;
};

}  // namespace elkodon::async
