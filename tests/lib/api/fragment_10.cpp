// Fragment 10 of the API by example: plain epoll. The loop ends when all has come.
#include <elkodon/elkodon.hpp>
#include <support/catch.hpp>
#include <support/scratch_root.hpp>

#include <numeric>
#include <sys/epoll.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace tests::fragment_10 {

TEST_CASE("API 10: plain epoll") {
    support::scratch_root root;
    auto service = elkodon::node::create()
                       .service("ticks")
                       .publish_subscribe<int>()
                       .subscriber_max_buffer_size(1024)
                       .create();
    auto publisher = service.publisher().create();
    auto subscriber = service.subscriber().create();
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    std::vector<int> used;
    const auto use = [&](int value) { used.push_back(value); };
    std::thread elsewhere([&] {
        for (int i = 0; i < 1000; ++i) publisher.send_copy(i);
    });

    // 10  plain epoll
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = subscriber.native_handle();
    epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
    while (used.size() < 1000 && epoll_wait(epoll, &event, 1, -1) > 0)
        while (auto sample = subscriber.receive())
            use(*sample);  // until it tests false: that arms it again

    elsewhere.join();
    close(epoll);
    std::vector<int> all(1000);
    std::iota(all.begin(), all.end(), 0);
    CHECK(used == all);
}

}  // namespace tests::fragment_10
