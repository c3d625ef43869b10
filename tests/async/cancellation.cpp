// What ends an operation before its message, and that nothing is lost by it: the message is there for the next.
#include <elkodon/async/subscriber.hpp>

#include "two_kinds.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>
#include <memory>
#include <optional>
#include <support/catch.hpp>
#include <vector>

namespace {

using test::events;
using test::samples;

void run_again(asio::io_context& io) {
    io.restart();
    io.run();
}

template <class Kind>
struct rig {
    using object_type = typename Kind::object;

    Kind kind;
    asio::io_context io;
    object_type object{io, kind.port()};
    test::outcome<typename Kind::result> got, next;
    asio::cancellation_signal signal;

    void begin() {
        Kind::begin(object, asio::bind_cancellation_slot(signal.slot(), got.handler()));
    }

    void check_aborted() {
        CHECK(got.calls == 1);
        CHECK(got.error == asio::error::operation_aborted);
        CHECK_FALSE(got.result);
    }

    // The message was not taken by what was cancelled.
    void check_next_gets(std::uint64_t value) {
        Kind::begin(object, next.handler());
        run_again(io);
        CHECK(next.calls == 1);
        CHECK_FALSE(next.error);
        CHECK(Kind::is(next.result, value));
    }
};

TEMPLATE_TEST_CASE("terminal, partial and total cancellation end a waiting operation",
                   "",
                   samples,
                   events) {
    const auto type = GENERATE(asio::cancellation_type::terminal, asio::cancellation_type::partial,
                               asio::cancellation_type::total, asio::cancellation_type::all);
    rig<TestType> b;
    b.begin();
    b.io.poll();
    CHECK(b.got.calls == 0);
    b.signal.emit(type);
    run_again(b.io);
    b.check_aborted();
    b.kind.send(7);
    b.check_next_gets(7);
}

TEMPLATE_TEST_CASE("a cancellation of no type does nothing", "", samples, events) {
    rig<TestType> b;
    b.begin();
    b.signal.emit(asio::cancellation_type::none);
    b.kind.send(7);
    run_again(b.io);
    CHECK(TestType::is(b.got.result, 7));
}

TEMPLATE_TEST_CASE(
    "an operation whose message is there already is cancelled, and the message stays",
    "",
    samples,
    events) {
    const auto type = GENERATE(asio::cancellation_type::terminal, asio::cancellation_type::partial,
                               asio::cancellation_type::total);
    rig<TestType> b;
    SECTION("there before it began") {
        b.kind.send(7);
        b.begin();
    }
    SECTION("there while it waited, but its handler has not run") {
        b.begin();
        b.io.poll();
        b.kind.send(7);
    }
    b.signal.emit(type);
    run_again(b.io);
    b.check_aborted();
    b.check_next_gets(7);
}

TEMPLATE_TEST_CASE("a signal that was given before the operation began does nothing",
                   "",
                   samples,
                   events) {
    rig<TestType> b;
    b.signal.emit(asio::cancellation_type::total);
    b.begin();
    b.kind.send(7);
    run_again(b.io);
    CHECK_FALSE(b.got.error);
    CHECK(TestType::is(b.got.result, 7));
}

TEMPLATE_TEST_CASE("a signal that comes after the end does nothing, to the next operation neither",
                   "",
                   samples,
                   events) {
    rig<TestType> b;
    b.begin();
    b.kind.send(7);
    run_again(b.io);
    CHECK_FALSE(b.signal.slot().has_handler());
    b.signal.emit(asio::cancellation_type::total);
    TestType::begin(b.object, b.next.handler());
    b.signal.emit(asio::cancellation_type::total);
    b.io.restart();
    b.io.poll();
    CHECK(b.next.calls == 0);
    b.kind.send(8);
    b.io.run();
    CHECK(b.got.calls == 1);
    CHECK(TestType::is(b.next.result, 8));
}

TEMPLATE_TEST_CASE("a signal that is given in the operation's own handler does nothing",
                   "",
                   samples,
                   events) {
    rig<TestType> b;
    int calls = 0;
    TestType::begin(b.object,
                    asio::bind_cancellation_slot(b.signal.slot(), [&](std::error_code error, auto) {
                        ++calls;
                        CHECK_FALSE(error);
                        TestType::begin(b.object, b.next.handler());
                        b.signal.emit(asio::cancellation_type::total);
                    }));
    b.kind.send(7);
    b.io.poll();
    CHECK(calls == 1);
    CHECK(b.next.calls == 0);
    b.kind.send(8);
    b.io.run();
    CHECK(TestType::is(b.next.result, 8));
}

TEMPLATE_TEST_CASE("an operation that is cancelled twice, in whatever way, completes once",
                   "",
                   samples,
                   events) {
    rig<TestType> b;
    b.begin();
    b.io.poll();
    SECTION("by two signals") {
        b.signal.emit(asio::cancellation_type::partial);
        b.signal.emit(asio::cancellation_type::terminal);
    }
    SECTION("by a signal and cancel()") {
        b.signal.emit(asio::cancellation_type::total);
        b.object.cancel();
    }
    SECTION("by cancel() twice") {
        b.object.cancel();
        b.object.cancel();
    }
    SECTION("by cancel() and close()") {
        b.object.cancel();
        b.object.close();
    }
    SECTION("by close() and a signal") {
        b.object.close();
        b.signal.emit(asio::cancellation_type::total);
    }
    run_again(b.io);
    b.check_aborted();
}

TEMPLATE_TEST_CASE("a signal finds its operation after the object has been moved",
                   "",
                   samples,
                   events) {
    rig<TestType> b;
    b.begin();
    auto moved = std::move(b.object);
    b.signal.emit(asio::cancellation_type::total);
    run_again(b.io);
    b.check_aborted();
    b.kind.send(7);
    b.object = std::move(moved);
    b.check_next_gets(7);
}

TEMPLATE_TEST_CASE("a signal that comes after the object's destruction does nothing",
                   "",
                   samples,
                   events) {
    TestType kind;
    asio::io_context io;
    asio::cancellation_signal signal;
    test::outcome<typename TestType::result> got;
    {
        typename TestType::object object{io, kind.port()};
        TestType::begin(object, asio::bind_cancellation_slot(signal.slot(), got.handler()));
    }
    signal.emit(asio::cancellation_type::total);
    io.run();
    signal.emit(asio::cancellation_type::total);
    CHECK(got.calls == 1);
    CHECK(got.error == asio::error::operation_aborted);
}

TEMPLATE_TEST_CASE("a signal that comes after the context's destruction does nothing",
                   "",
                   samples,
                   events) {
    TestType kind;
    asio::cancellation_signal signal;
    test::outcome<typename TestType::result> got;
    auto io = std::make_unique<asio::io_context>();
    {
        typename TestType::object object{*io, kind.port()};
        TestType::begin(object, asio::bind_cancellation_slot(signal.slot(), got.handler()));
        io->poll();
        io.reset();
        signal.emit(asio::cancellation_type::total);
    }
    signal.emit(asio::cancellation_type::total);
    CHECK(got.calls == 0);
}

TEMPLATE_TEST_CASE("cancel() ends what waits, and what has its message already",
                   "",
                   samples,
                   events) {
    rig<TestType> b;
    const bool ready = GENERATE(false, true);
    b.begin();
    b.io.poll();
    if (ready) b.kind.send(7);
    b.object.cancel();
    run_again(b.io);
    b.check_aborted();
    CHECK(b.object.is_open());
    if (!ready) b.kind.send(7);
    b.check_next_gets(7);
}

TEMPLATE_TEST_CASE("cancel() without an operation does nothing, to the next one neither",
                   "",
                   samples,
                   events) {
    rig<TestType> b;
    b.object.cancel();
    b.kind.send(7);
    b.check_next_gets(7);
}

TEMPLATE_TEST_CASE(
    "close() ends what waits, and what has its message already; later ones are refused",
    "",
    samples,
    events) {
    rig<TestType> b;
    const bool ready = GENERATE(false, true);
    b.begin();
    b.io.poll();
    if (ready) b.kind.send(7);
    b.object.close();
    CHECK_FALSE(b.object.is_open());
    TestType::begin(b.object, b.next.handler());
    run_again(b.io);
    b.check_aborted();
    CHECK(b.next.calls == 1);
    CHECK(b.next.error == elkodon::errc::closed);
    b.object.close();
}

TEMPLATE_TEST_CASE(
    "an object may be destroyed while its operation waits, or has its message already",
    "",
    samples,
    events) {
    TestType kind;
    asio::io_context io;
    const bool ready = GENERATE(false, true);
    test::outcome<typename TestType::result> got;
    {
        typename TestType::object object{io, kind.port()};
        TestType::begin(object, got.handler());
        io.poll();
        if (ready) kind.send(7);
    }
    io.run();
    CHECK(got.calls == 1);
    CHECK(got.error == asio::error::operation_aborted);
}

TEMPLATE_TEST_CASE("an object may be destroyed, closed, moved or given away by its own handler",
                   "",
                   samples,
                   events) {
    TestType kind;
    asio::io_context io;
    std::optional<typename TestType::object> object{std::in_place, io, kind.port()};
    enum class what { destroy, close, move, release };
    const auto how = GENERATE(what::destroy, what::close, what::move, what::release);
    int calls = 0;
    TestType::begin(*object, [&](std::error_code error, const typename TestType::result& taken) {
        ++calls;
        CHECK_FALSE(error);
        CHECK(TestType::is(taken, 7));
        if (how == what::destroy) object.reset();
        if (how == what::close) object->close();
        if (how == what::move) auto moved = std::move(*object);
        if (how == what::release) auto port = object->release();
    });
    SECTION("woken") {
        io.poll();
        kind.send(7);
    }
    SECTION("at once") {
        kind.send(7);
        io.poll();
    }
    run_again(io);
    CHECK(calls == 1);
}

TEMPLATE_TEST_CASE("a handler may begin the next operation, for as long as it likes",
                   "",
                   samples,
                   events) {
    TestType kind;
    asio::io_context io;
    typename TestType::object object{io, kind.port()};
    std::vector<std::error_code> errors;
    struct again {
        typename TestType::object& object;
        std::vector<std::error_code>& errors;
        void operator()(std::error_code error, const typename TestType::result&) const {
            errors.push_back(error);
            if (!error) TestType::begin(object, *this);
        }
    };
    TestType::begin(object, again{object, errors});
    for (std::uint64_t i = 0; i < 100; ++i) {
        kind.send(i);
        io.poll();
        REQUIRE(errors.size() == i + 1);
    }
    object.cancel();
    io.run();
    CHECK(errors.size() == 101);
    CHECK(errors.back() == asio::error::operation_aborted);
}

TEMPLATE_TEST_CASE(
    "while an operation is outstanding a second one is refused, and the first goes on",
    "",
    samples,
    events) {
    rig<TestType> b;
    asio::cancellation_signal second_signal;
    b.begin();
    TestType::begin(b.object, asio::bind_cancellation_slot(second_signal.slot(), b.next.handler()));
    second_signal.emit(asio::cancellation_type::total);  // the second one's affair alone
    b.io.poll();
    CHECK(b.next.calls == 1);
    CHECK(b.next.error == elkodon::errc::already_running);
    CHECK_FALSE(b.next.result);
    CHECK(b.got.calls == 0);
    b.kind.send(7);
    b.io.run();
    CHECK(TestType::is(b.got.result, 7));
}

TEMPLATE_TEST_CASE(
    "after cancel() the next operation may begin at once, as with a socket or a timer",
    "",
    samples,
    events) {
    rig<TestType> b;
    b.begin();
    b.io.poll();
    b.object.cancel();
    TestType::begin(b.object, b.next.handler());
    b.kind.send(7);
    run_again(b.io);
    b.check_aborted();
    CHECK_FALSE(b.next.error);
    CHECK(TestType::is(b.next.result, 7));
}

}  // namespace
