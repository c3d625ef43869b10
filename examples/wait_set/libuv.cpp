// A wait set in a libuv loop: one descriptor for everything that is attached.
#include <elkodon/elkodon.hpp>

#include <cstdint>
#include <fmt/core.h>
#include <uv.h>

int main() try {
    auto node = elkodon::node::create();
    auto service =
        node.service("My/Funk/ServiceName").publish_subscribe<std::uint64_t>().open_or_create();
    struct {
        elkodon::subscriber<std::uint64_t> subscriber;
        elkodon::wait_set waits;
        elkodon::attachment numbers = waits.attach(subscriber);
    } own{service.subscriber().create(), node.wait_set().create()};

    uv_poll_t poll;
    uv_poll_init(uv_default_loop(), &poll, own.waits.native_handle());
    poll.data = &own;
    uv_poll_start(&poll, UV_READABLE, [](uv_poll_t* handle, int, int) {
        auto& mine = *static_cast<decltype(own)*>(handle->data);
        if (mine.waits.try_wait().contains(mine.numbers))  // each time that it is readable
            while (auto sample = mine.subscriber.receive()) fmt::print("received: {}\n", *sample);
        std::fflush(stdout);
    });
    uv_signal_t stops[2];
    for (int i = 0; i < 2; ++i) {
        uv_signal_init(uv_default_loop(), &stops[i]);
        const auto stop = [](uv_signal_t* handle, int) { uv_stop(handle->loop); };
        uv_signal_start(&stops[i], stop, i == 0 ? SIGINT : SIGTERM);
    }
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
} catch (const elkodon::error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
}
