// A fork's child inherits ports that it must not use: it hears so, may destroy them, and makes its own.
#include "participants.hpp"

#include <elkodon/elkodon.hpp>

#include <chrono>
#include <csignal>
#include <functional>
#include <optional>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace test;

namespace {

/// One of everything, in this process.
elkodon::configuration sleeping_on(elkodon::doorbell_backend backend) {
    auto config = elkodon::configuration::load();
    config.doorbell = backend;
    return config;
}

struct everything {
    explicit everything(elkodon::doorbell_backend backend = elkodon::doorbell_backend::automatic)
        : node(elkodon::node::create(sleeping_on(backend))) {}

    elkodon::node node;
    elkodon::publish_subscribe_service<std::uint64_t> numbers =
        node.service("numbers")
            .publish_subscribe<std::uint64_t>()
            .subscriber_max_borrowed_samples(4)
            .open_or_create();
    elkodon::event_service bells = node.service("bells").event().open_or_create();
    elkodon::publisher<std::uint64_t> publisher = numbers.publisher().create();
    elkodon::subscriber<std::uint64_t> subscriber = numbers.subscriber().create();
    elkodon::notifier notifier = bells.notifier().create();
    elkodon::listener listener = bells.listener().create();
};

/// Runs `body` in a fork's child, which ends with what it returns. A child that crashes or hangs shows as signal.
support::ending in_child(const std::function<int()>& body) {
    const auto parent = getpid();
    const auto child = fork();
    if (child == 0) {
        for (const int each : {SIGSEGV, SIGBUS, SIGABRT, SIGALRM})
            std::signal(each, SIG_DFL);  // not Catch's
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(99);
        alarm(60);
        int code = 98;
        try {
            code = body();
        } catch (...) {}
        _exit(code);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) return {-1, WTERMSIG(status)};
    return {WEXITSTATUS(status), 0};
}

/// The parent's ports work: a message and an id arrive, also where somebody sleeps.
void require_working(everything& own) {
    REQUIRE_FALSE(own.publisher.send_copy(42));
    const auto sample = own.subscriber.timed_receive(std::chrono::seconds(60));
    REQUIRE(sample);
    REQUIRE(*sample == 42);
    REQUIRE_FALSE(own.notifier.notify(elkodon::event_id{7}));
    const auto ids = own.listener.timed_wait(std::chrono::seconds(60));
    REQUIRE(ids.contains(elkodon::event_id{7}));
}

}  // namespace

TEST_CASE("in a fork's child every inherited port says that it was inherited") {
    scratch_root root;
    everything own;
    require_working(own);
    auto loan = own.publisher.loan();
    REQUIRE_FALSE(own.publisher.send_copy(1));
    const auto ending = in_child([&] {
        const auto forked = elkodon::make_error_code(elkodon::errc::forked);
        if (own.publisher.send(std::move(loan)) != forked) return 1;
        if (own.publisher.try_loan().error() != forked) return 2;
        if (own.publisher.send_copy(2) != forked) return 3;
        if (own.subscriber.receive().error() != forked) return 4;
        if (own.subscriber.timed_receive(std::chrono::milliseconds(1)).error() != forked) return 5;
        if (own.notifier.notify() != forked) return 6;
        if (own.notifier.notify_one(own.listener.id()) != forked) return 13;
        if (own.listener.try_wait().error() != forked) return 7;
        if (own.listener.timed_wait(std::chrono::milliseconds(1)).error() != forked) return 8;
        if (own.listener.blocking_wait().error() != forked) return 14;
        if (own.listener.try_wait_one().error() != forked) return 15;
        if (own.listener.timed_wait_one(std::chrono::milliseconds(1)).error() != forked) return 16;
        if (own.listener.blocking_wait_one().error() != forked) return 17;
        std::error_code ec;
        static_cast<void>(own.notifier.listeners(ec));
        if (ec != forked) return 18;
        try {
            own.listener.native_handle();
            return 19;
        } catch (const elkodon::error& thrown) {
            if (thrown.code() != forked) return 20;
        }
        static_cast<void>(own.numbers.publisher().create(ec));
        if (ec != forked) return 9;
        static_cast<void>(own.node.service("other").event().open_or_create(ec));
        if (ec != forked) return 10;
        std::array<elkodon::sample<std::uint64_t>, 2> batch;
        if (own.subscriber.receive_many(batch) != 0) return 11;
        if (own.subscriber.has_samples()) return 12;
        return 0;
    });
    CHECK(ending == support::success);
    REQUIRE_FALSE(own.publisher.send(std::move(loan)));
    REQUIRE(own.subscriber.receive());
    REQUIRE(own.subscriber.receive());
    require_working(own);
}

TEST_CASE("a fork's child that destroys what it inherited harms nothing in its parent") {
    scratch_root root;
    auto own = std::make_optional<everything>();
    require_working(*own);
    auto loan = own->publisher.loan();
    const auto names = root.listing();
    REQUIRE(in_child([&] {
                loan = {};
                own.reset();
                return 0;
            }) == support::success);
    CHECK(root.listing() == names);
    *loan = 43;
    REQUIRE_FALSE(own->publisher.send(std::move(loan)));
    REQUIRE(*own->subscriber.receive() == 43);
    require_working(*own);
    // And it is still seen alive by others.
    auto newcomer = participant({"node"});
    CHECK(newcomer.finish() == support::success);
    CHECK(root.listing() == names);
    own.reset();
    CHECK(root.listing() == support::nothing);
}

TEST_CASE("in a fork's child an inherited wait set says so; what the child destroys, the parent "
          "waits for") {
    scratch_root root;
    everything own;
    auto waits = own.node.wait_set().create();
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    auto numbers = waits.attach(own.subscriber);
    auto bells = waits.attach(own.listener);
    auto file = waits.attach_fd(ends[0], POLLIN);
    while (waits.timed_wait(std::chrono::milliseconds(1))) own.listener.try_wait();
    const int handle = waits.native_handle();
    REQUIRE(in_child([&] {
                const auto forked = elkodon::make_error_code(elkodon::errc::forked);
                if (waits.try_wait().error() != forked) return 1;
                if (waits.blocking_wait().error() != forked) return 2;
                if (waits.run() != forked) return 3;
                std::error_code ec;
                static_cast<void>(waits.attach_fd(ends[1], POLLOUT, ec));
                if (ec != forked) return 4;
                static_cast<void>(waits.attach_interval(std::chrono::seconds(1), ec));
                if (ec != forked) return 5;
                static_cast<void>(own.node.wait_set().create(ec));
                if (ec != forked) return 6;
                waits.wake();  // wakes nobody in the parent
                own.listener = {};
                numbers.reset();
                file.reset();
                waits = {};
                return 0;
            }) == support::success);
    while (waits.try_wait()) own.listener.try_wait();
    pollfd look{handle, POLLIN, 0};
    CHECK(poll(&look, 1, 0) == 0);
    REQUIRE_FALSE(own.publisher.send_copy(1));
    CHECK(waits.timed_wait(std::chrono::minutes(1)).contains(numbers));
    REQUIRE(own.subscriber.receive());
    REQUIRE_FALSE(own.notifier.notify(elkodon::event_id{2}));
    CHECK(waits.timed_wait(std::chrono::minutes(1)).contains(bells));
    REQUIRE(write(ends[1], "x", 1) == 1);
    CHECK(waits.timed_wait(std::chrono::minutes(1)).contains(file));
    close(ends[0]);
    close(ends[1]);
}

TEST_CASE("a fork's child that destroys inherited samples harms nothing in its parent") {
    scratch_root root;
    everything own;
    REQUIRE_FALSE(own.publisher.send_copy(5));
    REQUIRE_FALSE(own.publisher.send_copy(6));
    auto first = own.subscriber.receive(), second = own.subscriber.receive();
    auto copy = first;
    REQUIRE(in_child([&] {
                if (*first != 5 || *second != 6) return 1;
                first.reset();
                copy.reset();
                auto another = second;
                second = {};
                return 0;
            }) == support::success);
    CHECK(*first == 5);
    CHECK(*second == 6);
    for (int i = 0; i < 1000; ++i) REQUIRE_FALSE(own.publisher.send_copy(7));
    CHECK(*first == 5);
    CHECK(*second == 6);
}

TEST_CASE("a fork's child that destroys ports which sleep in its parent leaves them to be woken") {
    scratch_root root;
    everything own(GENERATE(elkodon::doorbell_backend::futex, elkodon::doorbell_backend::eventfd));
    auto other = participant({"node"});
    // Both have slept: their waiter bits are set, and they stay cold.
    CHECK_FALSE(own.subscriber.timed_receive(std::chrono::milliseconds(1)));
    CHECK_FALSE(own.listener.timed_wait(std::chrono::milliseconds(1)));
    const int by_descriptor = own.numbers.subscriber().create().native_handle();
    static_cast<void>(by_descriptor);
    auto behind = own.numbers.subscriber().create();
    const int handle = behind.native_handle();
    REQUIRE(in_child([&] {
                own.subscriber = {};
                own.listener = {};
                behind = {};
                own = everything();
                return 0;
            }) == support::success);
    // The parent's descriptor is quiet until something is sent, and tells it then.
    pollfd look{handle, POLLIN, 0};
    while (behind.receive()) {}
    REQUIRE_FALSE(own.publisher.send_copy(42));
    CHECK(poll(&look, 1, 60'000) == 1);
    CHECK(behind.receive());
    require_working(own);
}

TEST_CASE("a fork's child makes a node of its own, and meets its parent there") {
    scratch_root root;
    everything own;
    REQUIRE(in_child([&] {
                {
                    const auto node = elkodon::node::create();
                    if (node.id() == own.node.id()) return 1;
                    auto service =
                        node.service("numbers").publish_subscribe<std::uint64_t>().open();
                    auto publisher = service.publisher().create();
                    if (publisher.send_copy(77)) return 2;
                    auto bell = node.service("bells").event().open().notifier().create();
                    if (bell.notify(elkodon::event_id{3})) return 3;
                    // The parent's look has to find us alive.
                    auto answers = service.subscriber().create();
                    while (!answers.timed_receive(std::chrono::seconds(1)).error()) {
                        if (const auto sample = answers.receive(); sample && *sample == 78) break;
                        if (getppid() == 1) return 4;
                        break;
                    }
                }
                return 0;
            }) == support::success);
    CHECK(own.listener.timed_wait(std::chrono::seconds(60)).contains(elkodon::event_id{3}));
    require_working(own);
    auto newcomer = participant({"node"});
    CHECK(newcomer.finish() == support::success);
}
