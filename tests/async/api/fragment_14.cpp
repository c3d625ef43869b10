// Fragment 14 of the API: a timeout that loses nothing; errors as values.
#include <elkodon/asio.hpp>

#include "../world.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <string>
#include <support/catch.hpp>
#include <vector>

namespace tests::fragment_14_cases {

namespace {

using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;

std::vector<std::uint64_t> used;
void use(std::uint64_t number) { used.push_back(number); }

// Stands for fmt::print, so that the test can read what was printed.
std::string printed;
namespace fmt {
void print(const char* text) { printed += text; }
}  // namespace fmt

asio::awaitable<void> guard(elkodon::async::subscriber<std::uint64_t> numbers) {
    asio::steady_timer timer{numbers.get_executor(), 1s};
    auto first = co_await (numbers.async_receive(asio::use_awaitable) ||
                           timer.async_wait(asio::use_awaitable));
    if (auto* sample = std::get_if<0>(&first)) use(**sample);  // else a silent second
    auto token = elkodon::async::cancel_after(1s, elkodon::async::as_tuple(asio::use_awaitable));
    auto result = co_await numbers.async_receive(token);
    auto& [error, sample] =
        result;  // not auto [error, sample] = co_await …: gcc 15 and 16 destroy it wrongly
    if (!error) use(*sample);
    else if (error == asio::error::operation_aborted) fmt::print("late, or cancelled\n");
}

struct guarded {
    test::world world;
    elkodon::publish_subscribe_service<std::uint64_t> service =
        world.publish_subscribe<std::uint64_t>().create();
    elkodon::publisher<std::uint64_t> publisher = service.publisher().create();
    asio::io_context io;
    asio::cancellation_signal stop;
    bool ended = false;

    guarded() {
        used.clear();
        printed.clear();
        asio::co_spawn(io, guard({io, service.subscriber().create()}),
                       asio::bind_cancellation_slot(
                           stop.slot(), [this](std::exception_ptr error) { ended = !error; }));
        io.poll();
    }
};

TEST_CASE("fragment 14: two samples in time are used") {
    guarded test;
    REQUIRE_FALSE(test.publisher.send_copy(1));
    REQUIRE_FALSE(test.publisher.send_copy(2));
    test.io.run();
    CHECK(test.ended);
    CHECK(used == std::vector<std::uint64_t>{1, 2});
    CHECK(printed.empty());
}

TEST_CASE("fragment 14: after a silent second the next sample is used") {
    guarded test;
    asio::steady_timer later{test.io, 1s};  // begun after the guard's own
    later.async_wait([&](std::error_code) { test.publisher.send_copy(3); });
    test.io.run();
    CHECK(test.ended);
    CHECK(used == std::vector<std::uint64_t>{3});
}

TEST_CASE("fragment 14: a second silent second is an error as a value") {
    guarded test;
    test.io.run();
    CHECK(test.ended);
    CHECK(used.empty());
    CHECK(printed == "late, or cancelled\n");
}

TEST_CASE("fragment 14: what is cancelled is an error as a value") {
    guarded test;
    REQUIRE_FALSE(test.publisher.send_copy(1));
    test.io.poll();
    CHECK(used == std::vector<std::uint64_t>{1});
    test.stop.emit(asio::cancellation_type::terminal);
    test.io.run();
    CHECK(test.ended);
    CHECK(printed == "late, or cancelled\n");
}

}  // namespace

}  // namespace tests::fragment_14_cases
