// The objects themselves: moved, assigned, closed, released, and made from a port that waits elsewhere.
#include <elkodon/asio.hpp>

#include "two_kinds.hpp"

#include <asio/io_context.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <chrono>
#include <support/catch.hpp>
#include <vector>

namespace {

using namespace std::chrono_literals;
using test::events;
using test::samples;

template <class Kind>
std::error_code why_not(asio::io_context& io, decltype(std::declval<Kind>().port()) port) {
    try {
        typename Kind::object object{io, std::move(port)};
        return {};
    } catch (const elkodon::error& error) {
        return error.code();
    }
}

TEMPLATE_TEST_CASE("an object that is moved takes its waiting operation with it",
                   "",
                   samples,
                   events) {
    TestType kind;
    asio::io_context io;
    typename TestType::object object{io, kind.port()};
    test::outcome<typename TestType::result> got, next, refused;
    TestType::begin(object, got.handler());
    io.poll();
    auto moved = std::move(object);
    CHECK_FALSE(object.is_open());
    CHECK(moved.is_open());
    TestType::begin(object, refused.handler());
    io.poll();
    CHECK(refused.calls == 1);
    CHECK(refused.error == elkodon::errc::closed);
    CHECK(got.calls == 0);
    kind.send(7);
    io.run();
    CHECK(TestType::is(got.result, 7));
    TestType::begin(moved, next.handler());
    kind.send(8);
    io.restart();
    io.run();
    CHECK(TestType::is(next.result, 8));
}

TEMPLATE_TEST_CASE("an object that was moved from may be cancelled, closed and released, and be "
                   "given another's place",
                   "",
                   samples,
                   events) {
    TestType kind;
    asio::io_context io;
    typename TestType::object object{io, kind.port()};
    auto moved = std::move(object);
    object.cancel();
    object.close();
    CHECK_FALSE(object.release());
    object = std::move(moved);
    test::outcome<typename TestType::result> got;
    TestType::begin(object, got.handler());
    kind.send(7);
    io.run();
    CHECK(TestType::is(got.result, 7));
}

TEMPLATE_TEST_CASE("an object that is assigned to gives up what it had", "", samples, events) {
    TestType kind;
    asio::io_context io, other;
    typename TestType::object object{io, kind.port()}, replacement{other, kind.port()};
    test::outcome<typename TestType::result> first, second;
    TestType::begin(object, first.handler());
    TestType::begin(replacement, second.handler());
    object = std::move(replacement);
    CHECK(object.get_executor() == asio::any_io_executor(other.get_executor()));
    io.run();
    CHECK(first.error == asio::error::operation_aborted);
    kind.send(7);
    other.run();
    CHECK(TestType::is(second.result, 7));
}

TEMPLATE_TEST_CASE("an object of a certain executor becomes one of any executor",
                   "",
                   samples,
                   events) {
    TestType kind;
    asio::io_context io;
    const auto strand = asio::make_strand(io);
    using strand_object = typename TestType::template basic_object<std::decay_t<decltype(strand)>>;
    static_assert(std::is_same_v<typename TestType::object::template rebind_executor<
                                     std::decay_t<decltype(strand)>>::other,
                                 strand_object>);
    strand_object certain{strand, kind.port()};
    typename TestType::object any{std::move(certain)};
    test::outcome<typename TestType::result> got;
    TestType::begin(any, got.handler());
    kind.send(7);
    io.run();
    CHECK(TestType::is(got.result, 7));
}

TEMPLATE_TEST_CASE("release() cancels, and gives a port back that works", "", samples, events) {
    TestType kind;
    asio::io_context io;
    typename TestType::object object{io, kind.port()};
    test::outcome<typename TestType::result> got;
    TestType::begin(object, got.handler());
    io.poll();
    if (GENERATE(false, true)) kind.send(6);
    auto port = object.release();
    REQUIRE(port);
    CHECK_FALSE(object.is_open());
    io.run();
    CHECK(got.error == asio::error::operation_aborted);
    while (TestType::finds(port, 6)) {}
    kind.send(7);
    CHECK(TestType::finds(port, 7));

    SECTION("it can wait in another context") {
        asio::io_context other;
        typename TestType::object again{other, std::move(port)};
        test::outcome<typename TestType::result> next;
        TestType::begin(again, next.handler());
        other.poll();
        kind.send(8);
        other.run();
        CHECK(TestType::is(next.result, 8));
    }
    SECTION("it can wait in the same context again") {
        typename TestType::object again{io, std::move(port)};
        test::outcome<typename TestType::result> next;
        TestType::begin(again, next.handler());
        io.restart();
        io.poll();
        kind.send(8);
        io.run();
        CHECK(TestType::is(next.result, 8));
    }
    SECTION("it can wait behind its own descriptor") { CHECK(port.native_handle() >= 0); }
}

TEST_CASE("a released subscriber can block a thread, and come back") {
    samples numbers;
    asio::io_context io;
    samples::object object{io, numbers.port()};
    auto port = object.release();
    CHECK_FALSE(port.timed_receive(0s));
    numbers.send(7);
    CHECK(samples::is(port.blocking_receive(), 7));
    samples::object again{io, std::move(port)};
    test::outcome<samples::result> got;
    again.async_receive(got.handler());
    io.poll();
    numbers.send(8);
    io.run();
    CHECK(samples::is(got.result, 8));
}

TEMPLATE_TEST_CASE("a port behind its own descriptor cannot wait in a context too",
                   "",
                   samples,
                   events) {
    TestType kind;
    asio::io_context io;
    auto port = kind.port();
    CHECK(port.native_handle() >= 0);
    CHECK(why_not<TestType>(io, std::move(port)) == elkodon::errc::already_attached);
    // Nothing of the attempt is left: another port takes its place.
    typename TestType::object object{io, kind.port()};
    test::outcome<typename TestType::result> got;
    TestType::begin(object, got.handler());
    kind.send(7);
    io.run();
    CHECK(TestType::is(got.result, 7));
}

TEMPLATE_TEST_CASE("an awaited port has no descriptor of its own", "", samples, events) {
    TestType kind;
    asio::io_context io;
    typename TestType::object object{io, kind.port()};
    CHECK_THROWS_AS(object.port().native_handle(), elkodon::error);
    CHECK(object.is_open());
}

TEMPLATE_TEST_CASE("an empty port cannot be awaited", "", samples, events) {
    asio::io_context io;
    CHECK(why_not<TestType>(io, {}) == elkodon::errc::closed);
}

TEST_CASE("between two operations the port is there for what needs no waiting") {
    samples numbers;
    asio::io_context io;
    samples::object object{io, numbers.port()};
    numbers.send(7);
    CHECK(samples::is(object.port().receive(), 7));
    test::outcome<samples::result> got;
    object.async_receive(got.handler());
    io.poll();
    CHECK(got.calls == 0);
    numbers.send(8);
    io.run();
    CHECK(samples::is(got.result, 8));
    CHECK(object.port().lost() == 0);
}

TEST_CASE("a subscriber that holds as many samples as it may is told so, and goes on when one is "
          "let go") {
    test::world world;
    const auto service =
        world.publish_subscribe<std::uint64_t>().subscriber_max_borrowed_samples(2).create();
    auto publisher = service.publisher().create();
    asio::io_context io;
    samples::object object{io, service.subscriber().create()};
    for (std::uint64_t i = 0; i < 3; ++i) REQUIRE_FALSE(publisher.send_copy(i));
    std::vector<samples::result> held;
    for (std::uint64_t i = 0; i < 2; ++i) {
        test::outcome<samples::result> got;
        object.async_receive(got.handler());
        io.restart();
        io.run();
        REQUIRE(samples::is(got.result, i));
        held.push_back(got.result);
    }
    test::outcome<samples::result> refused, got;
    object.async_receive(refused.handler());
    io.restart();
    io.run();
    CHECK(refused.error == elkodon::errc::too_many_borrowed);
    CHECK_FALSE(refused.result);
    held.clear();
    object.async_receive(got.handler());
    io.restart();
    io.run();
    CHECK(samples::is(got.result, 2));
}

TEST_CASE("a sample outlives its subscriber, publisher, context and node") {
    samples::result kept;
    {
        samples numbers;
        asio::io_context io;
        samples::object object{io, numbers.port()};
        object.async_receive(
            [&](std::error_code, samples::result taken) { kept = std::move(taken); });
        numbers.send(7);
        io.run();
    }
    CHECK(samples::is(kept, 7));
}

TEST_CASE("the ids are a view that stays until the next wait") {
    events bells;
    asio::io_context io;
    events::object object{io, bells.port()};
    test::outcome<events::result> got;
    object.async_wait(got.handler());
    io.poll();
    for (std::uint64_t id : {3, 1, 200, 1, 1}) bells.send(id);
    io.run();
    CHECK(std::vector<elkodon::event_id>(got.result.begin(), got.result.end()) ==
          std::vector<elkodon::event_id>{elkodon::event_id{1}, elkodon::event_id{3},
                                         elkodon::event_id{200}});
    CHECK(got.calls == 1);
}

}  // namespace
