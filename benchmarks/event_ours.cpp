// One-way latency of an event: two processes, an event service each way. Half a round trip.
// `way=block` in blocking_wait, which sleeps at once, `way=epoll` in epoll on native_handle(), `way=poll` in a loop over try_wait().
#include "ping_pong.hpp"

#include <elkodon/elkodon.hpp>

#include <sys/epoll.h>

namespace {

class end_of_line {
public:
    end_of_line(const std::string& way, std::string_view rings_on, std::string_view hears_on)
        : way_(way), rings_(open(rings_on)), hears_(open(hears_on)) {
        if (way != "epoll") return;
        epoll_ = epoll_create1(EPOLL_CLOEXEC);
        epoll_event event{};
        event.events = EPOLLIN;
        if (epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_.native_handle(), &event) != 0)
            bench::fail("epoll_ctl");
    }

    void send(std::uint64_t) { bench::require(!notifier_.notify(), "notify"); }

    void receive(std::uint64_t) {
        if (way_ == "block") return bench::require(!listener_.blocking_wait().empty(), "an event");
        if (way_ == "poll") {
            while (listener_.try_wait().empty()) {}
            return;
        }
        bool seen = false;
        while (!seen) {
            epoll_event event{};
            if (epoll_wait(epoll_, &event, 1, -1) < 0 && errno != EINTR) bench::fail("epoll_wait");
            while (!listener_.try_wait().empty()) seen = true;
        }
    }

private:
    // What is measured is sleeping and waking: without a look before it.
    static elkodon::configuration that_sleeps() {
        auto config = elkodon::configuration::load();
        config.wait_strategy = elkodon::wait_strategy::block();
        return config;
    }
    elkodon::event_service open(std::string_view name) {
        return node_.service(name).event().open_or_create();
    }

    std::string way_;
    elkodon::node node_ = elkodon::node::create(that_sleeps());
    elkodon::event_service rings_, hears_;
    elkodon::notifier notifier_ = rings_.notifier().create();
    elkodon::listener listener_ = hears_.listener().create();
    int epoll_ = -1;
};

}  // namespace

int main(int argc, char** argv) {
    const bench::arguments args{argc, argv};
    return bench::main_of_ping_pong(args, [&](bool asks) {
        return end_of_line{args.text("way", "block"), asks ? "benchmark/ping" : "benchmark/pong",
                           asks ? "benchmark/pong" : "benchmark/ping"};
    });
}
