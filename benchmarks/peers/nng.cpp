// nng: a pair0 socket on each side, over ipc, blocking.
#include "bytes.hpp"

#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>

namespace {

void check(int result, const char* what) {
    if (result == 0) return;
    std::fprintf(stderr, "%s: %s\n", what, nng_strerror(result));
    std::exit(1);
}

class end_of_line {
public:
    end_of_line(const std::string& address, bool binds, std::size_t size) : out_(size), in_(size) {
        check(nng_pair0_open(&socket_), "nng_pair0_open");
        check(nng_socket_set_size(socket_, NNG_OPT_RECVMAXSZ, 0), "nng_socket_set_size");
        if (binds) check(nng_listen(socket_, address.c_str(), nullptr, 0), "nng_listen");
        else
            while (nng_dial(socket_, address.c_str(), nullptr, 0) != 0) usleep(1'000);
    }
    ~end_of_line() { nng_close(socket_); }

    void send(std::uint64_t number) {
        out_.write(number);
        check(nng_send(socket_, out_.data(), out_.size(), 0), "nng_send");
    }
    void receive(std::uint64_t number) {
        auto size = in_.size();
        check(nng_recv(socket_, in_.data(), &size, 0), "nng_recv");
        in_.check(number);
    }
    // The answer to the last one must have left before the socket goes.
    void finish() { usleep(10'000); }

private:
    nng_socket socket_{};
    bench::bytes out_, in_;
};

}  // namespace

int main(int argc, char** argv) {
    const bench::arguments args{argc, argv};
    const std::string address = "abstract://elkodon-benchmark-" + std::to_string(getpid());
    return bench::main_of_ping_pong(
        args, [&](bool asks) { return end_of_line{address, asks, args.number("size", 64)}; });
}
