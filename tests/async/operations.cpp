// What every operation promises: each completion token, executors, memory, cancellation, and the ends of objects and contexts.
#include <elkodon/asio.hpp>

#include "every_operation.hpp"

#include <asio/bind_allocator.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/redirect_error.hpp>
#include <asio/strand.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <support/catch.hpp>
#include <tuple>

namespace tests::every_operation {

namespace {

using namespace std::chrono_literals;
using operations = std::tuple<test::operation::receive,
                              test::operation::receive_many,
                              test::operation::wait_for_samples,
                              test::operation::wait_for_ids,
                              test::operation::wait_for_one_id,
                              test::operation::loan,
                              test::operation::send,
                              test::operation::wait_for_subscribers,
                              test::operation::wait_in_set,
                              test::operation::receive_change>;

// What a handler was called with. Its results, of whatever types, are looked at inside the call.
template <class Operation>
struct called {
    explicit called(Operation& from) noexcept : of(from) {}

    Operation& of;
    int calls = 0;
    std::error_code error;
    bool good = false;

    auto handler() {
        return [this](std::error_code ec, auto&&... results) {
            ++calls;
            error = ec;
            good = !ec && of.is_good(results...);
        };
    }
};

template <class Operation>
struct rig {
    Operation of;
    asio::io_context io;
    typename Operation::object object{io, of.port()};
    called<Operation> got{of}, next{of};
    asio::cancellation_signal signal;

    template <class Token>
    auto begin(Token&& token) {
        return of.begin(object, std::forward<Token>(token));
    }
    void run() {
        io.restart();
        io.run();
    }
};

template <class Operation>
void check_good(rig<Operation>& with) {
    with.of.satisfy();
    with.run();
    CHECK(with.got.calls == 1);
    CHECK_FALSE(with.got.error);
    CHECK(with.got.good);
}

template <class Operation>
void check_aborted(rig<Operation>& with) {
    with.run();
    CHECK(with.got.calls == 1);
    CHECK(with.got.error == asio::error::operation_aborted);
}

// --- tokens -----------------------------------------------------------------------------------------

template <class Operation>
asio::awaitable<void> await_throwing(rig<Operation>& with, bool& good) {
    auto begun = with.begin(asio::use_awaitable);
    if constexpr (requires { with.of.is_good(); }) {
        co_await std::move(begun);
        good = true;
    } else {
        auto taken = co_await std::move(begun);
        good = with.of.is_good(taken);
    }
}

template <class Operation>
asio::awaitable<void> await_tuple(rig<Operation>& with, bool& good) {
    auto token = elkodon::async::as_tuple(asio::use_awaitable);
    auto begun = with.begin(token);
    auto result = co_await std::move(begun);
    std::apply([&](std::error_code ec, auto&... taken) { good = !ec && with.of.is_good(taken...); },
               result);
}

template <class Operation>
asio::awaitable<void> await_redirected(rig<Operation>& with, std::error_code& error, bool& ended) {
    auto token = asio::redirect_error(asio::use_awaitable, error);
    auto begun = with.begin(token);
    co_await std::move(begun);
    ended = true;
}

TEMPLATE_LIST_TEST_CASE("every operation: a callback that can only be moved", "", operations) {
    rig<TestType> with;
    with.begin([handler = with.got.handler(), owned = std::make_unique<int>(1)](
                   std::error_code ec, auto... results) { handler(ec, results...); });
    with.io.poll();
    CHECK(with.got.calls == 0);
    check_good(with);
}

TEMPLATE_LIST_TEST_CASE("every operation: a future", "", operations) {
    rig<TestType> with;
    auto future = with.begin(asio::use_future);
    with.of.satisfy();
    with.run();
    REQUIRE(future.wait_for(0s) == std::future_status::ready);
    if constexpr (requires { with.of.is_good(); }) {
        future.get();
    } else {
        auto taken = future.get();
        CHECK(with.of.is_good(taken));
    }
    auto cancelled = with.begin(asio::use_future);
    with.object.close();
    with.run();
    CHECK_THROWS_AS(cancelled.get(), std::system_error);
}

TEMPLATE_LIST_TEST_CASE("every operation: deferred, and launched later", "", operations) {
    rig<TestType> with;
    auto later = with.begin(elkodon::async::deferred);
    CHECK(with.io.poll() == 0);
    std::move(later)(with.got.handler());
    with.io.poll();
    check_good(with);
}

TEMPLATE_LIST_TEST_CASE("every operation: coroutines, throwing, with tuples and with a code",
                        "",
                        operations) {
    rig<TestType> with;
    bool good = false;
    SECTION("use_awaitable") {
        asio::co_spawn(with.io, await_throwing(with, good), asio::detached);
        with.io.poll();
        with.of.satisfy();
        with.run();
        CHECK(good);
    }
    SECTION("as_tuple") {
        asio::co_spawn(with.io, await_tuple(with, good), asio::detached);
        with.io.poll();
        with.of.satisfy();
        with.run();
        CHECK(good);
    }
    SECTION("redirect_error") {
        std::error_code error;
        asio::co_spawn(with.io, await_redirected(with, error, good), asio::detached);
        with.io.poll();
        with.object.cancel();
        with.run();
        CHECK(good);
        CHECK(error == asio::error::operation_aborted);
    }
}

TEMPLATE_LIST_TEST_CASE("every operation: a time limit", "", operations) {
    rig<TestType> with;
    SECTION("that is over first") {
        with.begin(elkodon::async::cancel_after(1ms, with.got.handler()));
        check_aborted(with);
    }
    SECTION("that is not needed: run() doesn't wait for it") {
        with.begin(elkodon::async::cancel_after(10h, with.got.handler()));
        with.io.poll();
        check_good(with);
    }
    SECTION("beside the user's own signal") {
        with.begin(elkodon::async::cancel_after(
            10h, asio::bind_cancellation_slot(with.signal.slot(), with.got.handler())));
        with.io.poll();
        with.signal.emit(asio::cancellation_type::total);
        check_aborted(with);
        CHECK_FALSE(with.signal.slot().has_handler());
    }
}

// --- executors and memory ---------------------------------------------------------------------------

enum class ending { later, at_once, refused, cancelled };

template <class Operation, class Handler>
void bring_about(ending how, rig<Operation>& with, Handler handler) {
    if (how == ending::at_once) with.of.satisfy();
    if (how == ending::refused) with.object.close();
    with.begin(std::move(handler));
    if (how == ending::cancelled) with.object.cancel();
    if (how == ending::later) {
        with.io.poll();
        with.of.satisfy();
    }
    with.run();
}

TEMPLATE_LIST_TEST_CASE("every operation: its handler runs on its own executor, never inline",
                        "",
                        operations) {
    const auto how = GENERATE(ending::later, ending::at_once, ending::refused, ending::cancelled);
    rig<TestType> with;
    const auto strand = asio::make_strand(with.io);
    int on_strand = 0, elsewhere = 0;
    bring_about(how, with, asio::bind_executor(strand, [&](std::error_code, auto&&...) {
                    ++(strand.running_in_this_thread() ? on_strand : elsewhere);
                }));
    CHECK(on_strand == 1);
    CHECK(elsewhere == 0);
}

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
        return static_cast<T*>(std::aligned_alloc(64, (n * sizeof(T) + 63) / 64 * 64));
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

TEMPLATE_LIST_TEST_CASE("every operation: its memory is its handler's, and free before the call",
                        "",
                        operations) {
    const auto how = GENERATE(ending::later, ending::at_once, ending::refused, ending::cancelled);
    rig<TestType> with;
    ledger book;
    std::size_t in_use = 1;
    bring_about(
        how, with,
        asio::bind_allocator(counting_allocator<void>(book), [&](std::error_code, auto&&...) {
            in_use = book.allocated - book.freed;
        }));
    CHECK(in_use == 0);
    CHECK(book.allocated > 0);
}

// --- cancellation -----------------------------------------------------------------------------------

TEMPLATE_LIST_TEST_CASE("every operation: each kind of cancellation ends it, pending and ready",
                        "",
                        operations) {
    const auto type = GENERATE(asio::cancellation_type::terminal, asio::cancellation_type::partial,
                               asio::cancellation_type::total);
    const bool ready = GENERATE(false, true);
    rig<TestType> with;
    if (ready) with.of.satisfy();
    with.signal.emit(type);  // before it begins: nothing
    with.begin(asio::bind_cancellation_slot(with.signal.slot(), with.got.handler()));
    if (!ready) with.io.poll();
    with.signal.emit(type);
    with.signal.emit(type);
    check_aborted(with);
    with.signal.emit(type);  // after its end: nothing
    with.begin(with.next.handler());
    with.signal.emit(type);
    if (!ready) with.of.satisfy();
    with.run();
    CHECK(with.next.calls == 1);
    CHECK(with.next.good);
}

TEMPLATE_LIST_TEST_CASE("every operation: a second one is refused, and the first goes on",
                        "",
                        operations) {
    rig<TestType> with;
    with.begin(with.got.handler());
    if constexpr (std::is_same_v<TestType, test::operation::send>) {
        with.object.async_send({}, with.next.handler());
    } else {
        with.begin(with.next.handler());
    }
    with.io.poll();
    CHECK(with.next.calls == 1);
    CHECK(with.next.error == elkodon::errc::already_running);
    CHECK(with.got.calls == 0);
    check_good(with);
}

TEMPLATE_LIST_TEST_CASE(
    "every operation: cancel(), close() and release() end it; closed, it is refused",
    "",
    operations) {
    rig<TestType> with;
    with.begin(with.got.handler());
    with.io.poll();
    SECTION("cancel") {
        with.object.cancel();
        check_aborted(with);
        CHECK(with.object.is_open());
    }
    SECTION("close") {
        with.object.close();
        check_aborted(with);
        with.begin(with.next.handler());
        with.run();
        CHECK(with.next.error == elkodon::errc::closed);
    }
    SECTION("release, and another object") {
        auto port = with.object.release();
        check_aborted(with);
        with.object = typename TestType::object{with.io, std::move(port)};
        with.begin(with.next.handler());
        with.io.restart();
        with.io.poll();
        with.of.satisfy();
        with.run();
        CHECK(with.next.good);
    }
}

// --- the ends of objects and contexts -----------------------------------------------------------------

TEMPLATE_LIST_TEST_CASE("every operation: its object may end in its own handler, or while it waits",
                        "",
                        operations) {
    TestType of;
    asio::io_context io;
    auto object = std::make_unique<typename TestType::object>(io, of.port());
    std::error_code error = elkodon::errc::closed;
    of.begin(*object, [&](std::error_code ec, auto&&...) {
        error = ec;
        object.reset();
    });
    io.poll();
    SECTION("in its handler") {
        of.satisfy();
        io.run();
        CHECK_FALSE(error);
    }
    SECTION("while it waits") {
        object.reset();
        io.run();
        CHECK(error == asio::error::operation_aborted);
    }
    CHECK_FALSE(object);
}

TEMPLATE_LIST_TEST_CASE("every operation: a context that ends calls nobody and leaks nothing",
                        "",
                        operations) {
    enum class state { waiting, ready, cancelled };
    const auto where = GENERATE(state::waiting, state::ready, state::cancelled);
    const bool object_first = GENERATE(false, true);
    TestType of;
    const auto owned = std::make_shared<int>();
    {
        auto io = std::make_unique<asio::io_context>();
        typename TestType::object object{*io, of.port()};
        of.begin(object, [owned](std::error_code, auto&&...) { FAIL("called"); });
        io->poll();
        if (where == state::ready) of.satisfy();
        if (where == state::cancelled) object.cancel();
        CHECK(owned.use_count() == 2);
        if (!object_first) io.reset();
    }
    CHECK(owned.use_count() == 1);
}

TEMPLATE_LIST_TEST_CASE(
    "every operation: run() returns when nothing waits, and not before; stop() stops",
    "",
    operations) {
    rig<TestType> with;
    with.io.run();
    CHECK(with.io.stopped());
    with.begin(with.got.handler());
    with.io.restart();
    with.io.poll();
    CHECK_FALSE(with.io.stopped());
    with.io.stop();
    with.of.satisfy();
    CHECK(with.io.poll() == 0);
    with.run();
    CHECK(with.got.good);
    CHECK(with.io.stopped());
}

}  // namespace

}  // namespace tests::every_operation
