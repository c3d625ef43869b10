// What a race of waits is: a receiver that sleeps, and a sender that comes at instants which aim at the receiver's way into
// its sleep. No wake may be missed. Each program of this kind is built a second time with waits that leave out their last
// look: that one finds what is missed, says so and fails.
#pragma once

#include <elkodon/elkodon.hpp>
#include <support/scratch_root.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <span>
#include <string>
#include <thread>

namespace wait_race {

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;
using number = std::uint64_t;

constexpr auto missed_after = 10s;
using elkodon::doorbell_backend;
using elkodon::wait_strategy;

struct world {
    support::scratch_root root;
    elkodon::node node;
    elkodon::publish_subscribe_service<number> numbers;
    elkodon::event_service bells;

    explicit world(doorbell_backend backend, wait_strategy strategy) {
        auto config = elkodon::configuration::load();
        config.liveness_bound = 1h;  // nothing that was missed is made good by the clock
        config.doorbell = backend;
        config.wait_strategy = strategy;
        node = elkodon::node::create(config);
        numbers = node.service("numbers").publish_subscribe<number>().create();
        bells = node.service("bells").event().create();
    }
};

// Sends or rings once for each number that is asked for, after a pause that is chosen anew each time.
class sender {
public:
    explicit sender(const world& in)
        : publisher_(in.numbers.publisher().create()),
          notifier_(in.bells.notifier().create()),
          thread_([this] { run(); }) {}
    ~sender() {
        asked_ = ~number{0};
        thread_.join();
    }
    sender(const sender&) = delete;
    sender& operator=(const sender&) = delete;
    void ask_for(number next) { asked_ = next; }

private:
    void run() {
        std::minstd_rand random(1);
        for (number next = 1;; ++next) {
            while (asked_.load() < next) {}
            if (asked_ == ~number{0}) return;
            for (auto pause = random() % (2U << random() % 14); pause > 0; --pause)
                std::atomic_signal_fence(std::memory_order_seq_cst);
            if (next % 2 == 0) publisher_.send_copy(next);
            else notifier_.notify(elkodon::event_id{next % 200});
        }
    }

    elkodon::publisher<number> publisher_;
    elkodon::notifier notifier_;
    std::atomic<number> asked_{0};
    std::thread thread_;
};

// Even numbers are messages, odd ones are rung.
struct ports {
    elkodon::subscriber<number> subscriber;
    elkodon::listener listener;

    explicit ports(const world& in)
        : subscriber(in.numbers.subscriber().create()), listener(in.bells.listener().create()) {}

    bool take(number next) {
        if (next % 2 == 0) return static_cast<bool>(subscriber.receive());
        return listener.try_wait().contains(elkodon::event_id{next % 200});
    }
};

template <class Receiver>
bool race(const std::string& name, const world& here, std::chrono::seconds time) {
    Receiver receiver(here);
    sender other(here);
    number next = 0;
    for (const auto end = clock_type::now() + time; clock_type::now() < end;) {
        other.ask_for(++next);
        const auto begin = clock_type::now();
        if (receiver.receive(next) && clock_type::now() - begin < missed_after) continue;
        std::printf("%s: wake %llu was missed\n", name.c_str(),
                    static_cast<unsigned long long>(next));
        return false;
    }
    std::printf("%s: %llu wakes, none was missed\n", name.c_str(),
                static_cast<unsigned long long>(next));
    return true;
}

struct way {
    const char* name;
    doorbell_backend backend;
    wait_strategy strategy;
    bool (*run)(const std::string& name, const world& here, std::chrono::seconds time);
};

/// usage: PROGRAM [WAY [SECONDS]]: all ways, for 20 seconds each; with ELKODON_LONG sixty times as long.
inline int run(std::span<const way> ways, int count, char** arguments) {
    const std::string only = count > 1 ? arguments[1] : "all";
    const auto seconds = count > 2 ? std::atoi(arguments[2]) : 20;
    const auto time = std::chrono::seconds(std::getenv("ELKODON_LONG") ? 60 * seconds : seconds);
    bool any = false;
    for (const auto& each : ways) {
        if (only != "all" && only != each.name) continue;
        any = true;
        if (!each.run(each.name, world(each.backend, each.strategy), time)) return 1;
    }
    return any ? 0 : 2;
}

}  // namespace wait_race
