// An awaited operation of the ring: a read, a write, an accept, …
// The awaiter lies in the coroutine's frame, its request in the ring until its last completion.
// Nothing here is shared.
#pragma once

#include <elkodon/loop/suspension.hpp>
#include <elkodon/uring/ring.hpp>

#include <concepts>
#include <coroutine>
#include <cstdint>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace elkodon::uring {

/// What an operation asks of the ring, and how it ends.
struct wish {
    io_uring_sqe sqe{};
    const char* doing = "";
    std::error_code* ec = nullptr;
    bool borrows = false;  // memory of its user's: nobody may touch it when the awaiter is gone
    bool takes =
        false;  // something out of the descriptor, which is lost when nobody wants it any more
    bool whole = false;  // goes on until all is written
    bool gives_descriptor = false;
};

/// The awaiter without its result's type.
class operation : public loops::suspension, receiver {
protected:
    operation(loops::agenda& loop, ring& of, const wish& what) noexcept
        : agenda_(loop), ring_(of), wish_(what) {}
    ~operation() {
        if (!in_hand_) return;
        if (wish_.borrows) ring_.reap(*in_hand_);
        else ring_.forget(*in_hand_);
    }

    /// Whether the coroutine stays suspended.
    template <class Promise>
    bool begin(std::coroutine_handle<Promise> who) {
        if (bool suspends; stopped_already(who, suspends)) return suspends;
        if (!ring_.ours()) {
            error_ = errc::forked;
            return false;
        }
        // Where what comes too late is lost, nothing is taken before it is certain that it is wanted.
        waits_first_ = wish_.takes && stop_token_of(who).drops_late_results();
        suspend(agenda_, who);
        if (waits_first_) wait_first();
        else submit(wish_.sqe);
        return true;
    }

    void throw_error() { loops::tell(error_, wish_.ec, wish_.doing); }
    std::size_t done() const noexcept { return done_; }

private:
    void submit(const io_uring_sqe& sqe) {
        in_hand_ = &ring_.submit(sqe, this, wish_.gives_descriptor && !waits_first_);
    }
    void wait_first() {
        io_uring_sqe sqe{};
        io_uring_prep_poll_add(&sqe, wish_.sqe.fd, POLLIN);
        submit(sqe);
    }

    void completed(int result, bool) noexcept override {
        in_hand_ = nullptr;
        result_ = result;
        agenda_.add(*this);
    }
    void ring_ended() noexcept override {
        in_hand_ = nullptr;
        abandon();
    }
    void stop() noexcept override {
        if (in_hand_) ring_.cancel(*in_hand_);
    }

    void complete() override {
        if (waits_first_ && result_ >= 0) {
            if (stopped()) result_ = -ECANCELED;
            else if ((result_ = take_now()) == -EAGAIN) return wait_first();
        }
        if (result_ >= 0) done_ += static_cast<std::size_t>(result_);
        else error_.assign(-result_, std::system_category());
        if (wish_.whole && result_ > 0 && static_cast<unsigned>(result_) < wish_.sqe.len &&
            !stopped())
            return go_further();
        go_on();
    }

    void go_further() {
        wish_.sqe.addr += static_cast<unsigned>(result_);
        wish_.sqe.len -= static_cast<unsigned>(result_);
        if (wish_.sqe.off != ~std::uint64_t{0} && wish_.sqe.opcode == IORING_OP_WRITE)
            wish_.sqe.off += static_cast<unsigned>(result_);
        submit(wish_.sqe);
    }

    // The descriptor was readable a moment ago. Somebody else may have been faster.
    int take_now() noexcept {
        const auto& sqe = wish_.sqe;
        pollfd still{sqe.fd, POLLIN, 0};
        if (::poll(&still, 1, 0) == 0) return -EAGAIN;
        auto* const memory = reinterpret_cast<void*>(sqe.addr);
        ssize_t got = -1;
        switch (sqe.opcode) {
            case IORING_OP_ACCEPT:
                got = ::accept4(sqe.fd, nullptr, nullptr, static_cast<int>(sqe.accept_flags));
                break;
            case IORING_OP_RECV:
                got =
                    ::recv(sqe.fd, memory, sqe.len, static_cast<int>(sqe.msg_flags) | MSG_DONTWAIT);
                break;
            default: got = ::read(sqe.fd, memory, sqe.len); break;
        }
        return got < 0 ? -errno : static_cast<int>(got);
    }

    loops::agenda& agenda_;
    ring& ring_;
    wish wish_;
    request* in_hand_ = nullptr;
    std::size_t done_ = 0;
    int result_ = 0;
    bool waits_first_ = false;
};

/// What the ring's operations return: awaited once, in any coroutine of the loop. A stop of that coroutine cancels the
/// request; it ends when the kernel has let go of its memory.
template <class Result>
class [[nodiscard]] ring_await {
public:
    ring_await(loops::agenda& loop, ring& of, const wish& what) noexcept
        : agenda_(&loop), ring_(&of), wish_(what) {}

    auto operator co_await() const noexcept { return awaiter(*agenda_, *ring_, wish_); }

private:
    class awaiter final : public operation {
    public:
        awaiter(loops::agenda& loop, ring& of, const wish& what) noexcept
            : operation(loop, of, what) {}

        bool await_ready() const noexcept { return false; }
        template <class Promise>
        bool await_suspend(std::coroutine_handle<Promise> who) {
            return this->begin(who);
        }
        Result await_resume() {
            this->throw_error();
            if constexpr (std::signed_integral<Result>)
                return this->error_ ? Result(-1) : static_cast<Result>(this->done());
            else if constexpr (!std::is_void_v<Result>) return static_cast<Result>(this->done());
        }
    };

    loops::agenda* agenda_;
    ring* ring_;
    wish wish_;
};

}  // namespace elkodon::uring
