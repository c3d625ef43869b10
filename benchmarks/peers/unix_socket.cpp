// A Unix stream socket between two processes, blocking. One-way latency: half a round trip.
#include "bytes.hpp"

#include <sys/socket.h>

namespace {

class end_of_line {
public:
    end_of_line(int fd, std::size_t size) : fd_(fd), out_(size), in_(size) {}

    void send(std::uint64_t number) {
        out_.write(number);
        for (std::size_t done = 0; done < out_.size();) {
            const auto now = ::send(fd_, out_.data() + done, out_.size() - done, 0);
            if (now <= 0) bench::fail("send");
            done += static_cast<std::size_t>(now);
        }
    }
    void receive(std::uint64_t number) {
        for (std::size_t done = 0; done < in_.size();) {
            const auto now = ::recv(fd_, in_.data() + done, in_.size() - done, 0);
            if (now <= 0) bench::fail("recv");
            done += static_cast<std::size_t>(now);
        }
        in_.check(number);
    }

private:
    int fd_;
    bench::bytes out_, in_;
};

}  // namespace

int main(int argc, char** argv) {
    const bench::arguments args{argc, argv};
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0) bench::fail("socketpair");
    return bench::main_of_ping_pong(
        args, [&](bool asks) { return end_of_line{fds[asks ? 0 : 1], args.number("size", 64)}; });
}
