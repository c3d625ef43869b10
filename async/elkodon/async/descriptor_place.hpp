// Where what has a descriptor of its own waits in an execution context: a wait set, a watch.
// Nothing is ever taken here: the operation takes when it runs on its executor.
// The descriptor stays its owner's. After a kill -9 of a peer it is readable.
#pragma once

#include <elkodon/async/operation.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/posix/basic_stream_descriptor.hpp>
#include <memory>
#include <mutex>
#include <optional>

namespace elkodon::async {

/// One for each such port. Any thread. What waits lies in Asio's queue, and ends with the context.
class descriptor_place : public waiting_place,
                         public std::enable_shared_from_this<descriptor_place> {
public:
    descriptor_place(const asio::any_io_executor& executor, int file)
        : file_(std::in_place, executor, file) {}

    template <class Port, class Then>
    void detach(Port&, waiter& who, Then&& then) noexcept {
        const std::lock_guard lock(mutex_);
        who.closed = true;
        let_go();
        then();
    }

    /// Keeps the operation until the descriptor is readable, and dispatches it then.
    void wait(waiter& who, operation::owner op) {
        {
            const std::lock_guard lock(mutex_);
            if (down_) return;
            if (who.closed) op->aborted = true;
            if (file_ && !op->aborted) return poll(std::move(op));
        }
        auto* const raw = op.get();
        raw->post(std::move(op));
    }

    void cancel(waiter& who, const operation* which = nullptr) {
        const std::lock_guard lock(mutex_);
        if (!who.outstanding || (which && who.outstanding != which)) return;
        std::exchange(who.outstanding, nullptr)->aborted = true;
        std::error_code ignored;
        if (file_) file_->cancel(ignored);
    }

    int native_handle() noexcept { return file_ ? file_->native_handle() : -1; }
    bool forked() const noexcept { return forked_; }

    /// The context ends: Asio's side of the descriptor must not outlive it.
    void shut_down() noexcept {
        const std::lock_guard lock(mutex_);
        down_ = true;
        let_go();
    }

    /// In a fork's child: what waits completes with errc::forked.
    void abandon() noexcept {
        const std::lock_guard lock(mutex_);
        forked_ = true;
        let_go();
    }

private:
    // Asio aborts its wait when the descriptor is cancelled or released: the operation itself knows why.
    void poll(operation::owner op) {
        file_->async_wait(asio::posix::descriptor_base::wait_read,
                          [self = shared_from_this(), op = std::move(op)](std::error_code) mutable {
                              auto* const raw = op.get();
                              raw->dispatch(std::move(op));
                          });
    }

    void let_go() noexcept {
        if (!file_) return;
        file_->release();
        file_.reset();
    }

    std::optional<asio::posix::basic_stream_descriptor<asio::any_io_executor>> file_;
    bool down_ = false, forked_ = false;
};

}  // namespace elkodon::async
