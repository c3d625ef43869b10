#include "caught.hpp"
#include "child.hpp"

#include <elkodon/elkodon.hpp>
#include <elkodon/layout/control_page.hpp>
#include <elkodon/segment/foreign_segment.hpp>
#include <support/scratch_root.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace tests::waiting_cases {
namespace {

using elkodon::errc;
using number = std::uint64_t;
using namespace std::chrono_literals;

elkodon::configuration on(elkodon::doorbell_backend backend) {
    auto config = elkodon::configuration::load();
    config.doorbell = backend;
    return config;
}

struct world {
    explicit world(elkodon::doorbell_backend backend = elkodon::doorbell_backend::automatic)
        : node(elkodon::node::create(on(backend))) {}

    support::scratch_root root;
    elkodon::node node;
    elkodon::publish_subscribe_service<number> service = node.service("numbers")
                                                             .publish_subscribe<number>()
                                                             .subscriber_max_buffer_size(1 << 14)
                                                             .create();

    elkodon::segment::foreign_segment control() const {
        namespace os = elkodon::os;
        const auto directory =
            os::open_directory(AT_FDCWD, root.services() / "numbers.publish_subscribe");
        return elkodon::segment::foreign_segment::map(
            directory.get(), "control", elkodon::layout::segment_kind::control, os::access::read,
            sizeof(elkodon::layout::control_page));
    }
};

// The waiter bit of the subscriber in the first slot.
bool is_cold(const elkodon::segment::foreign_segment& control) {
    return (control.as<elkodon::layout::control_page>().waiting[0].load() & 1) != 0;
}

bool readable(int descriptor) {
    pollfd look{descriptor, POLLIN, 0};
    return poll(&look, 1, 0) > 0 && (look.revents & POLLIN) != 0;
}

elkodon::doorbell_backend either() {
    return GENERATE(elkodon::doorbell_backend::futex, elkodon::doorbell_backend::eventfd);
}

// Whether the kernel says that a thread of ours sleeps.
bool sleeps(pid_t thread) {
    std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/stat");
    std::string line;
    std::getline(file, line);
    const auto end = line.rfind(')');
    return end != std::string::npos && line.size() > end + 2 && line[end + 2] == 'S';
}

std::atomic<int> signals{0};
void count_signal(int) { signals.fetch_add(1); }

class epoll_on {
public:
    explicit epoll_on(int descriptor) : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
        epoll_event event{};
        event.events = EPOLLIN;
        epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event);
    }
    ~epoll_on() { close(epoll_); }
    epoll_on(const epoll_on&) = delete;
    epoll_on& operator=(const epoll_on&) = delete;

    void wait() {
        epoll_event event{};
        while (epoll_wait(epoll_, &event, 1, -1) < 0) {}
    }

private:
    int epoll_;
};

}  // namespace

TEST_CASE(
    "timed_receive comes back empty and without an error when the time is over, not earlier") {
    world here(either());
    auto publisher = here.service.publisher().create();
    auto subscriber = here.service.subscriber().create();
    for (const auto time : {0ms, 1ms, 20ms, -5ms}) {
        const auto begin = std::chrono::steady_clock::now();
        const auto sample = subscriber.timed_receive(time);
        CHECK_FALSE(sample);
        CHECK_FALSE(sample.error());
        CHECK(std::chrono::steady_clock::now() - begin >= time);
    }
    CHECK_FALSE(subscriber.timed_receive(std::chrono::duration<double>(0.001)));
    publisher.send_copy(3);
    CHECK(*subscriber.timed_receive(0ms) == 3);
}

TEST_CASE("a time that is too long to be added is for ever, not over") {
    world here(either());
    auto publisher = here.service.publisher().create();
    auto subscriber = here.service.subscriber().create();
    const auto after_sleep = [&](auto&& wait) {
        std::thread elsewhere([&, control = here.control()] {
            while (!is_cold(control)) std::this_thread::yield();
            publisher.send_copy(7);
        });
        const auto sample = wait();
        const bool right = sample && *sample == 7;
        elsewhere.join();
        while (subscriber.receive()) {}
        return right;
    };
    CHECK(after_sleep([&] { return subscriber.timed_receive(std::chrono::hours::max()); }));
    CHECK(after_sleep([&] { return subscriber.timed_receive(std::chrono::nanoseconds::max()); }));
    CHECK(
        after_sleep([&] { return subscriber.timed_receive(std::chrono::duration<double>(1e30)); }));
    CHECK_FALSE(subscriber.timed_receive(std::chrono::hours::min()));
}

TEST_CASE("a sleeping subscriber is woken from another thread, by publishers that were there and "
          "that come later") {
    world here(either());
    auto subscriber = here.service.subscriber().create();
    auto early = here.service.publisher().create();
    for (number round = 0; round < 200; ++round) {
        std::thread elsewhere([&] {
            if (round % 2 == 0) early.send_copy(round);
            else here.service.publisher().create().send_copy(round);
        });
        const auto sample =
            round % 3 == 0 ? subscriber.timed_receive(24h) : subscriber.blocking_receive();
        REQUIRE(sample);
        REQUIRE(*sample == round);
        elsewhere.join();
    }
    CHECK(subscriber.lost() == 0);
}

TEST_CASE("messages that bounce between two sleepers are never lost, wherever the sleep falls") {
    world here(either());
    auto back = here.node.service("back").publish_subscribe<number>().create();
    auto there_publisher = here.service.publisher().create();
    auto back_publisher = back.publisher().create();
    auto back_subscriber = back.subscriber().create();
    constexpr number rounds = 5'000;
    std::thread elsewhere([&, subscriber = here.service.subscriber().create()]() mutable {
        for (number round = 0; round < rounds; ++round) {
            const auto sample = subscriber.blocking_receive();
            back_publisher.send_copy(*sample + 1);
        }
    });
    number wrong = 0;
    for (number round = 0; round < rounds; ++round) {
        there_publisher.send_copy(round);
        wrong += *back_subscriber.blocking_receive() != round + 1;
    }
    elsewhere.join();
    CHECK(wrong == 0);
}

TEST_CASE("who receives while messages come turns hot, who sleeps turns cold") {
    world here;
    const auto control = here.control();
    REQUIRE(control);
    auto publisher = here.service.publisher().create();
    auto subscriber = here.service.subscriber().create();
    CHECK_FALSE(is_cold(control));
    for (int round = 0; round < 3; ++round) {
        CHECK_FALSE(subscriber.timed_receive(1ns));
        CHECK(is_cold(control));
        publisher.send_copy(0);  // rare traffic: it stays cold through its wake-up
        CHECK(subscriber.blocking_receive());
        CHECK(is_cold(control));
        for (number i = 0; i < 1000; ++i) {
            publisher.send_copy(i);
            REQUIRE(subscriber.receive());
        }
        CHECK_FALSE(is_cold(control));
    }
    CHECK_FALSE(subscriber.timed_receive(1ns));
    CHECK(is_cold(control));
    subscriber = {};
    CHECK_FALSE(is_cold(control));
}

TEST_CASE("a signal does not end a wait") {
    struct sigaction handler{}, before{};
    handler.sa_handler = count_signal;
    REQUIRE(sigaction(SIGUSR1, &handler, &before) == 0);
    world here(either());
    auto event = here.node.service("bell").event().create();
    auto publisher = here.service.publisher().create();
    auto notifier = event.notifier().create();
    const int how = GENERATE(0, 1, 2, 3);
    std::atomic<pid_t> thread{0};
    std::atomic<bool> back{false};
    number value = 0;
    std::thread waiting([&, subscriber = here.service.subscriber().create(),
                         listener = event.listener().create()]() mutable {
        thread = gettid();
        switch (how) {
            case 0: value = *subscriber.blocking_receive(); break;
            case 1: value = *subscriber.timed_receive(24h); break;
            case 2: value = listener.blocking_wait().begin()->value(); break;
            default: value = listener.timed_wait(24h).begin()->value();
        }
        back = true;
    });
    while (thread == 0) std::this_thread::yield();
    for (int i = 0; i < 20; ++i) {
        while (!sleeps(thread)) std::this_thread::yield();
        const int sent = signals.load();
        pthread_kill(waiting.native_handle(), SIGUSR1);
        while (signals.load() == sent) std::this_thread::yield();
        CHECK_FALSE(back);
    }
    publisher.send_copy(5);
    notifier.notify(elkodon::event_id(5));
    waiting.join();
    CHECK(value == 5);
    sigaction(SIGUSR1, &before, nullptr);
}

TEST_CASE("a system that doesn't let a thread sleep is an error, not a wait for ever") {
    CHECK(in_child([]() -> std::string {
              world here(elkodon::doorbell_backend::eventfd);
              auto event = here.node.service("bell").event().create();
              auto subscriber = here.service.subscriber().create();
              auto listener = event.listener().create();
              subscriber.timed_receive(1ms);
              listener.timed_wait(1ms);
              rlimit files{};
              getrlimit(RLIMIT_NOFILE, &files);
              files.rlim_cur = 0;  // poll(2) of one descriptor is too many
              if (setrlimit(RLIMIT_NOFILE, &files) != 0) return "no limit";
              const auto refused = std::errc::invalid_argument;
              if (subscriber.blocking_receive().error() != refused) return "subscriber";
              if (subscriber.timed_receive(24h).error() != refused) return "subscriber, for a time";
              if (listener.blocking_wait().error() != refused) return "listener";
              return "";
          }) == "");
}

TEST_CASE("behind its descriptor a port can't be waited for in a thread as well") {
    world here(either());
    auto event = here.node.service("bell").event().create();
    auto publisher = here.service.publisher().create();
    auto notifier = event.notifier().create();
    auto subscriber = here.service.subscriber().create();
    auto listener = event.listener().create();
    CHECK_FALSE(subscriber.timed_receive(1ns));  // before it, that is right
    CHECK_FALSE(listener.timed_wait(1ns));
    const int descriptor = subscriber.native_handle();
    CHECK(subscriber.native_handle() == descriptor);
    CHECK(listener.native_handle() != descriptor);
    CHECK(subscriber.timed_receive(24h).error() == errc::already_attached);
    CHECK(subscriber.blocking_receive().error() == errc::already_attached);
    CHECK(listener.timed_wait(24h).error() == errc::already_attached);
    CHECK(listener.blocking_wait().error() == errc::already_attached);
    publisher.send_copy(1);
    notifier.notify();
    CHECK(readable(descriptor));
    CHECK(readable(listener.native_handle()));
    CHECK(subscriber.receive());
    CHECK(listener.try_wait().size() == 1);
}

TEST_CASE("a descriptor is readable as long as there may be messages, and no longer than until "
          "receive finds none") {
    world here;
    auto publisher = here.service.publisher().create();
    auto subscriber = here.service.subscriber().create();
    SECTION("nothing has come before the first call") {
        CHECK_FALSE(readable(subscriber.native_handle()));
    }
    SECTION("something has come before the first call") {
        publisher.send_copy(0);
        CHECK(readable(subscriber.native_handle()));
        CHECK(subscriber.receive());
        CHECK(readable(subscriber.native_handle()));  // nobody has seen yet that there is no more
        CHECK_FALSE(subscriber.receive());
        CHECK_FALSE(readable(subscriber.native_handle()));
    }
    const int descriptor = subscriber.native_handle();
    for (const auto count : std::initializer_list<number>{1, 2, 3, 40, 100}) {
        for (number i = 0; i < count; ++i) publisher.send_copy(i);
        CHECK(readable(descriptor));
        for (number i = 0; i < count; ++i) {  // stopping early leaves it readable
            CHECK(readable(descriptor));
            REQUIRE(subscriber.receive());
        }
        CHECK_FALSE(subscriber.receive());
        CHECK_FALSE(readable(descriptor));
        CHECK_FALSE(subscriber.receive());
        CHECK_FALSE(readable(descriptor));
    }
    std::array<elkodon::sample<number>, 4> batch;  // receive_many that finds none is as good
    publisher.send_copy(1);
    CHECK(subscriber.receive_many(batch) == 1);
    CHECK(readable(descriptor));
    for (auto& each : batch) each.reset();
    CHECK(subscriber.receive_many(batch) == 0);
    CHECK_FALSE(readable(descriptor));
    {
        auto second = here.service.publisher().create();  // one that comes later
        second.send_copy(9);
        CHECK(readable(descriptor));
        CHECK(*subscriber.receive() == 9);
    }
    while (subscriber.receive()) {}
    publisher.send_copy(10);
    CHECK(readable(descriptor));
}

TEST_CASE("a listener's descriptor is readable until try_wait finds nothing") {
    world here;
    auto event = here.node.service("bell").event().create();
    auto notifier = event.notifier().create();
    auto listener = event.listener().create();
    notifier.notify(elkodon::event_id(1));
    const int descriptor = listener.native_handle();
    CHECK(readable(descriptor));
    for (number round = 0; round < 20; ++round) {
        CHECK(listener.try_wait().size() == 1);
        CHECK(listener.try_wait().empty());
        CHECK_FALSE(readable(descriptor));
        (round % 2 ? event.notifier().create() : elkodon::notifier()).notify();
        if (round % 2 == 0) notifier.notify(elkodon::event_id(round));
        CHECK(readable(descriptor));
    }
}

TEST_CASE("a loop that drains a descriptor gets every message of a publisher in another thread") {
    world here;
    auto subscriber = here.service.subscriber().create();
    auto publisher = here.service.publisher().create();
    epoll_on loop(subscriber.native_handle());
    constexpr number count = 10'000;
    const bool stops_early = GENERATE(false, true);
    std::atomic<number> got{0}, waits{0};
    number bursts = 0;
    std::thread elsewhere([&] {
        // In bursts; before the next one the loop has to be about to fall asleep.
        for (number sent = 0; sent < count; ++bursts) {
            const auto before = waits.load();
            const auto burst = std::min<number>(1 + sent % 5, count - sent);
            for (number i = 0; i < burst; ++i) publisher.send_copy(sent++);
            while (got.load() < sent || (sent < count && waits.load() <= before))
                std::this_thread::yield();
        }
    });
    number due = 0, wrong = 0;
    while (due < count) {
        ++waits;
        loop.wait();
        int most = stops_early ? 2 : 1'000'000;
        while (most-- > 0) {
            const auto sample = subscriber.receive();
            if (!sample) break;
            wrong += *sample != due++;
            got = due;
        }
    }
    elsewhere.join();
    CHECK(wrong == 0);
    CHECK(due == count);
    CHECK(subscriber.lost() == 0);
    CHECK(waits.load() + 1 >= bursts);  // after the last one it need not fall asleep
    CHECK_FALSE(subscriber.receive());
}

TEST_CASE("a loop gets every message of a publisher that doesn't wait for it, and falls asleep at "
          "the end") {
    world here;
    auto subscriber = here.service.subscriber().create();
    auto publisher = here.service.publisher().create();
    epoll_on loop(subscriber.native_handle());
    constexpr number count = 16'000;
    std::thread elsewhere([&] {
        for (number sent = 0; sent < count; ++sent) publisher.send_copy(sent);
    });
    number got = 0, wrong = 0;
    while (got < count) {
        loop.wait();
        while (const auto sample = subscriber.receive()) wrong += *sample != got++;
    }
    elsewhere.join();
    CHECK(wrong == 0);
    CHECK(got == count);
    CHECK(subscriber.lost() == 0);
    while (subscriber.receive()) {}
    CHECK_FALSE(readable(subscriber.native_handle()));
}

TEST_CASE("a descriptor can be polled by several loops, and one set holds many ports") {
    world here;
    std::vector<elkodon::subscriber<number>> subscribers;
    auto many = here.node.service("many").publish_subscribe<number>().max_subscribers(20).create();
    auto publisher = many.publisher().create();
    for (int i = 0; i < 20; ++i) subscribers.push_back(many.subscriber().create());
    const int set = epoll_create1(EPOLL_CLOEXEC);
    for (std::size_t i = 0; i < subscribers.size(); ++i) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = i;
        REQUIRE(epoll_ctl(set, EPOLL_CTL_ADD, subscribers[i].native_handle(), &event) == 0);
    }
    std::thread elsewhere([&] { publisher.send_copy(1); });
    std::size_t got = 0;
    while (got < subscribers.size()) {
        epoll_event event{};
        REQUIRE(epoll_wait(set, &event, 1, -1) == 1);
        while (subscribers[event.data.u64].receive()) ++got;
    }
    elsewhere.join();  // its last rings may have come after we had looked
    for (auto& subscriber : subscribers) CHECK_FALSE(subscriber.receive());
    CHECK_FALSE(readable(set));
    close(set);
}

}  // namespace tests::waiting_cases
