// Counts every operator new of the program.
#include <elkodon/elkodon.hpp>
#include <support/catch.hpp>
#include <support/scratch_root.hpp>

#include <array>
#include <atomic>
#include <cstdlib>
#include <new>

namespace tests::allocations_cases {
namespace {

std::atomic<std::size_t> news{0};

void* counted(std::size_t size) noexcept {
    news.fetch_add(1, std::memory_order_relaxed);
    return std::malloc(size ? size : 1);
}

void* counted(std::size_t size, std::align_val_t alignment) noexcept {
    news.fetch_add(1, std::memory_order_relaxed);
    const auto step = static_cast<std::size_t>(alignment);
    return std::aligned_alloc(step, (size + step - 1) / step * step);
}

void* or_throw(void* made) {
    if (made) return made;
    throw std::bad_alloc();
}

}  // namespace
}  // namespace tests::allocations_cases

using tests::allocations_cases::counted;
using tests::allocations_cases::or_throw;

// The array forms call these. Inlined, they would look to the compiler like a mixture of new and free.
#define COUNTED [[gnu::noinline]]
COUNTED void* operator new(std::size_t size) { return or_throw(counted(size)); }
COUNTED void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return counted(size);
}
COUNTED void* operator new(std::size_t size, std::align_val_t step) {
    return or_throw(counted(size, step));
}
COUNTED void operator delete(void* gone) noexcept { std::free(gone); }
COUNTED void operator delete(void* gone, std::size_t) noexcept { std::free(gone); }
COUNTED void operator delete(void* gone, const std::nothrow_t&) noexcept { std::free(gone); }
COUNTED void operator delete(void* gone, std::align_val_t) noexcept { std::free(gone); }
COUNTED void operator delete(void* gone, std::size_t, std::align_val_t) noexcept {
    std::free(gone);
}

namespace tests::allocations_cases {

TEST_CASE("after warm-up no loan, send, receive or wait allocates, whatever it comes to") {
    support::scratch_root root;
    const auto node = elkodon::node::create();
    auto service = node.service("numbers")
                       .publish_subscribe<std::uint64_t>()
                       .subscriber_max_buffer_size(64)
                       .subscriber_max_borrowed_samples(32)
                       .create();
    auto publisher = service.publisher().create(), second = service.publisher().create();
    auto subscriber = service.subscriber().create(), sleeper = service.subscriber().create();
    auto event = node.service("bell").event().create();
    auto notifier = event.notifier().create();
    auto listener = event.listener().create();
    sleeper.native_handle();
    std::array<elkodon::sample<std::uint64_t>, 32> batch;
    std::uint64_t sum = 0, count = 0;

    const auto everything = [&] {
        for (std::uint64_t i = 0; i < 200; ++i) {
            auto loan = publisher.try_loan_uninit();
            loan.emplace(i);
            publisher.send(std::move(loan));
            second.send_copy(i);
            auto a = publisher.loan(), b = publisher.loan();
            const auto refused = publisher.try_loan();
            b.reset();
            publisher.send(std::move(a));
            if (i % 3 == 0)
                while (auto sample = subscriber.receive()) {
                    const auto copy = sample;
                    sum += *copy;
                    ++count;
                }
            if (i % 50 == 49)
                for (;;) {
                    for (auto& each : batch) each.reset();
                    const auto taken = subscriber.receive_many(batch);
                    if (taken == 0) break;
                    count += taken;
                }
            if (i % 20 == 0)
                while (auto sample = sleeper.receive()) sum += *sample;
            sum += subscriber.timed_receive(std::chrono::nanoseconds(1)) ? 1 : 0;
            notifier.notify(elkodon::event_id(i % 256));
            for (const auto id : listener.try_wait()) sum += id.value();
            sum += listener.timed_wait(std::chrono::nanoseconds(1)).size();
            sum += subscriber.has_samples() ? 1 : 0;
            sum += subscriber.lost();
        }
        std::array<elkodon::sample<std::uint64_t>, 40> held;  // more than may be borrowed
        for (std::uint64_t i = 0; i < held.size(); ++i) {
            publisher.send_copy(i);
            held[i] = subscriber.receive();
        }
    };
    everything();
    const auto before = news.load();
    everything();
    const auto after = news.load();
    CHECK(after - before == 0);
    CHECK(sum > 0);
    CHECK(count > 500);
    CHECK(before > 0);  // the counter counts
}

}  // namespace tests::allocations_cases
