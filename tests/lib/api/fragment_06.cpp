// Fragment 6 of the API by example: several publishers, batches, losses, an observer, eviction.
#include <elkodon/elkodon.hpp>
#include <support/catch.hpp>
#include <support/scratch_root.hpp>

#include <array>
#include <chrono>
#include <fmt/format.h>
#include <set>
#include <span>

namespace tests::fragment_06 {
namespace {

using namespace std::chrono_literals;

struct line {
    std::uint64_t number;
};

}  // namespace

TEST_CASE("API 6: several publishers, batches, losses, an observer, eviction") {
    support::scratch_root root;
    auto log = elkodon::node::create()
                   .service("log")
                   .publish_subscribe<line>()
                   .enable_safe_overflow(false)
                   .stall_timeout(1ms)
                   .subscriber_max_buffer_size(64)
                   .subscriber_max_borrowed_samples(32)
                   .create();
    auto subscriber = log.subscriber().buffer_size(1).create();
    auto first = log.publisher().create(), second = log.publisher().create();
    std::set<elkodon::port_id> publishers;
    std::uint64_t sum = 0;
    std::string printed;
    const auto use = [&](elkodon::port_id publisher, std::uint64_t, const line& each) {
        publishers.insert(publisher);
        sum += each.number;
    };

    // 6  several publishers, batches, losses, an observer, eviction
    auto tap =
        log.subscriber().observer().buffer_size(64).create();  // never holds a publisher back; may lose

    for (std::uint64_t i = 1; i <= 3; ++i) {
        REQUIRE_FALSE(first.send_copy({i}));
        REQUIRE_FALSE(second.send_copy({10 * i}));
    }

    std::array<elkodon::sample<line>, 32> batch;
    auto taken = std::span{batch}.first(tap.receive_many(batch));  // all publishers, in fair turn
    for (auto& sample : taken) use(sample.publisher_id(), sample.sequence(), *sample);
    printed += fmt::format("{} taken, {} lost since the beginning\n", taken.size(), tap.lost());

    CHECK(printed == "6 taken, 0 lost since the beginning\n");
    CHECK(publishers.size() == 2);
    CHECK(sum == 66);
    // One sample of room: it was evicted, and has lost nothing as long as the ring holds all.
    for (std::uint64_t i = 0; i < 200; ++i) REQUIRE_FALSE(first.send_copy({i}));
    int too_slow = 0;
    for (int i = 0; i < 10; ++i)
        if (auto sample = subscriber.receive(); sample.error() == elkodon::errc::evicted)
            ++too_slow;
    CHECK(too_slow == 1);
    CHECK(subscriber.lost() > 0);
}

}  // namespace tests::fragment_06
