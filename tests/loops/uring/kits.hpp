// The suite's kits over io_uring: a ring of the loop's own, by eventfd and by futex, and a guest's.
#pragma once

#include <elkodon/io_uring.hpp>

#include <chrono>
#include <stdexcept>
#include <tuple>

namespace conformance {

struct uring_ports {
    using loop_type = elkodon::uring::loop;
    template <class T>
    using subscriber = elkodon::uring::subscriber<T>;
    template <class T>
    using publisher = elkodon::uring::publisher<T>;
    using listener = elkodon::uring::listener;
    using wait_set = elkodon::uring::wait_set;
    using watch = elkodon::uring::watch;
    static constexpr std::chrono::nanoseconds tick{0};
};

/// Sleeps in the kernel whenever it can: a wake that is lost hangs.
template <elkodon::uring::loop_settings::sleeps_on Doorbell>
struct own_ring : uring_ports {
    loop_type loop{{.doorbell = Doorbell, .wait_strategy = elkodon::wait_strategy::block()}};
    own_ring() { REQUIRE(loop.doorbell() == Doorbell); }

    template <class Condition>
    void until(Condition holds) {
        while (!holds()) loop.run_once();
    }
    void settle() { loop.run_ready(); }
    void run_until_stopped() { loop.run(); }
    template <class Time, class Condition>
    void pass(Time, Condition holds) {
        until(holds);
    }
};

/// A ring that the test drives, with completions of its own between the loop's.
struct guest_ring : uring_ports {
    struct drive {
        io_uring ring{};
        drive() { REQUIRE(io_uring_queue_init(64, &ring, 0) == 0); }
        ~drive() { io_uring_queue_exit(&ring); }
    } driven;
    loop_type loop{&driven.ring};
    int mine = 0;

    unsigned once(unsigned least) {
        auto* const ring = &driven.ring;
        io_uring_submit_and_wait(ring, least);
        io_uring_cqe* cqe;
        unsigned head, seen = 0;
        io_uring_for_each_cqe(ring, head, cqe) {
            ++seen;
            if (!loop.dispatch(cqe)) ++mine;
        }
        io_uring_cq_advance(ring, seen);
        return seen;
    }
    void nop() {
        auto* const sqe = io_uring_get_sqe(&driven.ring);
        if (!sqe) return;
        io_uring_prep_nop(sqe);
        io_uring_sqe_set_data64(sqe, 2);
    }

    template <class Condition>
    void until(Condition holds) {
        while (!holds()) {
            const auto least = loop.prepare();
            once(holds() ? 0 : least);
        }
    }
    void settle() {
        nop();
        while (loop.prepare() == 0 || once(0) > 0) {}
    }
    void run_until_stopped() {
        bool stopped = false;
        loop.post([&] { stopped = true; });
        until([&] { return stopped; });
    }
    template <class Time, class Condition>
    void pass(Time, Condition holds) {
        until(holds);
    }
};

using elkodon::uring::loop_settings;
using kits = std::tuple<own_ring<loop_settings::sleeps_on::eventfd>,
                        own_ring<loop_settings::sleeps_on::futex>,
                        guest_ring>;

}  // namespace conformance
