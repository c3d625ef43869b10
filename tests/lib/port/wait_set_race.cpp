// A receiver that sleeps in a wait set, or behind its descriptor, and senders that come at instants which aim at the
// receiver's way into its sleep: no wake is ever missed. The same program, built with a room that leaves out its last
// look, finds what is missed: then it says so and fails.
#include <elkodon/elkodon.hpp>
#include <support/scratch_root.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <poll.h>
#include <random>
#include <string>
#include <thread>

namespace {

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;
using number = std::uint64_t;

constexpr auto missed_after = 10s;

struct world {
    support::scratch_root root;
    elkodon::node node;
    elkodon::publish_subscribe_service<number> numbers;
    elkodon::event_service bells;

    world() {
        auto config = elkodon::configuration::load();
        config.liveness_bound = 1h;  // nothing that was missed is made good by the clock
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

struct receiver {
    elkodon::subscriber<number> subscriber;
    elkodon::listener listener;
    elkodon::wait_set waits;
    elkodon::attachment numbers = waits.attach(subscriber), bells = waits.attach(listener);

    bool take(number next) {
        if (next % 2 == 0) return static_cast<bool>(subscriber.receive());
        return listener.try_wait().contains(elkodon::event_id{next % 200});
    }
};

// Whether something came in time.
bool sleep_in_wait_set(receiver& own) {
    return static_cast<bool>(own.waits.timed_wait(missed_after));
}

bool sleep_behind_descriptor(receiver& own) {
    while (!own.waits.try_wait()) {
        pollfd look{own.waits.native_handle(), POLLIN, 0};
        if (poll(&look, 1, static_cast<int>(std::chrono::milliseconds(missed_after).count())) == 0)
            return false;
    }
    return true;
}

template <class Sleep>
bool race(const char* name, elkodon::wait_strategy strategy, std::chrono::seconds time, Sleep sleep) {
    world here;
    receiver own{here.numbers.subscriber().create(), here.bells.listener().create(),
                 here.node.wait_set().wait_strategy(strategy).create()};
    sender other(here);
    number next = 0;
    for (const auto end = clock_type::now() + time; clock_type::now() < end;) {
        other.ask_for(++next);
        while (!own.take(next)) {
            const auto begin = clock_type::now();
            if (sleep(own) && clock_type::now() - begin < missed_after) continue;
            std::printf("%s: wake %llu was missed\n", name, static_cast<unsigned long long>(next));
            return false;
        }
    }
    std::printf("%s: %llu wakes, none was missed\n", name, static_cast<unsigned long long>(next));
    return true;
}

}  // namespace

int main(int count, char** arguments) {
    const auto seconds = count > 1 ? std::atoi(arguments[1]) : 20;
    const auto time = std::chrono::seconds(std::getenv("ELKODON_LONG") ? 60 * seconds : seconds);
    using strategy = elkodon::wait_strategy;
    const bool right =
        race("wait set", strategy::block(), time, sleep_in_wait_set) &&
        race("wait set that looks first", strategy::spin_then_block(20us), time,
             sleep_in_wait_set) &&
        race("behind its descriptor", strategy::block(), time, sleep_behind_descriptor);
    return right ? 0 : 1;
}
