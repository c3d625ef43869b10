// The course of examples for Asio, each as a real process beside the publisher that the first example of all is.
#include "participants.hpp"

#include <arpa/inet.h>
#include <csignal>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace test;

namespace course_examples {

namespace {

/// The example prints a line that begins so; then it is asked to end, and leaves nothing behind.
void check_prints(const std::string& path, const std::string& printed) {
    INFO(path);
    scratch_root root;
    child reader({path}), publisher({EXAMPLE_PUBLISHER});
    auto line = reader.line();
    for (int others = 0; others < 100 && !line.starts_with(printed); ++others) line = reader.line();
    CHECK(line.starts_with(printed));
    for (auto* each : {&reader, &publisher}) {
        each->signal(SIGTERM);
        CHECK(each->wait() == support::success);
    }
    CHECK(root.listing() == support::nothing);
}

/// A client of an example that serves: what it receives until `wanted` is in it, or the end.
std::string ask(const std::string& port_line,
                const std::string& request,
                const std::string& wanted) {
    const int client = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port_line.substr(5))));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::string received;
    if (::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        ::send(client, request.data(), request.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(request.size())) {
        char some[256];
        ssize_t count = 0;
        while (received.find(wanted) == std::string::npos &&
               (count = ::recv(client, some, sizeof some, 0)) > 0)
            received.append(some, static_cast<std::size_t>(count));
    }
    ::close(client);
    return received;
}

void check_serves(const std::string& path, const std::string& request, const std::string& wanted) {
    scratch_root root;
    child server({path}), publisher({EXAMPLE_PUBLISHER});
    const auto port = server.line();
    REQUIRE(port.starts_with("port "));
    for (int clients = 0; clients < 2; ++clients)
        CHECK(ask(port, request, wanted).find(wanted) != std::string::npos);
    for (auto* each : {&server, &publisher}) {
        each->signal(SIGTERM);
        CHECK(each->wait() == support::success);
    }
    CHECK(root.listing() == support::nothing);
}

}  // namespace

TEST_CASE("every example of the Asio course that reads prints what the publisher sends") {
    for (const auto* path : {EXAMPLE_ASYNC_TIMEOUT, EXAMPLE_ASYNC_BATCHES, EXAMPLE_ASYNC_CALLBACKS})
        check_prints(path, "received: 1234");
    check_prints(EXAMPLE_ASYNC_SEVERAL_TOPICS, "numbers: 1234");
    check_prints(EXAMPLE_ASYNC_STRANDS, "reader 2 received: 1234");
}

TEST_CASE("the example with a time limit says when nothing came") {
    scratch_root root;
    child reader({EXAMPLE_ASYNC_TIMEOUT});
    CHECK(reader.line() == "nothing for 300 ms");
    reader.signal(SIGTERM);
    CHECK(reader.wait() == support::success);
}

TEST_CASE("the examples that serve send what the publisher sends to each of their clients") {
    check_serves(EXAMPLE_ASYNC_FAN_OUT, "", "1234\n");
    check_serves(EXAMPLE_ASYNC_EVENT_STREAM, "GET / HTTP/1.1\r\n\r\n", "data: 1234\n\n");
}

TEST_CASE("the example of a graceful shutdown ends its coroutine before it ends") {
    scratch_root root;
    child reader({EXAMPLE_ASYNC_SHUTDOWN}), publisher({EXAMPLE_PUBLISHER});
    CHECK(reader.line() == "received: 1234");
    publisher.signal(SIGTERM);
    CHECK(publisher.wait() == support::success);
    reader.signal(SIGTERM);
    auto line = reader.line();
    while (line == "received: 1234") line = reader.line();
    CHECK(line == "closed");
    CHECK(reader.wait() == support::success);
    CHECK(root.listing() == support::nothing);
}

TEST_CASE("the lossless example loses nothing; the future is there in a plain thread") {
    scratch_root root;
    child lossless({EXAMPLE_ASYNC_BACKPRESSURE});
    CHECK(lossless.line() == "1000 messages, none lost");
    CHECK(lossless.wait() == support::success);
    child future({EXAMPLE_ASYNC_FUTURE}), publisher({EXAMPLE_PUBLISHER});
    CHECK(future.line() == "received: 1234");
    CHECK(future.wait() == support::success);
    publisher.signal(SIGTERM);
    CHECK(publisher.wait() == support::success);
    CHECK(root.listing() == support::nothing);
}

}  // namespace course_examples
