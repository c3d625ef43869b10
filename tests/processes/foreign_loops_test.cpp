// Loops of others that poll a wait set's descriptor, as real programs: libuv, GLib, Python's asyncio. And the examples
// that wait without such a loop. Each of them sleeps now and then, and gets every number.
#include "participants.hpp"

#include <elkodon/elkodon.hpp>

#include <csignal>
#include <cstdint>

using namespace test;

namespace {

constexpr std::uint64_t last = 999;

class sender {
public:
    explicit sender(const std::string& service)
        : publisher_(node_.service(service)
                         .publish_subscribe<std::uint64_t>()
                         .history_size(1)
                         .subscriber_max_buffer_size(1024)
                         .create()
                         .publisher()
                         .create()) {
        send(1);  // whoever joins later finds this one
    }
    void send(std::uint64_t number) { REQUIRE_FALSE(publisher_.send_copy(number)); }

private:
    elkodon::node node_ = elkodon::node::create();
    elkodon::publisher<std::uint64_t> publisher_;
};

/// Its next line that begins so; ticks and the like come between.
std::string next_line(child& who, const std::string& prefix) {
    for (;;) {
        auto line = who.line();
        if (line.starts_with(prefix)) return line.substr(prefix.size());
    }
}

/// Sends so that the program is asleep at times, and at times not.
void drive(child& program, sender& from, const std::string& prefix) {
    REQUIRE(next_line(program, prefix) == "1");
    std::uint64_t heard = 1;
    for (std::uint64_t number = 2; number <= last; ++number) {
        if (number % 50 == 0) program.wait_until_asleep();
        from.send(number);
        if (number % 3 == 0 || number == last)
            while (heard < number) REQUIRE(next_line(program, prefix) == std::to_string(++heard));
    }
}

void drive_example(const std::string& path) {
    for (const int signal : {SIGINT, SIGTERM}) {
        INFO(path << " ended by signal " << signal);
        scratch_root root;
        {
            sender from("My/Funk/ServiceName");
            child program({path});
            drive(program, from, "received: ");
            program.signal(signal);
            CHECK(program.wait() == support::success);
        }
        CHECK(root.listing() == support::nothing);
    }
}

}  // namespace

TEST_CASE("a program that waits in a wait set gets every number, and ends when it is asked to") {
    drive_example(EXAMPLE_WAIT_SET);
}

TEST_CASE("a program of callbacks gets every number, and ends when it is asked to") {
    drive_example(EXAMPLE_WAIT_SET_CALLBACKS);
}

#ifdef EXAMPLE_WAIT_SET_LIBUV
TEST_CASE("a libuv loop gets every number, and ends when it is asked to") {
    drive_example(EXAMPLE_WAIT_SET_LIBUV);
}
#endif

#ifdef EXAMPLE_WAIT_SET_GLIB
TEST_CASE("a GLib main loop gets every number, and ends when it is asked to") {
    drive_example(EXAMPLE_WAIT_SET_GLIB);
}
#endif

#ifdef ASYNCIO_SHIM
TEST_CASE("an asyncio program gets every number through four functions of C") {
    scratch_root root;
    sender from("numbers");
    child program({"/usr/bin/env", "python3", ASYNCIO_PROGRAM, ASYNCIO_SHIM, "numbers"});
    drive(program, from, "");
    CHECK(program.finish() == support::success);
}
#endif
