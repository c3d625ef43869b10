// What set-up costs, in nanoseconds: `what=create` a service that is not there, `open` one that is, `list` ten thousand of
// them, `contact`: from a newcomer's first send until the subscriber that slept has it, `clean_up` after a thousand processes
// that were killed.
#include "common.hpp"

#include <elkodon/elkodon.hpp>

#include <csignal>
#include <sys/resource.h>

namespace {

using payload = std::uint64_t;

void print(std::vector<std::uint64_t>& times) {
    std::printf("{\"unit\": \"ns\", \"p50\": %.0f, \"p99\": %.0f}\n", bench::percentile(times, 50),
                bench::percentile(times, 99));
}

template <class Step>
void measure(std::uint64_t count, Step step) {
    std::vector<std::uint64_t> times;
    for (std::uint64_t i = 0; i < count; ++i) {
        const double before = bench::nanoseconds();
        step(i);
        times.push_back(static_cast<std::uint64_t>(bench::nanoseconds() - before));
    }
    print(times);
}

std::string name(std::uint64_t number) { return "benchmark/" + std::to_string(number); }

void create(const elkodon::node& node, std::uint64_t count) {
    std::vector<elkodon::publish_subscribe_service<payload>> kept;
    kept.reserve(count);
    measure(count, [&](std::uint64_t i) {
        kept.push_back(node.service(name(i)).publish_subscribe<payload>().create());
    });
}

void open(const elkodon::node& node, std::uint64_t count) {
    const auto kept = node.service(name(0)).publish_subscribe<payload>().create();
    measure(count, [&](std::uint64_t) {
        bench::require(bool(node.service(name(0)).publish_subscribe<payload>().open()), "open");
    });
}

void list(std::uint64_t count) {
    const rlimit descriptors{20'000, 20'000};  // a service that is open has one
    bench::require(setrlimit(RLIMIT_NOFILE, &descriptors) == 0, "20,000 descriptors");
    const auto node = elkodon::node::create();
    std::vector<elkodon::publish_subscribe_service<payload>> kept;
    for (std::uint64_t i = 0; i < count; ++i)
        kept.push_back(node.service(name(i)).publish_subscribe<payload>().create());
    measure(5, [&](std::uint64_t) {
        bench::require(elkodon::list_services().size() == count, "all of them");
    });
}

/// Runs `body` in a process of its own, and kills that.
template <class Body>
void in_doomed_process(Body body) {
    const auto pid = fork();
    if (pid == 0) {
        body();
        raise(SIGKILL);
    }
    while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {}
}

void clean_up(std::uint64_t dead) {
    for (std::uint64_t i = 0; i < dead; ++i)
        in_doomed_process([&] {
            auto config = elkodon::configuration::load();
            config.clean_up.on_creation = config.clean_up.on_opening = false;
            const auto node = elkodon::node::create(config);
            auto service = node.service(name(i % 10)).publish_subscribe<payload>();
            auto publisher = service.max_publishers(dead).open_or_create().publisher().create();
            publisher.send_copy(i);
            raise(SIGKILL);
        });
    measure(1, [](std::uint64_t) { elkodon::node::create(); });
    bench::require(elkodon::list_services().empty(), "nothing left");
}

void contact(const bench::arguments& args) {
    const auto cores = args.cores();
    const auto count = args.number("count", 300);
    auto* const meeting = bench::shared<bench::meeting>();
    auto* const due =
        bench::shared<std::atomic<std::uint64_t>>();  // the next message that is waited for
    const auto join = [](const elkodon::node& node) {
        return node.service("benchmark/contact").publish_subscribe<double>().open_or_create();
    };
    const auto child = [&] {
        bench::pin(cores.second);
        const auto node = elkodon::node::create();
        const auto service = join(node);
        meeting->arrive();
        for (std::uint64_t i = 1; i <= count; ++i) {
            while (due->load(std::memory_order_acquire) != i) bench::pause();
            usleep(200);  // until it sleeps
            auto publisher = service.publisher().create();
            publisher.send_copy(bench::nanoseconds());
            while (due->load(std::memory_order_acquire) == i) bench::pause();
        }
    };
    bench::two_processes(child, [&] {
        bench::pin(cores.first);
        const auto node = elkodon::node::create();
        auto subscriber = join(node).subscriber().create();
        std::vector<std::uint64_t> times;
        meeting->arrive();
        for (std::uint64_t i = 1; i <= count; ++i) {
            due->store(i, std::memory_order_release);
            const auto sample = subscriber.blocking_receive();
            times.push_back(static_cast<std::uint64_t>(bench::nanoseconds() - *sample));
        }
        due->store(count + 1, std::memory_order_release);
        print(times);
        return 0;
    });
}

}  // namespace

int main(int argc, char** argv) {
    const bench::arguments args{argc, argv};
    const auto what = args.text("what", "create");
    const auto count = args.number("count", 300);
    if (what == "contact") return contact(args), 0;
    bench::pin(args.cores().first);
    if (what == "list") return list(args.number("services", 10'000)), 0;
    if (what == "clean_up") return clean_up(args.number("dead", 1'000)), 0;
    const auto node = elkodon::node::create();
    what == "create" ? create(node, count) : open(node, count);
}
