// Tasks that run beside the coroutine that began them, and don't outlive it.
// Lies in that coroutine's frame, and owns the children. Nothing here is shared.
#pragma once

#include <elkodon/task/task.hpp>

#include <cstddef>
#include <memory>

namespace elkodon {

/// Children are joined, or cancelled: by cancel(), by what a sibling throws, by a stop of whoever joins, and, at the
/// latest, by the scope's destruction, which destroys their frames. Thread rule: one at a time, with its loop.
///
///     elkodon::task_scope clients;
///     clients.spawn(serve(first));
///     clients.spawn(serve(second));
///     co_await clients.join();
class task_scope {
    struct child final : hop, with_frame_memory {
        child(task_scope& of, task<> what) noexcept
            : hop([](hop& self) { static_cast<child&>(self).end(); }),
              scope(&of),
              running(std::move(what)),
              before(&of.first_),
              next_child(of.first_) {
            if (next_child) next_child->before = &next_child;
            of.first_ = this;
        }
        ~child() {
            *before = next_child;
            if (next_child) next_child->before = before;
        }
        void end() { scope->ended(std::unique_ptr<child>(this)); }

        task_scope* scope;
        task<> running;
        child** before;
        child* next_child;
    };

public:
    task_scope() noexcept = default;
    task_scope(const task_scope&) = delete;
    task_scope& operator=(const task_scope&) = delete;
    ~task_scope() {
        while (first_) delete first_;
    }

    /// Begins: it runs until it has to wait when the coroutine that calls this suspends. After cancel() it is stopped from
    /// the beginning.
    void spawn(task<> what) {
        if (!what) throw error(errc::closed, "spawn a task that was moved from");
        auto* const made = new child(*this, std::move(what));
        made->running.start(*made, stop_.token());
    }

    /// Asks all children, those to come as well, to stop. They end in their own time: join() them.
    void cancel() noexcept { stop_.request_stop(); }

    /// What children listen to.
    elkodon::stop_token stop_token() noexcept { return stop_.token(); }

    bool empty() const noexcept { return first_ == nullptr; }

    /// Awaits the end of all children, then throws what the first one threw that did; the others were asked to stop
    /// then. A stop of whoever awaits is passed on. What cancel() ended is no failure. One at a time.
    auto join() noexcept { return joining(*this); }

private:
    class joining {
    public:
        explicit joining(task_scope& scope) noexcept : scope_(scope) {}
        bool await_ready() const noexcept { return scope_.empty(); }
        template <class Promise>
        bool await_suspend(std::coroutine_handle<Promise> parent) {
            parent_.who = parent;
            scope_.joining_ = &parent_;
            scope_.stop_.follow(stop_token_of(parent));
            return true;
        }
        void await_resume() {
            scope_.joining_ = nullptr;
            if (scope_.thrown_) std::rethrow_exception(std::exchange(scope_.thrown_, nullptr));
        }

    private:
        task_scope& scope_;
        resume_hop parent_;
    };

    void ended(std::unique_ptr<child> which) {
        const auto why = which->running.result().failure();
        which.reset();
        if (why && !thrown_ && !is_stop(why)) {
            thrown_ = why;
            // Who joins may destroy this scope: not before we are done with it.
            auto* const joiner = std::exchange(joining_, nullptr);
            stop_.request_stop();
            joining_ = joiner;
        }
        if (!first_ && joining_) trampoline::next(*std::exchange(joining_, nullptr));
    }
    bool is_stop(const std::exception_ptr& why) const noexcept {
        if (!stop_.stop_requested()) return false;
        try {
            std::rethrow_exception(why);
        } catch (const std::system_error& failure) {
            return failure.code() == stopped_error();
        } catch (...) {
            return false;
        }
    }

    stop_source stop_;
    std::exception_ptr thrown_;
    resume_hop* joining_ = nullptr;
    child* first_ = nullptr;
};

}  // namespace elkodon
