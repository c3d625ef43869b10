// Every completion token of Asio's, with what it makes of a sample and of an error.
#include <elkodon/asio.hpp>

#include "two_kinds.hpp"

#include <asio/associated_executor.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/redirect_error.hpp>
#include <asio/system_executor.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>
#include <future>
#include <memory>
#include <support/catch.hpp>
#include <tuple>
#include <type_traits>
#include <vector>

namespace {

using test::samples;
using number_subscriber = elkodon::async::subscriber<std::uint64_t>;
using number_sample = elkodon::sample<std::uint64_t>;

// What the notes demand of every result: it is passed empty on error, and stored by co_spawn and channels.
static_assert(std::is_nothrow_default_constructible_v<number_sample> &&
              std::is_nothrow_move_constructible_v<number_sample>);
static_assert(std::is_nothrow_default_constructible_v<elkodon::event_ids> &&
              std::is_nothrow_move_constructible_v<elkodon::event_ids>);
static_assert(!std::is_copy_constructible_v<number_subscriber> &&
              std::is_nothrow_move_constructible_v<number_subscriber> &&
              std::is_nothrow_move_assignable_v<number_subscriber>);
static_assert(std::is_same_v<number_subscriber::executor_type, asio::any_io_executor>);

TEST_CASE("a callback gets the sample that was sent while it waited") {
    samples numbers;
    asio::io_context io;
    samples::object object{io, numbers.port()};
    test::outcome<number_sample> got;
    object.async_receive(got.handler());
    CHECK(io.poll() == 0);
    numbers.send(7);
    io.run();
    CHECK(got.calls == 1);
    CHECK_FALSE(got.error);
    CHECK(samples::is(got.result, 7));
}

TEST_CASE("a callback that can only be moved is moved") {
    samples numbers;
    asio::io_context io;
    samples::object object{io, numbers.port()};
    std::uint64_t got = 0;
    object.async_receive(
        [&, owned = std::make_unique<int>(1)](std::error_code, number_sample taken) {
            got = *taken + static_cast<std::uint64_t>(*owned);
        });
    numbers.send(7);
    io.run();
    CHECK(got == 8);
}

TEST_CASE("a named callback is copied, and serves again") {
    samples numbers;
    asio::io_context io;
    samples::object object{io, numbers.port()};
    std::vector<std::uint64_t> got;
    const auto handler = [&](std::error_code, number_sample taken) { got.push_back(*taken); };
    for (std::uint64_t i = 0; i < 3; ++i) {
        object.async_receive(handler);
        numbers.send(i);
        io.restart();
        io.run();
    }
    CHECK(got == std::vector<std::uint64_t>{0, 1, 2});
}

TEST_CASE("a future has the sample, or throws the abort") {
    samples numbers;
    asio::io_context io;
    samples::object object{io, numbers.port()};
    std::future<number_sample> good = object.async_receive(asio::use_future);
    numbers.send(7);
    io.run();
    CHECK(*good.get() == 7);

    std::future<number_sample> cancelled = object.async_receive(asio::use_future);
    object.cancel();
    io.restart();
    io.run();
    try {
        cancelled.get();
        FAIL("the abort was not thrown");
    } catch (const std::system_error& error) {
        CHECK(error.code() == asio::error::operation_aborted);
    }
}

asio::awaitable<void> await_one(number_subscriber& numbers, std::uint64_t& got) {
    auto taken = co_await numbers.async_receive(asio::use_awaitable);
    got = *taken;
}

TEST_CASE("a coroutine gets the sample, and an abort is thrown into it") {
    samples numbers;
    asio::io_context io;
    samples::object object{io, numbers.port()};
    std::uint64_t got = 0;
    asio::co_spawn(io, await_one(object, got), asio::detached);
    io.poll();
    numbers.send(7);
    io.run();
    CHECK(got == 7);

    std::exception_ptr thrown;
    asio::co_spawn(io, await_one(object, got), [&](std::exception_ptr error) { thrown = error; });
    io.restart();
    io.poll();
    object.cancel();
    io.run();
    REQUIRE(thrown);
    CHECK_THROWS_AS(std::rethrow_exception(thrown), std::system_error);
}

asio::awaitable<void> await_tuples(number_subscriber& numbers,
                                   std::vector<std::error_code>& errors,
                                   std::uint64_t& got) {
    constexpr auto token = elkodon::async::as_tuple(asio::use_awaitable);
    auto first = co_await numbers.async_receive(token);
    auto& [first_error, first_taken] = first;
    errors.push_back(first_error);
    got = *first_taken;
    auto second = co_await numbers.async_receive(token);
    errors.push_back(std::get<0>(second));
    if (std::get<1>(second)) got = 0;
}

TEST_CASE("as_tuple: errors are values") {
    samples numbers;
    asio::io_context io;
    samples::object object{io, numbers.port()};
    std::vector<std::error_code> errors;
    std::uint64_t got = 0;
    asio::co_spawn(io, await_tuples(object, errors, got), asio::detached);
    numbers.send(7);
    io.poll();
    object.cancel();
    io.run();
    CHECK(got == 7);
    CHECK(errors == std::vector<std::error_code>{{}, asio::error::operation_aborted});
}

TEST_CASE("deferred: nothing begins before it is launched") {
    samples numbers;
    asio::io_context io;
    samples::object object{io, numbers.port()};
    auto later = object.async_receive(elkodon::async::deferred);
    numbers.send(7);
    CHECK(io.poll() == 0);
    test::outcome<number_sample> other, got;
    object.async_receive(other.handler());  // would be refused if the first had begun
    io.restart();
    io.run();
    CHECK(samples::is(other.result, 7));
    numbers.send(8);
    std::move(later)(got.handler());
    io.restart();
    io.run();
    CHECK(got.calls == 1);
    CHECK(samples::is(got.result, 8));
}

asio::awaitable<void> await_redirected(number_subscriber& numbers,
                                       std::error_code& error,
                                       bool& empty) {
    auto taken = co_await numbers.async_receive(asio::redirect_error(asio::use_awaitable, error));
    empty = !taken;
}

TEST_CASE("redirect_error: the code lands where it was asked for, beside an empty sample") {
    samples numbers;
    asio::io_context io;
    samples::object object{io, numbers.port()};
    std::error_code error;
    bool empty = false;
    asio::co_spawn(io, await_redirected(object, error, empty), asio::detached);
    io.poll();
    object.cancel();
    io.run();
    CHECK(error == asio::error::operation_aborted);
    CHECK(empty);
}

using default_token = asio::use_awaitable_t<>;
using default_subscriber = default_token::as_default_on_t<number_subscriber>;
using default_listener = default_token::as_default_on_t<elkodon::async::listener>;

asio::awaitable<void> await_by_default(default_subscriber numbers,
                                       default_listener bells,
                                       std::uint64_t& got) {
    auto taken = co_await numbers.async_receive();
    auto ids = co_await bells.async_wait();
    got = *taken + ids.begin()->value();
}

TEST_CASE("as_default_on: the token may be left out") {
    samples numbers;
    test::events bells;
    asio::io_context io;
    std::uint64_t got = 0;
    auto subscriber = default_token::as_default_on(number_subscriber{io, numbers.port()});
    static_assert(std::is_same_v<decltype(subscriber), default_subscriber>);
    asio::co_spawn(io,
                   await_by_default(std::move(subscriber), default_listener{io, bells.port()}, got),
                   asio::detached);
    io.poll();
    numbers.send(7);
    io.poll();
    bells.send(2);
    io.run();
    CHECK(got == 9);
}

TEST_CASE("detached: the result is dropped, and the message is taken") {
    samples numbers;
    asio::io_context io;
    samples::object object{io, numbers.port()};
    object.async_receive(asio::detached);
    numbers.send(7);
    io.run();
    CHECK_FALSE(object.port().has_samples());
}

// A token that asks the initiation for its executor, and begins nothing.
struct ask_for_executor {
    asio::any_io_executor& found;
};

}  // namespace

template <class Result>
class asio::async_result<ask_for_executor, void(std::error_code, Result)> {
public:
    template <class Initiation, class... Args>
    static void initiate(Initiation&& initiation, ask_for_executor token, Args&&...) {
        token.found = asio::get_associated_executor(initiation, asio::system_executor());
    }
};

namespace {

TEST_CASE(
    "an operation that has not begun tells its executor, as partial tokens and timeouts need it") {
    samples numbers;
    asio::io_context io;
    samples::object object{io, numbers.port()};
    asio::any_io_executor found;
    object.async_receive(ask_for_executor{found});
    CHECK(found == asio::any_io_executor(io.get_executor()));
    CHECK(object.get_executor() == found);
}

}  // namespace
