// Where a handler runs, what memory its operation uses, and that nothing runs inside the call that begins it.
#include <elkodon/async/listener.hpp>

#include "two_kinds.hpp"

#include <asio/bind_allocator.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>
#include <asio/strand.hpp>
#include <asio/system_executor.hpp>
#include <cstdlib>
#include <future>
#include <memory>
#include <new>
#include <stdexcept>
#include <support/catch.hpp>
#include <vector>

namespace {

using test::events;
using test::samples;

// The four ways in which an operation ends.
enum class ending { news_later, news_at_once, refused, cancelled };

template <class Kind, class Executor, class Handler>
void bring_about(
    ending how, Kind& kind, asio::io_context& io, const Executor& executor, Handler handler) {
    typename Kind::template basic_object<Executor> object{executor, kind.port()};
    if (how == ending::news_at_once) kind.send(7);
    if (how == ending::refused) object.close();
    Kind::begin(object, std::move(handler));
    if (how == ending::cancelled) object.cancel();
    if (how == ending::news_later) {
        io.poll();
        kind.send(7);
    }
    io.restart();
    io.run();
}

TEMPLATE_TEST_CASE("a handler runs on the object's executor, however the operation ends",
                   "",
                   samples,
                   events) {
    const auto how =
        GENERATE(ending::news_later, ending::news_at_once, ending::refused, ending::cancelled);
    TestType kind;
    asio::io_context io;
    const auto strand = asio::make_strand(io);
    int on_strand = 0, elsewhere = 0;
    bring_about(how, kind, io, strand, [&](std::error_code, typename TestType::result) {
        ++(strand.running_in_this_thread() ? on_strand : elsewhere);
    });
    CHECK(on_strand == 1);
    CHECK(elsewhere == 0);
}

TEMPLATE_TEST_CASE("a handler runs on its own executor, however the operation ends",
                   "",
                   samples,
                   events) {
    const auto how =
        GENERATE(ending::news_later, ending::news_at_once, ending::refused, ending::cancelled);
    TestType kind;
    asio::io_context io;
    const auto strand = asio::make_strand(io);
    int on_strand = 0, elsewhere = 0;
    const auto handler = [&](std::error_code, typename TestType::result) {
        ++(strand.running_in_this_thread() ? on_strand : elsewhere);
    };
    bring_about(how, kind, io, io.get_executor(), asio::bind_executor(strand, handler));
    CHECK(on_strand == 1);
    CHECK(elsewhere == 0);
}

TEMPLATE_TEST_CASE("a handler never runs inside the call that begins it", "", samples, events) {
    const auto how = GENERATE(ending::news_at_once, ending::refused);
    TestType kind;
    asio::io_context io;
    typename TestType::object object{io, kind.port()};
    if (how == ending::news_at_once) kind.send(7);
    else object.close();
    bool inside = false, ran_inside = false, ran = false;
    // The call is made from the context's own thread, where an executor would run what it is dispatched.
    asio::post(io, [&] {
        inside = true;
        TestType::begin(object, [&](std::error_code, typename TestType::result) {
            ran = true;
            ran_inside = inside;
        });
        inside = false;
    });
    io.run();
    CHECK(ran);
    CHECK_FALSE(ran_inside);
}

TEMPLATE_TEST_CASE("a handler never runs inside cancel(), close() or emit()", "", samples, events) {
    enum class by { cancel, close, emit };
    const auto how = GENERATE(by::cancel, by::close, by::emit);
    TestType kind;
    asio::io_context io;
    typename TestType::object object{io, kind.port()};
    asio::cancellation_signal signal;
    bool inside = false, ran_inside = false, ran = false;
    const auto handler = [&](std::error_code, typename TestType::result) {
        ran = true;
        ran_inside = inside;
    };
    asio::post(io, [&] {
        TestType::begin(object, asio::bind_cancellation_slot(signal.slot(), handler));
        inside = true;
        if (how == by::cancel) object.cancel();
        if (how == by::close) object.close();
        if (how == by::emit) signal.emit(asio::cancellation_type::total);
        inside = false;
    });
    io.run();
    CHECK(ran);
    CHECK_FALSE(ran_inside);
}

TEMPLATE_TEST_CASE(
    "both contexts have work while an operation waits: the object's and the handler's",
    "",
    samples,
    events) {
    TestType kind;
    asio::io_context io, other;
    typename TestType::object object{io, kind.port()};
    test::outcome<typename TestType::result> got;
    TestType::begin(object, asio::bind_executor(other, got.handler()));
    io.poll();
    other.poll();
    CHECK_FALSE(io.stopped());
    CHECK_FALSE(other.stopped());
    kind.send(7);
    io.poll();
    CHECK(got.calls == 0);
    other.run();
    CHECK(got.calls == 1);
    CHECK(TestType::is(got.result, 7));
    io.run();
}

TEST_CASE("a handler may be bound to the system's executor") {
    samples numbers;
    asio::io_context io;
    samples::object object{io, numbers.port()};
    std::promise<std::uint64_t> got;
    object.async_receive(
        asio::bind_executor(asio::system_executor(), [&](std::error_code, samples::result taken) {
            got.set_value(*taken);
        }));
    io.poll();
    numbers.send(7);
    io.run();
    CHECK(got.get_future().get() == 7);
}

// Counts in one place, whatever it is rebound to. Its memory is not operator new's.
struct ledger {
    std::size_t allocated = 0, freed = 0;
};

template <class T>
struct counting_allocator {
    using value_type = T;
    explicit counting_allocator(ledger& to) noexcept : book(&to) {}
    template <class U>
    counting_allocator(const counting_allocator<U>& other) noexcept : book(other.book) {}

    T* allocate(std::size_t n) {
        ++book->allocated;
        return static_cast<T*>(
            std::aligned_alloc(alignof(std::max_align_t), (n * sizeof(T) + 15) / 16 * 16));
    }
    void deallocate(T* memory, std::size_t) noexcept {
        ++book->freed;
        std::free(memory);
    }
    friend bool operator==(const counting_allocator& a, const counting_allocator& b) noexcept {
        return a.book == b.book;
    }

    ledger* book;
};

TEMPLATE_TEST_CASE(
    "an operation lives in its handler's memory, which is free before the handler is called",
    "",
    samples,
    events) {
    const auto how =
        GENERATE(ending::news_later, ending::news_at_once, ending::refused, ending::cancelled);
    TestType kind;
    asio::io_context io;
    ledger book;
    std::size_t in_use = 1;
    const auto handler = [&](std::error_code, typename TestType::result) {
        in_use = book.allocated - book.freed;
    };
    bring_about(how, kind, io, io.get_executor(),
                asio::bind_allocator(counting_allocator<void>(book), handler));
    CHECK(in_use == 0);
    CHECK(book.allocated > 0);
    CHECK(book.allocated == book.freed);
}

// As Asio's users write it: state in one block, and the allocator in the state. Moved from, it has neither.
struct handler_with_state {
    using allocator_type = counting_allocator<int>;
    struct state {
        ledger book;
        int calls = 0;
    };
    allocator_type get_allocator() const noexcept { return allocator_type(owned->book); }
    void operator()(std::error_code, samples::result) {
        ++owned->calls;
        owned.reset();
    }
    std::shared_ptr<state> owned;
};

TEST_CASE("a handler that was moved from is not asked for its allocator") {
    const auto how =
        GENERATE(ending::news_later, ending::news_at_once, ending::refused, ending::cancelled);
    samples numbers;
    asio::io_context io;
    const auto state = std::make_shared<handler_with_state::state>();
    bring_about(how, numbers, io, io.get_executor(), handler_with_state{state});
    CHECK(state->calls == 1);
    CHECK(state->book.allocated > 0);
    CHECK(state->book.allocated == state->book.freed);
}

TEST_CASE("an operation that is destroyed without being called gives its memory back") {
    samples numbers;
    ledger book;
    {
        asio::io_context io;
        samples::basic_object<asio::io_context::executor_type> waiting{io, numbers.port()},
            ready{io, numbers.port()};
        const auto handler = [](std::error_code, samples::result) { FAIL("called"); };
        waiting.async_receive(asio::bind_allocator(counting_allocator<void>(book), handler));
        io.poll();
        waiting.cancel();
        ready.async_receive(asio::bind_allocator(counting_allocator<void>(book), handler));
    }
    CHECK(book.allocated > 0);
    CHECK(book.allocated == book.freed);
}

TEST_CASE("what a handler throws leaves run(), and the other operations complete all the same") {
    samples numbers;
    asio::io_context io;
    samples::object first{io, numbers.port()}, second{io, numbers.port()},
        third{io, numbers.port()};
    int calls = 0;
    const auto handler = [&](std::error_code, samples::result taken) {
        REQUIRE(samples::is(taken, 7));
        ++calls;
        throw std::runtime_error("thrown by a handler");
    };
    first.async_receive(handler);
    second.async_receive(handler);
    third.async_receive(handler);
    io.poll();
    numbers.send(7);  // one ring, three operations
    for (int expected = 1; expected <= 3; ++expected) {
        CHECK_THROWS_AS(io.run(), std::runtime_error);
        CHECK(calls == expected);
    }
    io.run();  // returns: nothing of ours is left in the context
    CHECK(calls == 3);
}

}  // namespace
