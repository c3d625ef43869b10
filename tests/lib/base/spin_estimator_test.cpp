#include <elkodon/base/spin_estimator.hpp>
#include <elkodon/os/process.hpp>
#include <support/catch.hpp>

#include <sched.h>
#include <thread>

namespace tests::spin_estimator_cases {
namespace {

using elkodon::cores_in_reach;
using elkodon::spin_estimator;
using elkodon::wait_strategy;
using namespace std::chrono_literals;

constexpr auto limit = wait_strategy::adaptive().spin();

/// A waiter whose messages come `gap` after each look that found nothing. Looking helps where the sender has a core
/// of its own; elsewhere the message comes only once the waiter sleeps. Returns how many of the waits looked.
int looked(spin_estimator& estimator, std::chrono::nanoseconds gap, int waits, bool helps = true) {
    int spins = 0;
    for (int i = 0; i < waits; ++i) {
        const auto spin = estimator.spin_for();
        const bool spun = spin > 0ns, caught = helps && spun && gap <= spin;
        spins += spun;
        const auto time = caught ? gap : (helps ? std::max(gap, spin) : spin + gap) + 5us;
        estimator.waited({time, spun, !caught, true});
    }
    return spins;
}

}  // namespace

TEST_CASE("adaptive waiters look only while messages come more often than the look would last") {
    spin_estimator estimator(wait_strategy::adaptive(), cores_in_reach::several);
    CHECK(estimator.spin_for() == 0ns);  // nothing is known yet
    CHECK(looked(estimator, 1ms, 100) == 0);
    CHECK(looked(estimator, 10us, 100) > 75);
    CHECK(estimator.spin_for() == limit);
    CHECK(looked(estimator, 1ms, 1000) < 8);
    CHECK(estimator.spin_for() == 0ns);
    CHECK(looked(estimator, limit - 10us, 1000) > 900);
    CHECK(looked(estimator, limit + 10us, 1000) < 16);
}

TEST_CASE("a single long pause doesn't end a dense stream for an adaptive waiter") {
    spin_estimator estimator(wait_strategy::adaptive(), cores_in_reach::several);
    looked(estimator, 5us, 100);
    for (int burst = 0; burst < 20; ++burst) {
        CHECK(looked(estimator, 1s, 1) == 1);
        CHECK(looked(estimator, 5us, 50) >= 48);
    }
}

TEST_CASE("on one core an adaptive waiter never looks, however dense its messages") {
    spin_estimator estimator(wait_strategy::adaptive(), cores_in_reach::one);
    CHECK(looked(estimator, 1us, 10'000) == 0);
    CHECK(estimator.yields());
    spin_estimator patient(wait_strategy::spin_then_block(1ms), cores_in_reach::one);
    CHECK(looked(patient, 1us, 100) == 0);
}

TEST_CASE("where looking never helps, since the sender shares the core, ten thousand waits waste a "
          "handful of spins") {
    spin_estimator estimator(wait_strategy::adaptive(), cores_in_reach::pinned);
    CHECK(looked(estimator, 3us, 10'000, false) <= 16);
    // And when it helps after all, the waiter finds out.
    CHECK(looked(estimator, 3us, 10'000) > 5'000);
}

TEST_CASE("waits that the clock ended say that messages are rare, and short ones say nothing") {
    spin_estimator estimator(wait_strategy::adaptive(), cores_in_reach::several);
    looked(estimator, 5us, 100);
    for (int i = 0; i < 1000; ++i) estimator.waited({1us, true, false, false});
    CHECK(estimator.spin_for() == limit);
    for (int i = 0; i < 50; ++i) estimator.waited({1s, true, true, false});
    CHECK(estimator.spin_for() == 0ns);
}

TEST_CASE("the other strategies do what they say, whatever the messages do") {
    spin_estimator blocks(wait_strategy::block(), cores_in_reach::several);
    spin_estimator spins(wait_strategy::spin_then_block(20us), cores_in_reach::several);
    spin_estimator busy(wait_strategy::busy(), cores_in_reach::one);
    for (const auto gap : {1us, 10us, 1000us})
        for (int i = 0; i < 100; ++i) {
            CHECK(blocks.spin_for() == 0ns);
            CHECK(spins.spin_for() == 20us);
            CHECK(busy.spin_for() == std::chrono::nanoseconds::max());
            for (auto* each : {&blocks, &spins, &busy}) each->waited({gap, true, true, true});
        }
    CHECK(wait_strategy::spin_then_block(-1us).spin() == 0us);
    CHECK(wait_strategy() == wait_strategy::adaptive());
    CHECK(wait_strategy::block() != wait_strategy::spin_then_block(0us));
}

TEST_CASE("a thread that is pinned to one core of several knows it") {
    if (elkodon::os::cores_of_this_thread() == cores_in_reach::one) return;
    std::thread([] {
        cpu_set_t allowed, first;
        REQUIRE(sched_getaffinity(0, sizeof allowed, &allowed) == 0);
        CPU_ZERO(&first);
        for (std::size_t core = 0; core < CPU_SETSIZE && CPU_COUNT(&first) == 0; ++core)
            if (CPU_ISSET(core, &allowed)) CPU_SET(core, &first);
        REQUIRE(sched_setaffinity(0, sizeof first, &first) == 0);
        CHECK(elkodon::os::cores_of_this_thread() == cores_in_reach::pinned);
    }).join();
}

}  // namespace tests::spin_estimator_cases
