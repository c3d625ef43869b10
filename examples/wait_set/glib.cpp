// A wait set in a GLib main loop: one descriptor for everything that is attached.
#include <elkodon/elkodon.hpp>

#include <cstdint>
#include <fmt/core.h>
#include <glib-unix.h>

int main() try {
    auto node = elkodon::node::create();
    auto service =
        node.service("My/Funk/ServiceName").publish_subscribe<std::uint64_t>().open_or_create();
    struct {
        elkodon::subscriber<std::uint64_t> subscriber;
        elkodon::wait_set waits;
        elkodon::attachment numbers = waits.attach(subscriber);
    } own{service.subscriber().create(), node.wait_set().create()};

    const GUnixFDSourceFunc readable = [](gint, GIOCondition, gpointer data) -> gboolean {
        auto& mine = *static_cast<decltype(own)*>(data);
        if (mine.waits.try_wait().contains(mine.numbers))  // each time that it is readable
            while (auto sample = mine.subscriber.receive()) fmt::print("received: {}\n", *sample);
        std::fflush(stdout);
        return G_SOURCE_CONTINUE;
    };
    g_unix_fd_add(own.waits.native_handle(), G_IO_IN, readable, &own);
    auto* const loop = g_main_loop_new(nullptr, FALSE);
    const GSourceFunc stop = [](gpointer data) -> gboolean {
        g_main_loop_quit(static_cast<GMainLoop*>(data));
        return G_SOURCE_CONTINUE;
    };
    for (const int signal : {SIGINT, SIGTERM}) g_unix_signal_add(signal, stop, loop);
    g_main_loop_run(loop);
    g_main_loop_unref(loop);
} catch (const elkodon::error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
}
