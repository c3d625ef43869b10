// ZeroMQ: a PAIR socket on each side, over ipc, blocking.
#include "bytes.hpp"

#include <zmq.h>

namespace {

class end_of_line {
public:
    end_of_line(const std::string& address, bool binds, std::size_t size) : out_(size), in_(size) {
        const int now = 0;
        zmq_setsockopt(socket_, ZMQ_LINGER, &now, sizeof now);
        if ((binds ? zmq_bind : zmq_connect)(socket_, address.c_str()) != 0)
            bench::fail(address.c_str());
    }
    ~end_of_line() {
        zmq_close(socket_);
        zmq_ctx_term(context_);
    }

    void send(std::uint64_t number) {
        out_.write(number);
        if (zmq_send(socket_, out_.data(), out_.size(), 0) < 0) bench::fail("zmq_send");
    }
    void receive(std::uint64_t number) {
        if (zmq_recv(socket_, in_.data(), in_.size(), 0) < 0) bench::fail("zmq_recv");
        in_.check(number);
    }
    // The answer to the last one must have left before the socket goes.
    void finish() { usleep(10'000); }

private:
    void* context_ = zmq_ctx_new();
    void* socket_ = zmq_socket(context_, ZMQ_PAIR);
    bench::bytes out_, in_;
};

}  // namespace

int main(int argc, char** argv) {
    const bench::arguments args{argc, argv};
    const std::string address = "ipc://@elkodon-benchmark-" + std::to_string(getpid());
    return bench::main_of_ping_pong(
        args, [&](bool asks) { return end_of_line{address, asks, args.number("size", 64)}; });
}
