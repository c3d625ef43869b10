// Messages from one thread to another through the ring, for ThreadSanitizer to look at: see must_be_reported.py. In one build
// the ring's writer is the true one, in the other a copy with a weaker order.
#include <elkodon/lockfree/ring_writer.hpp>
#ifdef WEAKENED
#include "weakened_ring_writer.hpp"
#define ring_writer weakened_ring_writer  // what the fixture uses
#endif

#include "ring_fixture.hpp"

#include <cstdio>
#include <thread>

int main() {
    constexpr std::uint64_t count = 2000;
    tests::ring_memory memory(8, 32);
    tests::ring_publisher publisher(memory, 1);
    tests::ring_subscriber<1> subscriber(memory);
    publisher.scans(subscriber.slots);
    elkodon::atomic<bool> done{false};
    std::thread sends([&] {
        for (std::uint64_t i = 0; i < count; ++i) {
            const auto chunk = publisher.loan();
            if (chunk == tests::layout::no_chunk) break;
            *reinterpret_cast<std::uint64_t*>(memory.writer.payload(chunk)) = i;
            publisher.send(chunk);
        }
        done.store(true, std::memory_order_relaxed);
    });
    std::uint64_t sum = 0, taken = 0;
    // relaxed: nothing but the ring may order what the two threads do.
    while (!done.load(std::memory_order_relaxed) || taken == 0)
        if (const auto value = subscriber.take()) sum += *value, ++taken;
    sends.join();
    std::printf("%llu taken, sum %llu\n", static_cast<unsigned long long>(taken),
                static_cast<unsigned long long>(sum));
}
