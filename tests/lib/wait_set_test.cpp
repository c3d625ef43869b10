#include "caught.hpp"

#include <elkodon/elkodon.hpp>
#include <support/scratch_root.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <pthread.h>
#include <set>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace tests::wait_set_cases {
namespace {

using elkodon::errc;
using number = std::uint64_t;
using namespace std::chrono_literals;

struct world {
    support::scratch_root root;
    elkodon::node node = elkodon::node::create();
    elkodon::publish_subscribe_service<number> numbers =
        node.service("numbers").publish_subscribe<number>().create();
    elkodon::event_service bells = node.service("bells").event().create();
    elkodon::wait_set waits =
        node.wait_set().wait_strategy(elkodon::wait_strategy::block()).create();
};

struct pipe_pair {
    int ends[2];
    pipe_pair() { REQUIRE(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0); }
    ~pipe_pair() {
        close(ends[0]);
        close(ends[1]);
    }
    void fill() const { REQUIRE(write(ends[1], "x", 1) == 1); }
    void drain() const {
        char byte;
        while (read(ends[0], &byte, 1) == 1) {}
    }
};

bool readable(int descriptor) {
    pollfd look{descriptor, POLLIN, 0};
    return poll(&look, 1, 0) > 0;
}

// Whether the kernel says that a thread of ours sleeps.
bool sleeps(pid_t thread) {
    std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/stat");
    std::string line;
    std::getline(file, line);
    const auto end = line.rfind(')');
    return end != std::string::npos && line.size() > end + 2 && line[end + 2] == 'S';
}

// A thread that waits; the test goes on once it sleeps.
class sleeper {
public:
    template <class Wait>
    explicit sleeper(Wait wait)
        : thread_([this, wait = std::move(wait)] {
              id_ = gettid();
              wait();
          }) {
        while (id_ == 0 || !sleeps(id_)) std::this_thread::yield();
    }
    ~sleeper() { join(); }
    sleeper(const sleeper&) = delete;
    sleeper& operator=(const sleeper&) = delete;
    void join() {
        if (thread_.joinable()) thread_.join();
    }
    pid_t id() const { return id_; }
    pthread_t handle() { return thread_.native_handle(); }

private:
    std::atomic<pid_t> id_{0};
    std::thread thread_;
};

}  // namespace

TEST_CASE("nothing is ready, and no wait ends early") {
    world here;
    auto subscriber = here.numbers.subscriber().create();
    const auto numbers = here.waits.attach(subscriber);
    CHECK_FALSE(here.waits.try_wait());
    for (const auto time : {0ms, 1ms, 20ms, -5ms}) {
        const auto begin = std::chrono::steady_clock::now();
        const auto ready = here.waits.timed_wait(time);
        CHECK_FALSE(ready);
        CHECK_FALSE(ready.error());
        CHECK_FALSE(ready.contains(numbers));
        CHECK(std::chrono::steady_clock::now() - begin >= time);
    }
}

TEST_CASE("what was not taken is ready again, what was taken is not") {
    world here;
    auto publisher = here.numbers.publisher().create();
    auto subscriber = here.numbers.subscriber().create();
    auto notifier = here.bells.notifier().create();
    auto listener = here.bells.listener().create();
    const pipe_pair file;
    const auto numbers = here.waits.attach(subscriber);
    const auto bells = here.waits.attach(listener);
    const auto pipe = here.waits.attach_fd(file.ends[0], POLLIN);
    for (int round = 0; round < 3; ++round) {
        publisher.send_copy(1);
        publisher.send_copy(2);
        notifier.notify(elkodon::event_id{7});
        file.fill();
        for (int look = 0; look < 2; ++look) {
            const auto ready = here.waits.blocking_wait();
            CHECK(ready.size() == 3);
            CHECK(ready.contains(numbers));
            CHECK(ready.contains(bells));
            CHECK(ready.contains(pipe));
            CHECK(ready.events(pipe) == POLLIN);
            const std::set<elkodon::attachment_id> ids(ready.ids().begin(), ready.ids().end());
            CHECK(ids == std::set{numbers.id(), bells.id(), pipe.id()});
        }
        CHECK(*subscriber.receive() == 1);
        CHECK(listener.try_wait().contains(elkodon::event_id{7}));
        auto ready = here.waits.timed_wait(1h);
        CHECK((ready.contains(numbers) && !ready.contains(bells) && ready.contains(pipe)));
        CHECK(*subscriber.receive() == 2);
        file.drain();
        // A listener is told of, too, when a notifier has come.
        for (int comings = 0; here.waits.timed_wait(1ms); ++comings) {
            REQUIRE(comings < 2);
            REQUIRE_FALSE(listener.try_wait());
        }
    }
}

TEST_CASE("a sleeping wait set is woken by each kind, with each wait strategy") {
    using strategy = elkodon::wait_strategy;
    for (const auto how : {strategy::block(), strategy::adaptive(),
                           strategy::spin_then_block(100us), strategy::busy()}) {
        world here;
        auto publisher = here.numbers.publisher().create();
        auto subscriber = here.numbers.subscriber().create();
        auto notifier = here.bells.notifier().create();
        auto listener = here.bells.listener().create();
        const pipe_pair file;
        auto waits = here.node.wait_set().wait_strategy(how).create();
        const auto numbers = waits.attach(subscriber);
        const auto bells = waits.attach(listener);
        const auto pipe = waits.attach_fd(file.ends[0], POLLIN);
        for (number round = 0; round < 60; ++round) {
            std::thread elsewhere([&] {
                if (round % 3 == 0) publisher.send_copy(round);
                else if (round % 3 == 1) notifier.notify(elkodon::event_id{round});
                else file.fill();
            });
            const auto& expected = round % 3 == 0 ? numbers : round % 3 == 1 ? bells : pipe;
            while (!waits.blocking_wait().contains(expected)) listener.try_wait();
            elsewhere.join();
            while (subscriber.receive()) {}
            listener.try_wait();
            file.drain();
        }
    }
}

TEST_CASE("messages that bounce between two wait sets are never lost, wherever the sleep falls") {
    world here;
    const auto answers = here.node.service("answers").publish_subscribe<number>().create();
    constexpr number rounds = 20'000;
    struct player {
        elkodon::publisher<number> publisher;
        elkodon::subscriber<number> subscriber;
        elkodon::wait_set waits;

        bool play(number next) {
            const auto numbers = waits.attach(subscriber);
            for (; next < rounds; next += 2) {
                auto sample = subscriber.receive();
                while (!sample) {
                    waits.blocking_wait();
                    sample = subscriber.receive();
                }
                if (*sample != next) return false;
                publisher.send_copy(next + 1);
            }
            return true;
        }
    };
    player one{here.numbers.publisher().create(), answers.subscriber().create(),
               here.node.wait_set().create()};
    player two{answers.publisher().create(), here.numbers.subscriber().create(),
               here.node.wait_set().create()};
    bool right = false;
    std::thread elsewhere([&] { right = two.play(0); });
    one.publisher.send_copy(0);
    CHECK(one.play(1));
    elsewhere.join();
    CHECK(right);
}

TEST_CASE("a port that turns hot under its user's hands is cold again before the next sleep") {
    world here;
    auto publisher = here.numbers.publisher().create();
    auto subscriber = here.numbers.subscriber().create();
    const auto numbers = here.waits.attach(subscriber);
    CHECK_FALSE(here.waits.timed_wait(1ms));  // cold now
    for (number round = 0; round < 5; ++round) {
        for (number i = 0; i < 100; ++i) {  // dense, and taken without asking the wait set
            publisher.send_copy(i);
            REQUIRE(*subscriber.receive() == i);
        }
        bool woken = false;
        {
            const sleeper waiting([&] { woken = here.waits.timed_wait(1min).contains(numbers); });
            publisher.send_copy(round);
        }
        CHECK(woken);
        CHECK(*subscriber.receive() == round);
    }
}

TEST_CASE("what another thread attaches while one waits is waited for at once") {
    world here;
    auto publisher = here.numbers.publisher().create();
    auto subscriber = here.numbers.subscriber().create();
    const pipe_pair file;
    elkodon::attachment added;
    SECTION("a port that has news already") {
        publisher.send_copy(1);
        sleeper waiting([&] { here.waits.blocking_wait(); });
        added = here.waits.attach(subscriber);
    }
    SECTION("a port that gets its news later") {
        sleeper waiting([&] { here.waits.blocking_wait(); });
        added = here.waits.attach(subscriber);
        publisher.send_copy(1);
    }
    SECTION("a descriptor") {
        sleeper waiting([&] { here.waits.blocking_wait(); });
        added = here.waits.attach_fd(file.ends[0], POLLIN);
        file.fill();
    }
    SECTION("an interval") {
        sleeper waiting([&] { here.waits.blocking_wait(); });
        added = here.waits.attach_interval(1ms);
    }
    SECTION("a deadline") {
        sleeper waiting([&] { here.waits.blocking_wait(); });
        added = here.waits.attach_deadline(subscriber, 1ms);
    }
    CHECK(added);
}

TEST_CASE("what another thread detaches while one waits is waited for no more, and is free again") {
    world here;
    auto publisher = here.numbers.publisher().create();
    auto subscriber = here.numbers.subscriber().create();
    const pipe_pair file, stop;
    auto numbers = here.waits.attach(subscriber);
    auto pipe = here.waits.attach_fd(file.ends[0], POLLIN);
    auto tick = here.waits.attach_interval(1h);
    const auto end = here.waits.attach_fd(stop.ends[0], POLLIN);
    std::size_t found = 0;
    {
        const sleeper waiting([&] { found = here.waits.blocking_wait().size(); });
        numbers.reset();
        pipe = {};
        tick.reset();
        publisher.send_copy(1);
        file.fill();
        stop.fill();
    }
    CHECK(found == 1);
    CHECK(*subscriber.blocking_receive() == 1);  // in a place of its own again
    CHECK(here.waits.attach_fd(file.ends[0], POLLIN));
}

TEST_CASE("attaching and detaching at random instants loses no wake of the others") {
    world here;
    auto publisher = here.numbers.publisher().create();
    auto subscriber = here.numbers.subscriber().create();
    const auto numbers = here.waits.attach(subscriber);
    std::atomic<bool> over = false;
    std::thread other([&] {
        auto listener = here.bells.listener().create();
        const pipe_pair file;
        while (!over) {
            const auto one = here.waits.attach(listener);
            const auto two = here.waits.attach_fd(file.ends[0], POLLIN);
            const auto three = here.waits.attach_interval(1h);
        }
    });
    std::atomic<number> taken{0};
    std::thread sender([&] {
        for (number i = 1; i <= 2'000; ++i) {
            publisher.send_copy(i);
            while (taken < i) std::this_thread::yield();
        }
    });
    while (taken < 2'000) {
        here.waits.blocking_wait();
        while (auto sample = subscriber.receive()) taken = *sample;
    }
    over = true;
    sender.join();
    other.join();
    CHECK(taken == 2'000);
}

TEST_CASE("wake ends the wait that goes on, or else the next one, and is no news") {
    world here;
    const auto tick = here.waits.attach_interval(1h);
    std::size_t found = 9;
    std::error_code error = errc::closed;
    {
        const sleeper waiting([&] {
            const auto ready = here.waits.blocking_wait();
            found = ready.size();
            error = ready.error();
        });
        here.waits.wake();
    }
    CHECK(found == 0);
    CHECK_FALSE(error);
    here.waits.wake();
    CHECK_FALSE(here.waits.blocking_wait());
    CHECK_FALSE(here.waits.timed_wait(1ms));  // one wake, one wait
}

TEST_CASE("a signal ends no wait") {
    world here;
    static std::atomic<int> signals;
    signals = 0;
    struct sigaction counting{}, before{};
    counting.sa_handler = [](int) { ++signals; };
    sigaction(SIGUSR1, &counting, &before);
    const pipe_pair stop;
    const auto end = here.waits.attach_fd(stop.ends[0], POLLIN);
    bool right = false;
    {
        sleeper waiting([&] { right = here.waits.timed_wait(1h).contains(end); });
        for (int i = 1; i <= 20; ++i) {
            pthread_kill(waiting.handle(), SIGUSR1);
            while (signals < i || !sleeps(waiting.id())) std::this_thread::yield();
        }
        stop.fill();
    }
    CHECK(right);
    sigaction(SIGUSR1, &before, nullptr);
}

TEST_CASE("an interval is ready again and again, and once for all periods that nobody waited") {
    world here;
    const auto tick = here.waits.attach_interval(5ms);
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 1; i <= 4; ++i) CHECK(here.waits.blocking_wait().contains(tick));
    CHECK(std::chrono::steady_clock::now() - begin >= 20ms);
    const auto slow = here.waits.attach_interval(std::chrono::hours::max());
    while (!here.waits.try_wait().contains(tick)) {}
    CHECK_FALSE(here.waits.try_wait().contains(slow));
    CHECK(caught([&] { return here.waits.attach_interval(0ms); }).code() == errc::invalid_value);
    CHECK(caught([&] { return here.waits.attach_interval(-1ms); }).code() == errc::invalid_value);
}

TEST_CASE("a deadline is missed when no news come, once for each time, and kept when they do") {
    world here;
    auto publisher = here.numbers.publisher().create();
    auto subscriber = here.numbers.subscriber().create();
    const auto numbers = here.waits.attach_deadline(subscriber, 20ms);
    auto ready = here.waits.blocking_wait();
    CHECK(ready);
    CHECK(ready.missed_deadline(numbers));
    CHECK_FALSE(ready.contains(numbers));
    CHECK_FALSE(here.waits.try_wait());
    CHECK(here.waits.blocking_wait().missed_deadline(numbers));
    publisher.send_copy(1);
    ready = here.waits.blocking_wait();
    CHECK(ready.contains(numbers));
    REQUIRE(subscriber.receive());
    CHECK(here.waits.blocking_wait().missed_deadline(numbers));
    CHECK(caught([&] { return here.waits.attach_deadline(subscriber, 0s); }).code() ==
          errc::invalid_value);
}

TEST_CASE("what can't be attached is refused with a sentence that says why") {
    world here;
    auto subscriber = here.numbers.subscriber().create();
    const auto numbers = here.waits.attach(subscriber);
    SECTION("twice") {
        CHECK(caught([&] { return here.waits.attach(subscriber); }).code() ==
              errc::already_attached);
        CHECK(here.waits.try_wait().size() == 0);
    }
    SECTION("in two wait sets") {
        auto others = here.node.wait_set().create();
        std::error_code ec;
        CHECK_FALSE(others.attach(subscriber, ec));
        CHECK(ec == errc::already_attached);
    }
    SECTION("while it waits here and in a thread") {
        CHECK(subscriber.timed_receive(1ms).error() == errc::already_attached);
    }
    SECTION("behind a descriptor") {
        auto other = here.numbers.subscriber().create();
        other.native_handle();
        CHECK(caught([&] { return here.waits.attach(other); }).code() == errc::already_attached);
    }
    SECTION("of another domain") {
        auto elsewhere = elkodon::node::create_local();
        auto listener = elsewhere.service("bells").event().create().listener().create();
        const auto error = caught([&] { return here.waits.attach(listener); });
        CHECK(error.code() == errc::invalid_value);
        CHECK(error.property() == "domain");
    }
    SECTION("a descriptor twice") {
        const pipe_pair file;
        const auto first = here.waits.attach_fd(file.ends[0], POLLIN);
        const auto error = caught([&] { return here.waits.attach_fd(file.ends[0], POLLIN); });
        CHECK(error.code() == errc::already_attached);
        CHECK(contains(error.what(), "descriptor " + std::to_string(file.ends[0])));
    }
    SECTION("a regular file") {
        const auto path = here.root.path() / "file";
        write_to(path, "x");
        const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
        const auto error = caught([&] { return here.waits.attach_fd(file, POLLIN); });
        CHECK(error.code() == errc::invalid_value);
        CHECK(contains(error.what(), "a regular file"));
        close(file);
    }
    SECTION("a closed descriptor") {
        std::error_code ec;
        CHECK_FALSE(here.waits.attach_fd(-1, POLLIN, ec));
        CHECK(ec == std::errc::bad_file_descriptor);
    }
    SECTION("an empty port, and an empty wait set") {
        const elkodon::subscriber<number> none;
        CHECK(caught([&] { return here.waits.attach(none); }).code() == errc::closed);
        elkodon::wait_set empty;
        CHECK(caught([&] { return empty.attach_interval(1s); }).code() == errc::closed);
        CHECK(empty.blocking_wait().error() == errc::closed);
        CHECK(empty.run() == errc::closed);
        CHECK(caught([&] { return empty.native_handle(); }).code() == errc::closed);
        empty.wake();
    }
}

TEST_CASE("port, wait set and attachment end in any order") {
    world here;
    auto publisher = here.numbers.publisher().create();
    auto subscriber = here.numbers.subscriber().create();
    auto numbers = here.waits.attach(subscriber);
    SECTION("the port first, with a sample that outlives it") {
        publisher.send_copy(1);
        REQUIRE(here.waits.blocking_wait().contains(numbers));
        const auto held = subscriber.receive();
        subscriber = {};
        publisher.send_copy(2);
        CHECK_FALSE(here.waits.try_wait());
        CHECK_FALSE(here.waits.timed_wait(1ms).contains(numbers));
        CHECK(*held == 1);
    }
    SECTION("the wait set first: the port waits on with its attachment, and is free without") {
        here.waits = {};
        CHECK(subscriber.timed_receive(1ms).error() == errc::already_attached);
        numbers.reset();
        publisher.send_copy(3);
        CHECK(*subscriber.blocking_receive() == 3);
    }
    SECTION("an attachment that moves") {
        elkodon::attachment other = std::move(numbers);
        CHECK_FALSE(numbers);
        publisher.send_copy(1);
        const auto ready = here.waits.blocking_wait();
        CHECK(ready.contains(other));
        CHECK_FALSE(ready.contains(numbers));
        auto elsewhere = here.node.wait_set().create();
        CHECK_FALSE(elsewhere.try_wait().contains(other));
    }
}

TEST_CASE(
    "a descriptor that was closed without being detached doesn't take its number's next owner "
    "with it") {
    world here;
    int number = -1;
    elkodon::attachment forgotten;
    {
        const pipe_pair first;
        number = first.ends[0];
        forgotten = here.waits.attach_fd(number, POLLIN);
    }
    const pipe_pair second;
    REQUIRE(second.ends[0] == number);
    const auto pipe = here.waits.attach_fd(second.ends[0], POLLIN);
    forgotten.reset();
    second.fill();
    CHECK(here.waits.timed_wait(1min).contains(pipe));
}

TEST_CASE("run calls back with samples and ids until a callback says stop, or somebody wakes it") {
    world here;
    auto publisher = here.numbers.publisher().create();
    auto notifier = here.bells.notifier().create();
    auto listener = here.bells.listener().create();
    std::vector<number> got;
    std::vector<std::size_t> rung;
    here.waits.on_samples(here.numbers.subscriber().create(), [&](elkodon::sample<number> sample) {
        got.push_back(*sample);
        return *sample < 3;
    });
    here.waits.on_samples(listener, [&](const elkodon::event_ids& ids) {
        for (const auto id : ids) rung.push_back(id.value());
    });
    notifier.notify(elkodon::event_id{5});
    for (number i = 1; i <= 3; ++i) publisher.send_copy(i);
    CHECK_FALSE(here.waits.run());
    CHECK(got == std::vector<number>{1, 2, 3});
    {
        const sleeper running([&] { here.waits.run(); });
        here.waits.wake();
    }
    CHECK(rung == std::vector<std::size_t>{5});
    SECTION("what was attached without a callback is told to the function beside") {
        const auto tick = here.waits.attach_interval(1ms);
        int ticks = 0;
        here.waits.run([&](const elkodon::wait_result& ready) {
            ticks += ready.contains(tick) ? 1 : 0;
            return ticks < 3;
        });
        CHECK(ticks == 3);
    }
    SECTION("what a callback throws leaves run, and run goes on afterwards") {
        auto other = here.numbers.subscriber().create();
        int calls = 0;
        here.waits.on_samples(other, [&](const elkodon::sample<number>& sample) {
            if (++calls == 1) throw std::runtime_error("no");
            return *sample != 9;
        });
        publisher.send_copy(0);
        CHECK_THROWS_AS(here.waits.run(), std::runtime_error);
        publisher.send_copy(9);
        CHECK_FALSE(here.waits.run());
    }
}

TEST_CASE("a second thread that waits at the same wait set is refused") {
    world here;
    const auto tick = here.waits.attach_interval(1h);
    const sleeper waiting([&] { here.waits.blocking_wait(); });
    CHECK(here.waits.try_wait().error() == errc::already_running);
    here.waits.wake();
}

TEST_CASE("its descriptor is readable, level-style, while a wait would find something") {
    world here;
    auto publisher = here.numbers.publisher().create();
    auto subscriber = here.numbers.subscriber().create();
    auto notifier = here.bells.notifier().create();
    auto listener = here.bells.listener().create();
    const pipe_pair file;
    const auto numbers = here.waits.attach(subscriber);
    const int handle = here.waits.native_handle();
    CHECK(here.waits.native_handle() == handle);
    const auto until_quiet = [&] {
        while (readable(handle))
            if (here.waits.try_wait().error()) FAIL("a wait failed");
    };
    until_quiet();
    for (int round = 0; round < 100; ++round) {
        publisher.send_copy(1);
        publisher.send_copy(2);
        REQUIRE(readable(handle));
        REQUIRE(here.waits.try_wait().contains(numbers));
        REQUIRE(subscriber.receive());  // stops early
        REQUIRE(readable(handle));
        REQUIRE(here.waits.try_wait().contains(numbers));
        REQUIRE(subscriber.receive());
        until_quiet();
    }
    SECTION("also for what is attached later") {
        const auto bells = here.waits.attach(listener);
        notifier.notify();
        REQUIRE(readable(handle));
        while (!here.waits.try_wait().contains(bells)) REQUIRE(readable(handle));
        listener.try_wait();
        until_quiet();
        notifier.notify();
        CHECK(readable(handle));
    }
    SECTION("for foreign descriptors") {
        const auto pipe = here.waits.attach_fd(file.ends[0], POLLIN);
        until_quiet();
        file.fill();
        REQUIRE(readable(handle));
        REQUIRE(here.waits.try_wait().contains(pipe));
        REQUIRE(readable(handle));
        file.drain();
        until_quiet();
        publisher.send_copy(1);
        REQUIRE(readable(handle));
    }
    SECTION("for intervals") {
        const auto tick = here.waits.attach_interval(2ms);
        for (int ticks = 0; ticks < 5;) {
            pollfd look{handle, POLLIN, 0};
            REQUIRE(poll(&look, 1, 60'000) == 1);
            ticks += here.waits.try_wait().contains(tick) ? 1 : 0;
        }
    }
    SECTION("when it is woken") {
        here.waits.wake();
        REQUIRE(readable(handle));
        until_quiet();
    }
}

TEST_CASE("ten thousand descriptors, numbers far beyond 1024, and each of them alone is found") {
    world here;
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    // With `ulimit -n 256` it is as many as there may be.
    const std::size_t count = limit.rlim_cur > 10'600 ? 10'000 : 150;
    std::vector<int> files;
    std::vector<elkodon::attachment> all;
    for (std::size_t i = 0; i < count; ++i) {
        files.push_back(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
        REQUIRE(files.back() >= 0);
        all.push_back(here.waits.attach_fd(files.back(), POLLIN));
    }
    for (std::size_t i = 0; i < count; i += 97) {
        eventfd_write(files[i], 1);
        const auto ready = here.waits.timed_wait(1min);
        CHECK(ready.size() == 1);
        CHECK(ready.contains(all[i]));
        eventfd_t value;
        eventfd_read(files[i], &value);
    }
    for (const int each : files) eventfd_write(each, 1);
    std::set<elkodon::attachment_id> seen;
    while (seen.size() < count)
        for (const auto id : here.waits.try_wait().ids()) seen.insert(id);
    all.clear();
    CHECK_FALSE(here.waits.try_wait());
    for (const int each : files) close(each);
}

}  // namespace tests::wait_set_cases
