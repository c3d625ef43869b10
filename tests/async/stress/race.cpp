// Races that a message may win or lose, but never be lost in: against a timer, against a cancellation.
// Whatever is received carries its number; each number is received once, in order.
#include <elkodon/asio.hpp>

#include "../world.hpp"
#include "pacing.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <future>
#include <memory>
#include <support/catch.hpp>
#include <thread>
#include <variant>

namespace {

using namespace asio::experimental::awaitable_operators;
using number_subscriber = elkodon::async::subscriber<std::uint64_t>;

constexpr std::uint64_t wins_of_each_side = 100'000;

// Publishes one number after the other, never more ahead than the ring keeps: what is missing then was lost by
// the receiver. At random instants, from as fast as it can to slower than the receiver looks.
class paced_publisher {
public:
    explicit paced_publisher(const elkodon::publish_subscribe_service<std::uint64_t>& service)
        : thread_([this, publisher = service.publisher().create()]() mutable { run(publisher); }) {}
    ~paced_publisher() {
        stop = true;
        thread_.join();
    }

    std::atomic<std::uint64_t> taken = 0;
    std::atomic<std::uint64_t> slowness = 100;
    std::atomic<bool> stop = false;

private:
    void run(elkodon::publisher<std::uint64_t>& publisher) {
        test::dice dice(1);
        for (std::uint64_t next = 0; !stop; ++next) {
            while (next > taken.load() + 3 && !stop) elkodon::pause_once();
            test::spin(dice.up_to(slowness.load()));
            publisher.send_copy(next);
        }
    }

    std::thread thread_;
};

struct tally {
    std::uint64_t messages = 0, others = 0, wrong = 0;

    bool enough() const { return messages >= wins_of_each_side && others >= wins_of_each_side; }
    void note(std::uint64_t value, std::atomic<std::uint64_t>& taken) {
        if (value != messages) ++wrong;
        ++messages;
        taken.store(messages);
    }
    // Whoever wins too often is slowed down.
    void balance(std::atomic<std::uint64_t>& slowness) const {
        if ((messages + others) % 64 != 0) return;
        const auto now = slowness.load();
        slowness.store(messages > others ? std::min<std::uint64_t>(now + 1 + now / 8, 20'000)
                                         : now - now / 8);
    }
};

asio::awaitable<void> race_a_timer(number_subscriber& numbers,
                                   paced_publisher& publisher,
                                   tally& count) {
    asio::steady_timer timer{numbers.get_executor()};
    test::dice dice(2);
    while (!count.enough()) {
        // From long past, so that both are ready at once, to 20 µs ahead.
        timer.expires_after(std::chrono::nanoseconds(dice.up_to(25'000)) -
                            std::chrono::microseconds(5));
        auto first = co_await (numbers.async_receive(asio::use_awaitable) ||
                               timer.async_wait(asio::use_awaitable));
        if (const auto* sample = std::get_if<0>(&first)) count.note(**sample, publisher.taken);
        else ++count.others;
        count.balance(publisher.slowness);
    }
}

TEST_CASE("a receive that is raced against a timer loses no message and takes none twice") {
    test::world world;
    const auto service = world.publish_subscribe<std::uint64_t>().create();
    asio::io_context io{1};
    number_subscriber numbers{io, service.subscriber().create()};
    tally count;
    {
        paced_publisher publisher(service);
        asio::co_spawn(io, race_a_timer(numbers, publisher, count), asio::detached);
        io.run();
    }
    std::printf("receive || timer: the message won %llu times, the timer %llu times\n",
                static_cast<unsigned long long>(count.messages),
                static_cast<unsigned long long>(count.others));
    CHECK(count.wrong == 0);
    CHECK(count.enough());
    CHECK(numbers.port().lost() == 0);
}

// A subscriber on a strand, whose operations another thread cancels through that strand.
class cancelled_at_random {
public:
    using strand = asio::strand<asio::thread_pool::executor_type>;

    cancelled_at_random(const strand& on,
                        elkodon::subscriber<std::uint64_t> port,
                        std::atomic<std::uint64_t>& taken,
                        std::atomic<std::uint64_t>& slowness)
        : numbers_(on, std::move(port)), taken_(taken), slowness_(slowness) {}

    void begin() {
        const auto handler = [this](std::error_code error,
                                    const elkodon::sample<std::uint64_t>& sample) {
            if (sample) count.note(*sample, taken_);
            else if (error == asio::error::operation_aborted) ++count.others;
            else ++count.wrong;
            count.balance(slowness_);
            if (count.enough()) ended.set_value();
            else begin();
        };
        numbers_.async_receive(asio::bind_cancellation_slot(stop_.slot(), handler));
    }
    // Called on the strand.
    void cancel() { stop_.emit(asio::cancellation_type::total); }
    std::uint64_t lost() { return numbers_.port().lost(); }

    tally count;
    std::promise<void> ended;

private:
    elkodon::async::basic_subscriber<std::uint64_t, strand> numbers_;
    asio::cancellation_signal stop_;
    std::atomic<std::uint64_t>& taken_;
    std::atomic<std::uint64_t>& slowness_;
};

TEST_CASE("a receive that another thread cancels through the strand loses no message and takes "
          "none twice") {
    test::world world;
    const auto service = world.publish_subscribe<std::uint64_t>().create();
    asio::thread_pool pool{2};
    const auto strand = asio::make_strand(pool.get_executor());
    auto port = service.subscriber().create();  // before the first message
    paced_publisher publisher(service);
    cancelled_at_random receiver{strand, std::move(port), publisher.taken, publisher.slowness};
    auto ended = receiver.ended.get_future();
    asio::post(strand, [&] { receiver.begin(); });
    std::atomic<bool> stop = false;
    // Slows down when it wins too often: a cancellation that is always there first leaves no message a chance.
    std::thread cancelling([&] {
        test::dice dice(3);
        std::atomic<bool> posted = false;
        std::atomic<std::uint64_t> slowness = 200;
        while (!stop) {
            test::spin(dice.up_to(slowness));
            posted = true;
            asio::post(strand, [&] {
                receiver.cancel();
                const auto now = slowness.load();
                slowness = receiver.count.others > receiver.count.messages
                               ? std::min<std::uint64_t>(now + 1 + now / 16, 20'000)
                               : now - now / 16;
                posted = false;
            });
            while (posted) elkodon::pause_once();
        }
    });
    ended.wait();
    stop = true;
    cancelling.join();
    pool.join();
    std::printf("receive, cancelled: the message won %llu times, the cancellation %llu times\n",
                static_cast<unsigned long long>(receiver.count.messages),
                static_cast<unsigned long long>(receiver.count.others));
    CHECK(receiver.count.wrong == 0);
    CHECK(receiver.lost() == 0);
}

}  // namespace
