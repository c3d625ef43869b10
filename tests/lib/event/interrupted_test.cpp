#include "world.hpp"

#include <atomic>
#include <csignal>
#include <fstream>
#include <functional>
#include <pthread.h>
#include <thread>
#include <unistd.h>

namespace tests::event_interrupted_cases {
namespace {

using namespace tests::events;

std::atomic<int> interrupted{0};

// Whether the kernel says that a thread of ours sleeps.
bool sleeps(pid_t thread) {
    std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/stat");
    std::string line;
    std::getline(file, line);
    const auto end = line.rfind(')');
    return end != std::string::npos && line.size() > end + 2 && line[end + 2] == 'S';
}

// With a handler that restarts nothing.
class interruptible {
public:
    interruptible() {
        struct sigaction action{};
        action.sa_handler = [](int) { ++interrupted; };
        sigaction(SIGUSR1, &action, &before_);
    }
    ~interruptible() { sigaction(SIGUSR1, &before_, nullptr); }
    interruptible(const interruptible&) = delete;
    interruptible& operator=(const interruptible&) = delete;

private:
    struct sigaction before_{};
};

}  // namespace

TEST_CASE("a signal ends no wait of a listener: it goes on to sleep until something is rung") {
    const interruptible signals;
    using wait = std::function<elkodon::event_ids(elkodon::listener&)>;
    const wait waits[] = {[](auto& listener) { return listener.blocking_wait(); },
                          [](auto& listener) { return listener.timed_wait(24h); },
                          [](auto& listener) { return listener.blocking_wait_one(); },
                          [](auto& listener) { return listener.timed_wait_one(24h); }};
    for (std::size_t which = 0; which < std::size(waits); ++which) {
        CAPTURE(which);
        world here;
        const auto service = here.bell().create();
        auto listener = service.listener().create();
        auto notifier = service.notifier().create();
        std::atomic<pid_t> thread{0};
        std::atomic<bool> returned{false};
        ids heard;
        std::thread sleeper([&] {
            thread = gettid();
            heard = of(waits[which](listener));
            returned = true;
        });
        while (thread == 0) std::this_thread::yield();
        for (int signal = 0; signal < 10; ++signal) {
            while (!sleeps(thread)) std::this_thread::yield();
            const int before = interrupted;
            pthread_kill(sleeper.native_handle(), SIGUSR1);
            while (interrupted == before) std::this_thread::yield();
        }
        CHECK_FALSE(returned);
        notifier.notify(event_id(4));
        sleeper.join();
        CHECK(heard == ids{4});
    }
}

TEST_CASE("a signal doesn't put off the end of a timed wait, nor that of a deadline") {
    const interruptible signals;
    for (const bool with_deadline : {false, true}) {
        world here;
        const auto service = here.bell().deadline(with_deadline ? 50ms : 0ms).create();
        auto listener = service.listener().create();
        std::atomic<bool> returned{false};
        std::thread sleeper([&] {
            const auto taken = with_deadline ? listener.blocking_wait() : listener.timed_wait(50ms);
            CHECK(taken.empty());
            CHECK((taken.error() == errc::deadline_missed) == with_deadline);
            returned = true;
        });
        while (!returned) {
            pthread_kill(sleeper.native_handle(), SIGUSR1);
            std::this_thread::yield();
        }
        sleeper.join();
    }
}

}  // namespace tests::event_interrupted_cases
