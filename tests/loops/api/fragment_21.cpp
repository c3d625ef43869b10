// Fragment 21 of the API by example, compiled and run: your own ring, and the loop as its guest.
#include <elkodon/elkodon.hpp>
#include <elkodon/io_uring.hpp>

#include <support/catch.hpp>

namespace fragment_21 {
namespace {

using frame = std::uint64_t;
int own_completions = 0;
bool shown = false;

elkodon::task<> show(elkodon::uring::subscriber<frame> frames) {
    auto sample = co_await frames.async_receive();
    shown = *sample == 7;
}
void mine(const io_uring_cqe*) { ++own_completions; }

// The fragment's loop has no end.
void drive(io_uring* ring, elkodon::subscriber<frame> port) {
    elkodon::uring::loop guest{ring};  // marks its user_data in the lowest bit: leave that bit to it
    guest.spawn(show({guest, std::move(port)}));
    while (!shown) {
        io_uring_submit_and_wait(ring, guest.prepare());  // 0 while it has work to do, else 1
        io_uring_cqe* cqe;
        unsigned head, seen = 0;
        io_uring_for_each_cqe(ring, head, cqe) {
            ++seen;
            if (!guest.dispatch(cqe)) mine(cqe);
        }
        io_uring_cq_advance(ring, seen);
    }
}

TEST_CASE("fragment 21: your own ring, and the loop as its guest") {
    auto service =
        elkodon::node::create_local().service("frames").publish_subscribe<frame>().create();
    auto publisher = service.publisher().create();
    auto port = service.subscriber().create();
    publisher.send_copy(7);
    io_uring ring;
    REQUIRE(io_uring_queue_init(16, &ring, 0) == 0);
    auto* const sqe = io_uring_get_sqe(&ring);
    io_uring_prep_nop(sqe);
    io_uring_sqe_set_data64(sqe, 2);
    drive(&ring, std::move(port));
    io_uring_queue_exit(&ring);
    CHECK(shown);
    CHECK(own_completions == 1);
}

}  // namespace
}  // namespace fragment_21
