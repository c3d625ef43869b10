// Many processes create, open, close and are killed over a thousand services: what is listed afterwards is exactly what
// the living have open.
#include "participants.hpp"

#include <elkodon/elkodon.hpp>

#include <random>
#include <set>
#include <sys/wait.h>
#include <unistd.h>

using namespace test;

namespace {

constexpr int all_services = 1000, all_processes = 20;

std::string name_of(int number) { return "service " + std::to_string(number); }

/// Joins and leaves services at random, until it is killed or `steps` are done. Exits with 1 when a call fails that
/// must not.
[[noreturn]] void wander(unsigned seed, int steps) try {
    std::mt19937 random(seed);
    const auto node = elkodon::node::create();
    std::vector<elkodon::event_service> open;
    std::vector<elkodon::notifier> ports;
    for (int step = 0; step < steps; ++step) {
        const auto name = name_of(static_cast<int>(random() % all_services));
        std::error_code ec;
        auto made = random() % 4 == 0 ? node.service(name).event().create(ec)
                                      : node.service(name).event().open_or_create(ec);
        if (ec && ec != elkodon::errc::service_exists) _exit(1);
        if (made && random() % 4 == 0) ports.push_back(made.notifier().create(ec));
        if (made) open.push_back(std::move(made));
        if (open.size() > 10) open.erase(open.begin());
        if (ports.size() > 3) ports.erase(ports.begin());
        if (random() % 500 == 0) raise(SIGKILL);
    }
    _exit(0);  // as if killed: nothing is closed
} catch (...) {
    _exit(1);
}

pid_t start(unsigned seed, int steps) {
    const auto pid = fork();
    if (pid == 0) wander(seed, steps);
    return pid;
}

}  // namespace

TEST_CASE("20 processes create, open, close and die over 1,000 services, and the listing is exact "
          "afterwards") {
    scratch_root root;
    // Started before this process has a node: a fork's child inherits none.
    const int generations = rounds(10);
    std::set<pid_t> running;
    unsigned seed = 1;
    int finished = 0;
    while (finished < all_processes * generations) {
        while (running.size() < all_processes && seed <= all_processes * unsigned(generations))
            running.insert(start(seed++, 300));
        int status = 0;
        const auto ended = wait(&status);
        if (running.erase(ended) == 0) continue;
        ++finished;
        const bool as_planned = (WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
                                (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        CHECK(as_planned);
    }
    CHECK(root.listing().size() > 20);
    CHECK(elkodon::list_services().empty());

    const auto node = elkodon::node::create();
    const auto one = node.service(name_of(7)).event().create();
    const auto other = node.service("another").publish_subscribe<int>().create();
    const auto listed = elkodon::list_services();
    REQUIRE(listed.size() == 2);
    CHECK(listed[0].name == "another");
    CHECK(listed[1].name == name_of(7));
    CHECK(elkodon::list_nodes().size() == 1);
    // Node, lock file, socket; and of each service its directory, control page, configuration and member.
    CHECK(root.listing().size() == 3 + 2 * 4);
}
