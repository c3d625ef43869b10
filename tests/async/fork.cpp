// A fork of a process whose context awaits ports: the child's operations fail, and the parent's go on.
#include <elkodon/asio.hpp>

#include "two_kinds.hpp"

#include <asio/io_context.hpp>
#include <cstdio>
#include <support/catch.hpp>
#include <sys/wait.h>
#include <unistd.h>

namespace tests::forked_contexts {

namespace {

using test::events;
using test::samples;

// In the child, where a failed check would run the other tests once more: a number says what went wrong.
template <class Child>
int exit_code_of(Child child) {
    const auto process = ::fork();
    if (process == 0) ::_exit(child());
    int status = 0;
    ::waitpid(process, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1'000 + WTERMSIG(status);
}

TEST_CASE(
    "in a fork's child what was awaited fails, new ports work, and the parent notices nothing") {
    samples numbers;
    events bells;
    asio::io_context io;
    samples::object object{io, numbers.port()};
    events::object listener{io, bells.port()};
    elkodon::async::wait_set waits{io, numbers.world.node().wait_set().create()};
    test::outcome<samples::result> got;
    test::outcome<events::result> rung;
    int waited = 0;
    std::error_code of_set;
    object.async_receive(got.handler());
    listener.async_wait(rung.handler());
    waits.async_wait([&](std::error_code ec, elkodon::wait_result) {
        ++waited;
        of_set = ec;
    });
    io.poll();
    const auto waited_before = waited;
    io.notify_fork(asio::io_context::fork_prepare);
    const int code = exit_code_of([&] {
        io.notify_fork(asio::io_context::fork_child);
        io.restart();
        io.run();
        if (got.calls != 1 || got.error != elkodon::errc::forked) return 1;
        if (rung.calls != 1 || rung.error != elkodon::errc::forked) return 2;
        if (waited != waited_before + 1 || of_set != elkodon::errc::forked) return 3;
        object.async_receive(got.handler());
        io.restart();
        io.run();
        if (got.calls != 2 || got.error != elkodon::errc::forked) return 4;
        const auto node = elkodon::node::create(numbers.world.configuration());
        const auto service =
            node.service("of the child").publish_subscribe<std::uint64_t>().create();
        auto publisher = service.publisher().create();
        samples::object fresh{io, service.subscriber().create()};
        test::outcome<samples::result> next;
        fresh.async_receive(next.handler());
        io.restart();
        io.poll();
        if (next.calls != 0 || publisher.send_copy(8)) return 5;
        io.run();
        if (!samples::is(next.result, 8)) return 6;
        object.close();
        listener.close();
        return 0;
    });
    CHECK(code == 0);
    io.notify_fork(asio::io_context::fork_parent);
    io.restart();
    io.poll();
    CHECK(got.calls == 0);
    numbers.send(7);
    bells.send(3);
    io.poll();
    CHECK(samples::is(got.result, 7));
    CHECK(events::is(rung.result, 3));
    waits.close();
    io.run();
    CHECK(waited == waited_before + 1);
}

}  // namespace

}  // namespace tests::forked_contexts
