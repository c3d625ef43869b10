// A pair of POSIX message queues, blocking. What is longer than a message of the queue may be goes in several.
#include "bytes.hpp"

#include <fcntl.h>
#include <mqueue.h>

namespace {

mqd_t make_queue(const char* which, long most) {
    const std::string name = "/elkodon-benchmark-" + std::to_string(getpid()) + which;
    mq_attr attributes{};
    attributes.mq_maxmsg = 8;
    attributes.mq_msgsize = most;
    const mqd_t queue =
        mq_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600, &attributes);
    if (queue < 0) bench::fail("mq_open");
    mq_unlink(name.c_str());
    return queue;
}

class end_of_line {
public:
    end_of_line(mqd_t out, mqd_t in, std::size_t size, std::size_t most)
        : out_queue_(out), in_queue_(in), most_(most), out_(size), in_(size + most) {}

    void send(std::uint64_t number) {
        out_.write(number);
        for (std::size_t done = 0; done < out_.size(); done += most_)
            if (mq_send(out_queue_, reinterpret_cast<const char*>(out_.data()) + done,
                        std::min(most_, out_.size() - done), 0) != 0)
                bench::fail("mq_send");
    }
    void receive(std::uint64_t number) {
        std::size_t done = 0;
        while (done < out_.size()) {
            const auto now =
                mq_receive(in_queue_, reinterpret_cast<char*>(in_.data()) + done, most_, nullptr);
            if (now <= 0) bench::fail("mq_receive");
            done += static_cast<std::size_t>(now);
        }
        bench::require(std::memcmp(in_.data(), &number, sizeof number) == 0 &&
                           std::memcmp(in_.data() + done - sizeof number, &number, sizeof number) ==
                               0,
                       "the next number");
    }

private:
    mqd_t out_queue_, in_queue_;
    std::size_t most_;
    bench::bytes out_, in_;
};

}  // namespace

int main(int argc, char** argv) {
    const bench::arguments args{argc, argv};
    const std::size_t size = args.number("size", 64), most = std::min<std::size_t>(size, 8192);
    const mqd_t ping = make_queue("-ping", static_cast<long>(most));
    const mqd_t pong = make_queue("-pong", static_cast<long>(most));
    return bench::main_of_ping_pong(args, [&](bool asks) {
        return asks ? end_of_line{ping, pong, size, most} : end_of_line{pong, ping, size, most};
    });
}
