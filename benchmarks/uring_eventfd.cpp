// The reference of the io_uring rows: a ping-pong of two processes on bare eventfds, each polled many times by a ring, as one
// would write it by hand with liburing. The fds come by fork; ringing is one write of 8 bytes, and nobody reads.
// What it leaves out: data. It carries a wake-up and nothing else.
#include "ping_pong.hpp"

#include <liburing.h>
#include <memory>
#include <poll.h>
#include <sys/eventfd.h>

namespace {

class end {
public:
    end(int hears, int rings) : hears_(hears), rings_(rings), ring_(std::make_unique<io_uring>()) {
        const unsigned fast = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
        if (io_uring_queue_init(16, ring_.get(), fast) < 0) bench::fail("io_uring_queue_init");
        poll();
    }

    void send(std::uint64_t) {
        const std::uint64_t one = 1;
        bench::require(write(rings_, &one, sizeof one) == sizeof one, "write");
    }

    void receive(std::uint64_t number) {
        while (heard_ < number) {
            io_uring_cqe* cqe = nullptr;
            io_uring_submit_and_wait(ring_.get(), 1);
            bench::require(io_uring_peek_cqe(ring_.get(), &cqe) == 0, "a completion");
            const bool more = (cqe->flags & IORING_CQE_F_MORE) != 0;
            io_uring_cqe_seen(ring_.get(), cqe);
            ++heard_;
            if (!more) poll();
        }
    }

private:
    void poll() {
        auto* const sqe = io_uring_get_sqe(ring_.get());
        io_uring_prep_poll_multishot(sqe, hears_, POLLIN);
    }

    int hears_, rings_;
    std::unique_ptr<io_uring> ring_;
    std::uint64_t heard_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    const bench::arguments args{argc, argv};
    const int ping = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
              pong = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return bench::main_of_ping_pong(
        args, [&](bool asks) { return asks ? end(pong, ping) : end(ping, pong); });
}
