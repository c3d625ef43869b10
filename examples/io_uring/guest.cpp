// Bring your own ring: a plain liburing program that echoes its stdin, and prints samples as a guest's coroutine does.
#include <elkodon/elkodon.hpp>
#include <elkodon/io_uring.hpp>

#include <cstdint>
#include <fmt/core.h>

char line[256];

elkodon::task<> print(elkodon::uring::subscriber<std::uint64_t> numbers) {
    while (auto sample = co_await numbers.next()) {
        fmt::print("received: {}\n", *sample);
        std::fflush(stdout);
    }
}

void read_on(io_uring* ring) {
    auto* const sqe = io_uring_get_sqe(ring);
    io_uring_prep_read(sqe, 0, line, sizeof line, -1);
    io_uring_sqe_set_data64(sqe, 2);  // its lowest bit is the guest's
}

int main() {
    io_uring ring;
    if (io_uring_queue_init(64, &ring, 0) < 0) return 1;
    auto service = elkodon::node::create()
                       .service("My/Funk/ServiceName")
                       .publish_subscribe<std::uint64_t>()
                       .open_or_create();
    elkodon::uring::loop guest{&ring};
    guest.spawn(print({guest, service.subscriber().create()}));
    read_on(&ring);
    for (bool open = true; open;) {
        io_uring_submit_and_wait(&ring, guest.prepare());
        io_uring_cqe* cqe;
        unsigned head, seen = 0;
        io_uring_for_each_cqe(&ring, head, cqe) {
            ++seen;
            if (guest.dispatch(cqe)) continue;
            if (!(open = cqe->res > 0)) continue;
            fmt::print("echo: {}", std::string_view(line, static_cast<std::size_t>(cqe->res)));
            std::fflush(stdout);
            read_on(&ring);
        }
        io_uring_cq_advance(&ring, seen);
    }
}
