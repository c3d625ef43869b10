// The ring itself: queues that are full, threads that are wrong, kernels that forbid, forks, and many loops.
#include <elkodon/elkodon.hpp>
#include <elkodon/io_uring.hpp>

#include <async/world.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <memory>
#include <string>
#include <support/catch.hpp>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <vector>

namespace uring_kernel {
namespace {

using namespace std::chrono_literals;
using elkodon::task;
using elkodon::uring::loop;
using elkodon::uring::loop_settings;

// What a forked child says; its exit code is no more than yes or no.
bool holds_in_child(const std::function<bool()>& what) {
    const auto child = ::fork();
    if (child == 0) {
        bool held = false;
        try {
            held = what();
        } catch (...) {}
        ::_exit(held ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// From here on `call` fails with `error`, in this process.
bool forbid(unsigned call, unsigned error) {
    sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog filter{std::size(program), program};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

template <class F>
std::string what_throws(F f) {
    try {
        f();
    } catch (const std::exception& failure) {
        return failure.what();
    }
    return {};
}

TEST_CASE("where io_uring is forbidden the error names the cause and the way by Asio") {
    for (const unsigned error : {EPERM, ENOSYS})
        CHECK(holds_in_child([error] {
            if (!forbid(__NR_io_uring_setup, error)) return false;
            const auto said = what_throws([] { loop io; });
            return said.find("forbidden") != std::string::npos &&
                   said.find("elkodon/asio.hpp") != std::string::npos;
        }));
}

TEST_CASE("a ring whose registrations are refused says so") {
    CHECK(holds_in_child([] {
        if (!forbid(__NR_io_uring_register, EPERM)) return false;
        return !what_throws([] {
                    loop io;
                    io.post([] {});
                    io.run();
                }).empty();
    }));
}

TEST_CASE("with no memory to lock a loop works, or says what is too small") {
    CHECK(holds_in_child([] {
        const rlimit none{0, 0};
        if (::setrlimit(RLIMIT_MEMLOCK, &none) != 0) return false;
        const auto said = what_throws([] {
            loop io;
            io.post([] {});
            io.run();
        });
        return said.empty() || said.find("MEMLOCK") != std::string::npos;
    }));
}

TEST_CASE("a kernel without the fast ways of a ring has the plain one") {
    loop io{{.ring = {.plain = true}}};
    const auto body = [](loop& on) -> task<int> {
        co_await on.async_sleep_for(1ms);
        co_return 3;
    };
    auto running = io.spawn(body(io));
    io.run();
    CHECK(running.get() == 3);
}

struct sockets {
    elkodon::os::fd one, two;
    sockets() {
        int ends[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
        one.reset(ends[0]);
        two.reset(ends[1]);
    }
};

task<> read_one(loop& io, int file, int& count) {
    std::array<std::byte, 1> room;
    co_await io.async_read(file, room);
    ++count;
}

TEST_CASE("many more operations than the queues have room for all complete") {
    const bool plain = GENERATE(false, true);
    loop io{{.ring = {.submissions = 4, .completions = 4, .plain = plain}}};
    std::vector<std::unique_ptr<sockets>> pairs;
    int count = 0;
    for (int i = 0; i < 200; ++i) {
        pairs.push_back(std::make_unique<sockets>());
        io.spawn(read_one(io, pairs.back()->one.get(), count));
    }
    io.run_ready();
    CHECK(count == 0);
    for (const auto& each : pairs) REQUIRE(::write(each->two.get(), "x", 1) == 1);
    io.run();
    CHECK(count == 200);
}

TEST_CASE("an overflow of completions ends the polls of many times, which begin anew") {
    test::world world;
    auto service = world.publish_subscribe<std::uint64_t>().create();
    auto publisher = service.publisher().create();
    loop io{{.wait_strategy = elkodon::wait_strategy::block(),
             .ring = {.submissions = 4, .completions = 4}}};
    std::uint64_t got = 0;
    const auto body = [](elkodon::uring::subscriber<std::uint64_t> numbers,
                         std::uint64_t& into) -> task<> {
        while (into < 200) {
            auto sample = co_await numbers.next();
            ++into;
        }
    };
    const auto noise = [](loop& on) -> task<> {
        for (int i = 0; i < 50; ++i)
            co_await on.async_close(-1, *std::make_unique<std::error_code>());
    };
    auto running = io.spawn(body({io, service.subscriber().create()}, got));
    for (std::uint64_t i = 0; i < 200; ++i) {
        for (int n = 0; n < 5; ++n) io.spawn(noise(io));
        publisher.send_copy(i);
        while (got <= i) io.run_once();
    }
    io.run();
    CHECK(running.done());
}

TEST_CASE("another thread that runs a loop is told that it belongs to the first") {
    loop io;
    io.post([] {});
    io.run();
    std::string said;
    std::thread other([&] {
        const auto body = [](loop& on) -> task<> { co_await on.async_sleep_for(1ms); };
        said = what_throws([&] {
            io.spawn(body(io));
            io.run();
        });
    });
    other.join();
    CHECK(said.find("belongs to the thread") != std::string::npos);
}

TEST_CASE("a loop may be made by one thread and run by another") {
    auto io = std::make_unique<loop>();
    bool ran = false;
    const auto body = [](loop& on, bool& into) -> task<> {
        co_await on.async_sleep_for(1ms);
        into = true;
    };
    io->spawn(body(*io, ran));
    std::thread([&] {
        io->run();
        io.reset();
    }).join();
    CHECK(ran);
}

TEST_CASE("in a fork's child a loop does nothing, and ends") {
    test::world world;
    auto service = world.publish_subscribe<std::uint64_t>().create();
    auto io = std::make_unique<loop>();
    const auto body = [](loop& on, elkodon::uring::subscriber<std::uint64_t> numbers) -> task<> {
        std::array<std::byte, 8> room;
        sockets ends;
        auto any = elkodon::when_any(numbers.async_receive(), on.async_read(ends.one.get(), room),
                                     on.async_sleep_for(1h));
        co_await std::move(any);
    };
    auto running = io->spawn(body(*io, {*io, service.subscriber().create()}));
    io->run_ready();
    CHECK(holds_in_child([&] {
        const auto said = what_throws([&] { io->run(); });
        io.reset();
        return !said.empty();
    }));
    running.cancel();
    io->run();
    CHECK(running.done());
}

TEST_CASE(
    "thousands of loops are made and end, with operations in flight, and no descriptor stays") {
    const auto open = [] { return ::dup(0); };
    const auto before = elkodon::os::fd{open()}.get();
    const auto body = [](loop& on, sockets& ends) -> task<> {
        std::array<std::byte, 8> room;
        auto any = elkodon::when_any(on.async_read(ends.one.get(), room), on.async_sleep_for(1h));
        co_await std::move(any);
    };
    {
        sockets pair;
        for (int i = 0; i < 2'000; ++i) {
            loop io{{.ring = {.submissions = 8}}};
            io.spawn(body(io, pair));
            if (i % 2 == 0) io.run_ready();
        }
    }
    CHECK(elkodon::os::fd{open()}.get() == before);
}

TEST_CASE(
    "a guest that ends leaves nothing of its own in the kernel's hands, and the ring goes on") {
    io_uring ring;
    REQUIRE(io_uring_queue_init(8, &ring, 0) == 0);
    sockets pair;
    {
        loop guest{&ring};
        const auto body = [](loop& on, sockets& ends) -> task<> {
            const auto room = std::make_unique<std::array<std::byte, 64>>();
            co_await on.async_read(ends.one.get(), *room);
        };
        guest.spawn(body(guest, pair));
        guest.prepare();
        io_uring_submit(&ring);
    }
    REQUIRE(::write(pair.two.get(), "hello", 5) == 5);
    char text[8];
    CHECK(::recv(pair.one.get(), text, sizeof text, MSG_DONTWAIT) == 5);
    auto* const sqe = io_uring_get_sqe(&ring);
    io_uring_prep_nop(sqe);
    io_uring_sqe_set_data64(sqe, 2);
    io_uring_submit(&ring);
    for (bool mine = false; !mine;) {
        io_uring_cqe* cqe;
        REQUIRE(io_uring_wait_cqe(&ring, &cqe) == 0);
        mine = cqe->user_data == 2;
        io_uring_cqe_seen(&ring, cqe);
    }
    io_uring_queue_exit(&ring);
}

TEST_CASE("two threads, two loops, one publisher: each gets every message") {
    test::world world;
    const auto doorbell =
        GENERATE(loop_settings::sleeps_on::eventfd, loop_settings::sleeps_on::futex);
    auto service = world.publish_subscribe<std::uint64_t>()
                       .enable_safe_overflow(false)
                       .subscriber_max_buffer_size(16)
                       .create();
    auto publisher = service.publisher().create();
    constexpr std::uint64_t messages = 20'000;
    const auto sum = [](elkodon::uring::subscriber<std::uint64_t> numbers) -> task<std::uint64_t> {
        std::uint64_t total = 0;
        for (std::uint64_t i = 0; i < messages; ++i) {
            auto sample = co_await numbers.next();
            total += *sample;
        }
        co_return total;
    };
    std::uint64_t totals[2] = {};
    std::vector<std::thread> threads;
    std::vector<elkodon::subscriber<std::uint64_t>> ports;
    for (int i = 0; i < 2; ++i) ports.push_back(service.subscriber().create());
    for (int i = 0; i < 2; ++i)
        threads.emplace_back([&, i] {
            loop io{{.doorbell = doorbell, .wait_strategy = elkodon::wait_strategy::block()}};
            auto total = io.spawn(sum({io, std::move(ports[static_cast<std::size_t>(i)])}));
            io.run();
            totals[i] = total.get();
        });
    for (std::uint64_t i = 0; i < messages; ++i) REQUIRE_FALSE(publisher.send_copy(i));
    for (auto& each : threads) each.join();
    CHECK(totals[0] == messages * (messages - 1) / 2);
    CHECK(totals[1] == totals[0]);
}

}  // namespace
}  // namespace uring_kernel
