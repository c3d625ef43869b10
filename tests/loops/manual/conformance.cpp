// The suite over the manual loop.
#include <elkodon/manual.hpp>

#include <support/catch.hpp>

#include <chrono>
#include <stdexcept>
#include <tuple>

namespace {

struct manual_kit {
    using loop_type = elkodon::manual::loop;
    template <class T>
    using subscriber = elkodon::manual::subscriber<T>;
    template <class T>
    using publisher = elkodon::manual::publisher<T>;
    using listener = elkodon::manual::listener;
    using wait_set = elkodon::manual::wait_set;
    using watch = elkodon::manual::watch;

    // The shortest sleep that isn't over at once.
    static constexpr std::chrono::nanoseconds tick{1};
    loop_type loop;

    // Nothing that this thread doesn't do changes anything, but inotify and other threads: those come a little later.
    template <class Condition>
    void until(Condition holds) {
        for (const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
             !holds();) {
            loop.advance(tick);
            if (std::chrono::steady_clock::now() > end) throw std::runtime_error("it never came");
        }
    }
    void settle() { loop.run_ready(); }
    void run_until_stopped() { loop.run_ready(); }
    template <class Time, class Condition>
    void pass(Time time, Condition holds) {
        loop.advance(time);
        CHECK(holds());
    }
};

}  // namespace

namespace conformance {
using kits = std::tuple<manual_kit>;
}

#include "../conformance/dying.hpp"
#include "../conformance/ending.hpp"
#include "../conformance/others.hpp"
#include "../conformance/publishing.hpp"
#include "../conformance/racing.hpp"
#include "../conformance/receiving.hpp"
