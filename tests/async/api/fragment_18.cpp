// Fragment 18 of the API: a strand as the executor, wait strategy, cancelling one operation, closing.
#include <elkodon/asio.hpp>

#include "../world.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <support/catch.hpp>

namespace tests::fragment_18_cases {

namespace {

struct frame {
    int number;
};

TEST_CASE("fragment 18: a strand, a strategy, one operation that is cancelled, and the end") {
    test::world world;
    const auto service = world.publish_subscribe<frame>().create();
    std::error_code ended;

    asio::thread_pool pool{4};
    elkodon::async::set_wait_strategy(pool, elkodon::wait_strategy::adaptive());
    auto strand = asio::make_strand(pool.get_executor());
    elkodon::async::basic_subscriber<frame, decltype(strand)> frames{strand,
                                                                     service.subscriber().create()};
    asio::cancellation_signal stop;
    frames.async_wait(
        asio::bind_cancellation_slot(stop.slot(), [&](std::error_code error) { ended = error; }));
    asio::post(strand, [&] {
        stop.emit(asio::cancellation_type::
                      total);  // that operation only; frames.cancel() ends all that are pending
        frames.close();  // pending: operation_aborted; next(): ends. frames.release() gives the port back
    });
    pool.join();
    CHECK(ended == asio::error::operation_aborted);
    CHECK_FALSE(frames.is_open());
}

}  // namespace

}  // namespace tests::fragment_18_cases
