// Fragment 5 of the API by example: lossless: what a publisher does when a subscriber is full.
#include <elkodon/elkodon.hpp>
#include <support/catch.hpp>
#include <support/scratch_root.hpp>

#include <chrono>

namespace tests::fragment_05 {
namespace {

using namespace std::chrono_literals;

struct line {
    char text[80];
};

}  // namespace

TEST_CASE("API 5: lossless: what a publisher does when a subscriber is full") {
    support::scratch_root root;
    auto node = elkodon::node::create();
    int others = 0;

    // 5  lossless: what a publisher does when a subscriber is full
    auto log = node.service("log")
                   .publish_subscribe<line>()
                   .enable_safe_overflow(false)
                   .stall_timeout(5s)
                   .open_or_create();
    auto waits = log.publisher().create();  // block: send waits for the slowest
    auto drops = log.publisher()
                     .backpressure(elkodon::backpressure::discard)
                     .create();  // counted in drops.discarded()
    auto fails = log.publisher().backpressure(elkodon::backpressure::fail).create();

    auto subscriber = log.subscriber().create();
    while (drops.discarded() == 0) REQUIRE_FALSE(drops.send_copy(line{}));
    while (!fails.send_copy(line{})) {}
    const auto do_something_else = [&] {
        ++others;
        while (subscriber.receive()) {}
    };

    auto loan = fails.loan();
    while (fails.send(std::move(loan)) == elkodon::errc::buffer_full)
        do_something_else();  // not sent: still ours
    auto asks = log.publisher()
                    .backpressure([](const elkodon::backpressure_info& full) noexcept {
                        return full.waited < 10ms ? elkodon::backpressure::block
                                                  : elkodon::backpressure::discard;
                    })
                    .create();

    CHECK(others == 1);
    CHECK(drops.discarded() == 1);
    CHECK_FALSE(waits.send_copy(line{}));
    while (asks.discarded() == 0) REQUIRE_FALSE(asks.send_copy(line{}));
}

}  // namespace tests::fragment_05
