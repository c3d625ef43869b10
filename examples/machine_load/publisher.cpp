// Publishes this machine's load ten times a second, and every second how many tasks can run.
#include "proc_reader.hpp"
#include "services.hpp"

#include <elkodon/elkodon.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <system_error>
#include <thread>
#include <utility>

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

namespace {

constexpr auto period = 100ms;
constexpr std::uint64_t readings_per_event = 10;

// Deadlines are absolute: the pace doesn't drift. Those that were slept through are left out.
void sleep_until_next(clock_type::time_point& deadline) {
    deadline = std::max(deadline + period, clock_type::now());
    std::this_thread::sleep_until(deadline);
}

void run() {
    if (elkodon::termination_requested()) return;  // from the first question on, it is our answer
    auto node = elkodon::node::create();
    auto publisher = machine_load::open_readings(node).publisher().create();
    auto notifier = machine_load::open_runnable(node).notifier().create();
    machine_load::proc_reader proc;

    fmt::print("publishing this machine's load: ten readings a second\n");
    std::fflush(stdout);
    auto deadline = clock_type::now();
    for (std::uint64_t number = 1; !elkodon::termination_requested(); ++number) {
        sleep_until_next(deadline);
        auto loan = publisher.loan();  // lives in shared memory from the start
        proc.read(*loan);
        loan->number = number;
        loan->published_ns = clock_type::now().time_since_epoch() / 1ns;
        const std::uint64_t runnable = loan->tasks_runnable;
        if (auto error = publisher.send(std::move(loan))) throw std::system_error{error, "send"};

        if (number % readings_per_event != 0) continue;
        const auto id = std::min(runnable, machine_load::max_event_id);
        if (auto error = notifier.notify(elkodon::event_id{id}))
            throw std::system_error{error, "notify"};
    }
}

}  // namespace

int main() {
    try {
        run();
    } catch (const std::exception& error) {
        fmt::print(stderr, "machine_load_publisher: {}\n", error.what());
        return 1;
    }
}
