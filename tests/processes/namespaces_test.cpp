// Containers that share the one directory, and neither pids nor mounts: they meet, and notice each other's death.
#include "participants.hpp"

#include <elkodon/elkodon.hpp>

#include <support/skip.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace test;

namespace {

/// A child that is the first process of namespaces of its own; it does what it is told by single letters.
class container {
public:
    explicit container(char (*does)(char)) {
        int down[2], up[2];
        if (pipe(down) != 0 || pipe(up) != 0) return;
        outer_ = fork();
        if (outer_ == 0) {
            close(down[1]);
            close(up[0]);
            enter(down[0], up[1], does);
        }
        close(down[0]);
        close(up[1]);
        to_ = down[1];
        from_ = up[0];
    }
    ~container() { end(); }
    container(const container&) = delete;
    container& operator=(const container&) = delete;

    char ask(char letter) {
        if (letter != 0 && write(to_, &letter, 1) != 1) return '!';
        return read(from_, &letter, 1) == 1 ? letter : '!';
    }

    /// The first process of the namespace ends without destroying anything, and so do all in it. Returns when the
    /// kernel has released all that was its.
    void end() {
        if (outer_ <= 0) return;
        close(to_);
        waitpid(outer_, nullptr, 0);
        close(from_);
        outer_ = -1;
    }

private:
    [[noreturn]] static void enter(int from, int to, char (*does)(char)) {
        const auto say = [to](char letter) {
            if (write(to, &letter, 1) != 1) _exit(1);
        };
        if (unshare(CLONE_NEWPID | CLONE_NEWNS) != 0) say('s'), _exit(0);
        const auto inner = fork();
        if (inner != 0) {
            close(to);
            waitpid(inner, nullptr, 0);
            _exit(0);
        }
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        // What the namespace's own pids are called; without it nothing of /proc/self is there.
        if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            mount("proc", "/proc", "proc", 0, nullptr) != 0)
            say('s'), _exit(0);
        say(getpid() == 1 ? 'y' : 'n');
        for (char letter; read(from, &letter, 1) == 1;) say(does(letter));
        _exit(0);
    }

    pid_t outer_ = -1;
    int to_ = -1, from_ = -1;
};

// What a container does: j joins and publishes 7, l tells whether it sees both nodes alive.
char publishes_and_lists(char letter) try {
    static elkodon::node node;
    static elkodon::publisher<int> publisher;
    if (letter == 'j') {
        node = elkodon::node::create();
        publisher =
            node.service("numbers").publish_subscribe<int>().open_or_create().publisher().create();
        publisher.send_copy(7);
        return 'y';
    }
    const auto nodes = elkodon::list_nodes();
    const bool alive = std::all_of(nodes.begin(), nodes.end(), [](const auto& each) {
        return each.state == elkodon::node_state::alive;
    });
    return nodes.size() == 2 && alive ? 'y' : 'n';
} catch (...) {
    return 'e';
}

}  // namespace

TEST_CASE(
    "processes of two pid and mount namespaces meet in the directory that they share, and notice "
    "each other's death") {
    scratch_root root;
    container other(publishes_and_lists);  // before this process has a node
    const auto started = other.ask(0);
    if (started == 's') {
        support::skip("no pid and mount namespaces of our own");
        return;
    }
    REQUIRE(started == 'y');
    const auto node = elkodon::node::create();
    const auto service = node.service("numbers").publish_subscribe<int>().create();
    auto subscriber = service.subscriber().create();
    REQUIRE(other.ask('j') == 'y');
    CHECK(other.ask('l') == 'y');
    CHECK(*subscriber.blocking_receive() == 7);
    auto nodes = elkodon::list_nodes();
    REQUIRE(nodes.size() == 2);
    for (const auto& each : nodes) {
        CHECK(each.state == elkodon::node_state::alive);
        CHECK(each.services == std::vector<std::string>{"numbers"});
        // The container's first process numbers itself so.
        CHECK((each.id == node.id() || each.pid == 1));
    }
    other.end();
    nodes = elkodon::list_nodes();
    CHECK(std::count_if(nodes.begin(), nodes.end(), [](const auto& each) {
              return each.state == elkodon::node_state::dead;
          }) == 1);
    auto next = participant({"node"});
    CHECK(elkodon::list_nodes().size() == 2);
    const auto found =
        elkodon::find_service("numbers", elkodon::messaging_pattern::publish_subscribe);
    REQUIRE(found);
    CHECK(found->nodes == std::vector{node.id()});
}
