// The doorbells of real processes that are short of something: of descriptors, of a core, of rights, of futexes. Nobody
// hangs, and the honest still wake each other.
#include "participants.hpp"

#include "../lib/child.hpp"

#include <support/skip.hpp>

#include <fcntl.h>
#include <grp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace tests::handover_cases {

using namespace test;

namespace {

const std::string open_bells = "open_or_create_event bells max=99";
const std::vector<std::string> ways_with_descriptors{"blocking_on_eventfd", "epoll", "wait_set",
#ifdef AGENT_AWAITS
                                                     "await"
#endif
};

child sleeping_listener(const std::string& way) {
    auto made = sleeper(way, {open_bells, "listener"});
    made.tell("hear " + way);
    made.wait_until_asleep();
    return made;
}

child notifier() { return participant({open_bells, "notifier"}); }

void rings(child& who, int id) { must(who, "notify " + std::to_string(id)); }
void hears(child& who, int id) { REQUIRE(who.line() == "ids " + std::to_string(id)); }

std::size_t files_of(const child& who) {
    const std::filesystem::directory_iterator all("/proc/" + std::to_string(who.pid()) + "/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

void limit_files(const child& who, rlim_t most) {
    rlimit limit{};
    REQUIRE(prlimit(who.pid(), RLIMIT_NOFILE, nullptr, &limit) == 0);
    limit.rlim_cur = most;
    REQUIRE(prlimit(who.pid(), RLIMIT_NOFILE, &limit, nullptr) == 0);
}

/// The only socket beside the doorbells.
std::filesystem::path doorbell_socket(const scratch_root& root) {
    for (const auto& each : std::filesystem::directory_iterator(root.doorbells()))
        if (each.is_socket()) return each.path();
    return {};
}

int connected_to(const std::filesystem::path& path) {
    const int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.string().copy(address.sun_path, sizeof address.sun_path - 1);
    if (connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
        return made;
    close(made);
    return -1;
}

/// Whether a descriptor came along with what is there.
bool was_handed_something(int connection) {
    char byte = 0;
    iovec piece{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    return recvmsg(connection, &message, MSG_DONTWAIT) >= 0 && CMSG_FIRSTHDR(&message) != nullptr;
}

}  // namespace

TEST_CASE(
    "an owner at its limit of descriptors is rung by those whom it knows and by those who come") {
    for (const auto& way : ways_with_descriptors) {
        INFO(way);
        scratch_root root;
        auto sleeper = sleeping_listener(way);
        auto early = notifier();
        rings(early, 1);
        hears(sleeper, 1);
        sleeper.wait_until_asleep();
        limit_files(sleeper, 4);  // all that there are are above it
        std::vector<child> late;
        for (int i = 0; i < 3; ++i) late.push_back(notifier());
        for (int round = 0; round < 3; ++round) {
            for (int i = 0; i < 3; ++i) {
                const int id = 10 + 3 * round + i;
                rings(late[static_cast<std::size_t>(i)], id);
                hears(sleeper, id);
            }
            rings(early, 2 + round);
            hears(sleeper, 2 + round);
        }
        limit_files(sleeper, 1000);
        rings(late[0], 30);
        hears(sleeper, 30);
        for (int id = 31; id < 34; ++id) {
            auto later = notifier();
            rings(later, id);
            hears(sleeper, id);
        }
    }
}

TEST_CASE("an owner that stands still, and accepts nobody, holds up nobody who rings") {
    for (const auto& way : ways_with_descriptors) {
        INFO(way);
        scratch_root root;
        auto stopped = sleeping_listener(way), sleeper = sleeping_listener("blocking");
        stopped.stop();
        for (int round = 0; round < 20; ++round) {
            auto ringing = notifier();
            rings(ringing, 1 + round);
            hears(sleeper, 1 + round);
            rings(ringing, 40 + round);
            hears(sleeper, 40 + round);
        }
        stopped.go_on();
        std::string heard = "ids";
        for (int id = 1; id < 21; ++id) heard += " " + std::to_string(id);
        for (int id = 40; id < 60; ++id) heard += " " + std::to_string(id);
        CHECK(stopped.line() == heard);
    }
}

TEST_CASE("another user may ring, if the socket lets him, and is handed nothing") {
    if (geteuid() != 0) return support::skip("only root can become another user");
    scratch_root root;
    auto sleeper = sleeping_listener("epoll");
    auto ringing = notifier();
    rings(ringing, 1);
    hears(sleeper, 1);
    const auto socket = doorbell_socket(root);
    REQUIRE_FALSE(socket.empty());
    for (const auto& each : {root.path(), root.path() / "default", root.doorbells()})
        REQUIRE(chmod(each.c_str(), 0755) == 0);
    REQUIRE(chmod(socket.c_str(), 0777) == 0);
    const auto intrude = [&](bool handed) -> std::string {
        const int connection = connected_to(socket);
        if (connection < 0) return "not connected";
        // The owner has served it when it has heard this.
        for (int id = 2; id < 5; ++id) {
            rings(ringing, id);
            hears(sleeper, id);
        }
        if (was_handed_something(connection) != handed) return handed ? "got nothing" : "got it";
        if (send(connection, "xyz", 3, MSG_NOSIGNAL) != 3) return "can't ring";
        rings(ringing, 5);
        hears(sleeper, 5);
        return "";
    };
    CHECK(in_child([&] { return intrude(true); }) == "");
    CHECK(in_child([&]() -> std::string {
              if (setgroups(0, nullptr) != 0 || setgid(12'345) != 0 || setuid(12'345) != 0)
                  return "can't become another user";
              return intrude(false);
          }) == "");
    rings(ringing, 6);
    hears(sleeper, 6);
}

TEST_CASE(
    "who blocks on a futex has no descriptor for it, and the first descriptor it asks for makes it "
    "another doorbell, which the same notifiers ring") {
    scratch_root root;
    auto sleeper = test::sleeper("blocking", {open_bells, "listener"});
    auto ringing = notifier();
    rings(ringing, 1);
    CHECK(sleeper.ask("try_wait") == "ids 1");
    const auto before = files_of(sleeper);
    sleeper.tell("hear_once blocking");
    sleeper.wait_until_asleep();
    CHECK(files_of(sleeper) == before);
    CHECK(doorbell_socket(root).empty());
    rings(ringing, 2);
    hears(sleeper, 2);
    REQUIRE(sleeper.line() == "ok");
    sleeper.tell("hear epoll");
    sleeper.wait_until_asleep();
    CHECK_FALSE(doorbell_socket(root).empty());
    CHECK(std::distance(std::filesystem::directory_iterator(root.doorbells()), {}) == 2);
    rings(ringing, 3);
    hears(sleeper, 3);
}

TEST_CASE("a sandbox without futexes: the choice falls on an eventfd, and who insists is told") {
    scratch_root root;
    auto forbidden = support::start_agent();
    if (forbidden.ask("forbid_futexes") != "ok") return support::skip("no seccomp");
    must(forbidden, "configure liveness_bound 3600000");
    must(forbidden, open_bells);
    must(forbidden, "listener");
    forbidden.tell("hear blocking");
    forbidden.wait_until_asleep();
    CHECK_FALSE(doorbell_socket(root).empty());
    auto ringing = notifier();
    rings(ringing, 1);
    hears(forbidden, 1);

    auto insists = support::start_agent();
    for (const auto* each :
         {"forbid_futexes", "configure doorbell futex", open_bells.c_str(), "listener"})
        must(insists, each);
    CHECK(insists.ask("hear blocking") == "error: Function not implemented");
}

}  // namespace tests::handover_cases
