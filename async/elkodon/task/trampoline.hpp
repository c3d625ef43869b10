// Where coroutines go on from: a loop below them on the stack, instead of calls from one into the next.
// Owned by the thread that runs it. Symmetric transfer is no tail call where g++ doesn't optimise; this never grows
// the stack. Nothing here is shared.
#pragma once

#include <coroutine>
#include <exception>
#include <utility>

namespace elkodon {

/// Something that is to happen next: mostly a coroutine that goes on. Linked through itself: allocates nothing.
struct hop {
    void (*go)(hop&) = nullptr;
    hop* next = nullptr;

    hop() noexcept = default;
    explicit hop(void (*what)(hop&)) noexcept : go(what) {}
    hop(const hop&) = delete;
    hop& operator=(const hop&) = delete;
};

/// A coroutine that goes on.
struct resume_hop : hop {
    std::coroutine_handle<> who;

    explicit resume_hop(std::coroutine_handle<> whom = {}) noexcept
        : hop([](hop& self) { static_cast<resume_hop&>(self).who.resume(); }), who(whom) {}
};

/// First come, first gone.
class hop_list {
public:
    hop_list() noexcept = default;
    hop_list(const hop_list&) = delete;
    hop_list& operator=(const hop_list&) = delete;

    bool empty() const noexcept { return first_ == nullptr; }
    void push(hop& what) noexcept {
        what.next = nullptr;
        *end_ = &what;
        end_ = &what.next;
    }
    hop* pop() noexcept {
        auto* const what = first_;
        if (what && !(first_ = what->next)) end_ = &first_;
        return what;
    }
    void remove(hop& what) noexcept {
        for (auto** at = &first_; *at; at = &(*at)->next) {
            if (*at != &what) continue;
            *at = what.next;
            if (!*at) end_ = at;
            return;
        }
    }
    void take(hop_list& from) noexcept {
        while (auto* const what = from.pop()) push(*what);
    }

private:
    hop* first_ = nullptr;
    hop** end_ = &first_;
};

/// One for each place from which coroutines are resumed; the innermost of a thread is the current one.
class trampoline {
public:
    /// Does `what` and all that follows from it, before it returns. What a foreign coroutine throws out of its
    /// resumption is thrown again when all is done.
    static void run(hop& what) {
        trampoline here;
        here.todo_.push(what);
        here.run();
    }

    /// Does `what` as soon as the coroutine that asks has suspended; here and now when nobody is below it who could.
    static void next(hop& what) {
        if (auto* const below = current()) return below->todo_.push(what);
        run(what);
    }

private:
    trampoline() noexcept : outer_(std::exchange(current(), this)) {}
    ~trampoline() { current() = outer_; }

    void run() {
        std::exception_ptr thrown;
        while (auto* const what = todo_.pop()) {
            try {
                what->go(*what);
            } catch (...) {
                if (!thrown) thrown = std::current_exception();
            }
        }
        if (thrown) std::rethrow_exception(thrown);
    }

    // No inlining: a coroutine that changes threads must not remember where the last one's lies.
    [[gnu::noinline]] static trampoline*& current() noexcept {
        static thread_local constinit trampoline* innermost = nullptr;
        return innermost;
    }

    hop_list todo_;
    trampoline* outer_;
};

}  // namespace elkodon
