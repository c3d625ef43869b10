// What a server needs beside ports: sockets, files, time, other descriptors; each ended by a stop, its memory never touched
// afterwards.
#include <elkodon/io_uring.hpp>

#include <elkodon/os/fd.hpp>

#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <netinet/in.h>
#include <span>
#include <string>
#include <support/catch.hpp>
#include <sys/socket.h>
#include <thread>
#include <vector>

namespace uring_operations {
namespace {

using namespace std::chrono_literals;
using elkodon::task;
using elkodon::uring::loop;

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text));
}

struct sockets {
    elkodon::os::fd one, two;
    explicit sockets(int type = SOCK_STREAM) {
        int ends[2];
        REQUIRE(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) == 0);
        one.reset(ends[0]);
        two.reset(ends[1]);
    }
};

struct listening {
    elkodon::os::fd file{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in at{};
    listening() {
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE(::bind(file.get(), reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
        REQUIRE(::listen(file.get(), 16) == 0);
        socklen_t length = sizeof at;
        REQUIRE(::getsockname(file.get(), reinterpret_cast<sockaddr*>(&at), &length) == 0);
    }
    const sockaddr* address() const noexcept { return reinterpret_cast<const sockaddr*>(&at); }
};

TEST_CASE("what is sent over TCP is received, and the end of it seen") {
    loop io;
    listening at;
    std::string got;
    const auto serve = [](loop& on, int file) -> task<> {
        const auto client = co_await on.async_accept(file);
        std::array<std::byte, 64> room;
        while (const auto n = co_await on.async_receive(client, room))
            co_await on.async_send(client, std::span(room).first(n));
        co_await on.async_close(client);
    };
    const auto ask = [](loop& on, const listening& to, std::string& into) -> task<> {
        elkodon::os::fd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        co_await on.async_connect(socket.get(), to.address(), sizeof to.at);
        co_await on.async_write(socket.get(), bytes_of("hello"));
        std::array<std::byte, 64> room;
        const auto n = co_await on.async_read(socket.get(), room);
        into.assign(reinterpret_cast<const char*>(room.data()), n);
    };
    io.spawn(serve(io, at.file.get()));
    io.spawn(ask(io, at, got));
    io.run();
    CHECK(got == "hello");
}

TEST_CASE("a write of more than a socket takes at once writes all of it") {
    loop io;
    sockets pair;
    constexpr std::size_t size = 4 << 20;
    const std::vector<std::byte> sent(size, std::byte{7});
    const auto write = [](loop& on, int file, std::span<const std::byte> what) -> task<std::size_t> {
        co_return co_await on.async_write(file, what);
    };
    const auto read = [](loop& on, int file) -> task<std::size_t> {
        std::vector<std::byte> room(10'000);
        std::size_t got = 0;
        while (got < size) got += co_await on.async_read(file, room);
        co_return got;
    };
    auto writing = io.spawn(write(io, pair.one.get(), sent));
    auto reading = io.spawn(read(io, pair.two.get()));
    io.run();
    CHECK(writing.get() == size);
    CHECK(reading.get() == size);
}

TEST_CASE("a file is written and read at an offset, and synchronised") {
    loop io;
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> made(std::tmpfile(), std::fclose);
    const auto body = [](loop& on, int file) -> task<std::string> {
        co_await on.async_write_at(file, 100, bytes_of("there"));
        co_await on.async_fsync(file);
        std::array<std::byte, 10> room;
        const auto n = co_await on.async_read_at(file, 102, room);
        co_return std::string(reinterpret_cast<const char*>(room.data()), n);
    };
    auto got = io.spawn(body(io, fileno(made.get())));
    io.run();
    CHECK(got.get() == "ere");
}

TEST_CASE("errors are thrown, or handed over") {
    loop io;
    const auto body = [](loop& on) -> task<bool> {
        std::array<std::byte, 8> room;
        std::error_code error;
        const auto n = co_await on.async_read(-1, room, error);
        if (n != 0 || error != std::errc::bad_file_descriptor) co_return false;
        if (co_await on.async_accept(-1, error) != -1) co_return false;
        co_await on.async_read(-1, room);
        co_return false;
    };
    auto running = io.spawn(body(io));
    io.run();
    CHECK_THROWS_AS(running.get(), elkodon::error);
}

TEST_CASE("a foreign descriptor is polled") {
    loop io;
    sockets pair;
    const auto body = [](loop& on, int file) -> task<short> {
        co_return co_await on.async_poll(file, POLLIN);
    };
    auto polled = io.spawn(body(io, pair.one.get()));
    io.post([&] { REQUIRE(::write(pair.two.get(), "x", 1) == 1); });
    io.run();
    CHECK((polled.get() & POLLIN) != 0);
}

TEST_CASE("every operation that waits is ended by a stop of its coroutine") {
    loop io;
    sockets pair;
    listening at;
    std::array<std::byte, 8> room[3];
    const auto keep = [](auto what) -> task<bool> {
        try {
            (void)co_await std::move(what);
        } catch (const std::system_error& failure) {
            co_return failure.code() == elkodon::stopped_error();
        }
        co_return false;
    };
    std::vector<elkodon::loops::spawned<bool>> running;
    running.push_back(io.spawn(keep(io.async_read(pair.one.get(), room[0]))));
    running.push_back(io.spawn(keep(io.async_receive(pair.two.get(), room[1]))));
    running.push_back(io.spawn(keep(io.async_accept(at.file.get()))));
    running.push_back(io.spawn(keep(io.async_poll(at.file.get(), POLLIN))));
    running.push_back(io.spawn(keep(io.async_sleep_for(1h))));
    io.run_ready();
    for (auto& each : running) each.cancel();
    io.run();
    for (auto& each : running) CHECK(each.get());
}

TEST_CASE(
    "a read that loses a race against time has taken nothing, though bytes come with the timer") {
    loop io;
    sockets pair;
    std::uint64_t bytes = 0, timeouts = 0, sent = 0;
    bool in_order = true;
    const auto read = [](loop& on, int file, std::uint64_t& got, std::uint64_t& late,
                         bool& ordered) -> task<> {
        std::array<std::byte, 1> one;
        while (got < 1'000 || late < 1'000) {
            auto any = elkodon::when_any(on.async_read(file, one),
                                         on.async_sleep_for(std::chrono::microseconds(
                                             (got + late) % 2 == 0 ? 20'000 : late % 7)));
            auto first = co_await std::move(any);
            if (first.index() == 1) ++late;
            else
                ordered = ordered &&
                          std::to_integer<std::uint8_t>(one[0]) == static_cast<std::uint8_t>(got++);
        }
    };
    const auto write = [](loop& on, int file, std::uint64_t& count,
                          const std::uint64_t& read_of_them, auto& until) -> task<> {
        while (!until.done()) {
            const std::byte next{static_cast<std::uint8_t>(count)};
            if (count == read_of_them && ::send(file, &next, 1, MSG_DONTWAIT) == 1) ++count;
            co_await on.async_sleep_for(std::chrono::microseconds(count % 11));
        }
    };
    auto reading = io.spawn(read(io, pair.one.get(), bytes, timeouts, in_order));
    io.spawn(write(io, pair.two.get(), sent, bytes, reading));
    io.run();
    reading.get();
    std::byte rest;
    while (::recv(pair.one.get(), &rest, 1, MSG_DONTWAIT) == 1) ++bytes;
    CHECK(bytes == sent);
    CHECK(in_order);
}

TEST_CASE("an awaiter that goes while its read is in the kernel leaves no pointer there") {
    loop io;
    sockets pair;
    const auto reads = [](loop& on, int file) -> task<> {
        const auto room = std::make_unique<std::array<std::byte, 64>>();
        co_await on.async_read(file, *room);
    };
    const auto body = [reads](loop& on, sockets& ends) -> task<> {
        {
            elkodon::task_scope scope;
            scope.spawn(reads(on, ends.one.get()));
            co_await on.async_sleep_for(1ms);
        }
        const char text[] = "to be found";
        REQUIRE(::write(ends.two.get(), text, sizeof text) == sizeof text);
        co_await on.async_sleep_for(1ms);
        std::array<std::byte, 64> room;
        const auto n = co_await on.async_read(ends.one.get(), room);
        CHECK(n == sizeof text);
    };
    io.spawn(body(io, pair));
    io.run();
}

TEST_CASE("a connection that comes for an accept that nobody awaits is closed, not leaked") {
    listening at;
    {
        loop io;
        const auto accepts = [](loop& on, int file) -> task<> { co_await on.async_accept(file); };
        io.spawn(accepts(io, at.file.get()));
        io.run_ready();
    }
    elkodon::os::fd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    REQUIRE(::connect(socket.get(), at.address(), sizeof at.at) == 0);
    loop io;
    const auto accepts = [](loop& on, int file) -> task<int> {
        co_return co_await on.async_accept(file);
    };
    auto got = io.spawn(accepts(io, at.file.get()));
    io.run();
    const elkodon::os::fd accepted{got.get()};
    CHECK(accepted);
}

TEST_CASE("other threads post, spawn and stop") {
    loop io;
    int calls = 0;
    const auto waits = [](loop& on) -> task<> { co_await on.async_sleep_for(1h); };
    const auto counts = [](int& into) -> task<> {
        ++into;
        co_return;
    };
    io.spawn(waits(io));
    std::thread other([&] {
        for (int i = 0; i < 1'000; ++i) {
            io.post([&] { ++calls; });
            io.spawn(counts(calls));
        }
        io.post([&] { io.stop(); });
    });
    io.run();
    other.join();
    CHECK(calls == 2'000);
}

TEST_CASE("a loop that sleeps is woken by a post of another thread, again and again") {
    loop io;
    elkodon::atomic<int> calls = 0;
    const auto waits = [](loop& on) -> task<> { co_await on.async_sleep_for(1h); };
    io.spawn(waits(io));
    std::thread other([&] {
        for (int i = 0; i < 2'000; ++i) {
            io.post([&] { calls.store(calls.load() + 1); });
            while (calls.load() == i) std::this_thread::yield();
        }
        io.stop();
    });
    io.run();
    other.join();
    CHECK(calls == 2'000);
}

}  // namespace
}  // namespace uring_operations
