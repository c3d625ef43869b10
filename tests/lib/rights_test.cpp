#include "caught.hpp"
#include "child.hpp"

#include <elkodon/elkodon.hpp>
#include <grp.h>
#include <support/scratch_root.hpp>
#include <support/skip.hpp>
#include <sys/stat.h>

#include <map>

namespace tests::rights_cases {
namespace {

namespace fs = std::filesystem;
using elkodon::audience;
using elkodon::errc;
using namespace std::chrono_literals;

constexpr unsigned stranger = 12'345;

bool is_lock_file(const fs::path& path) { return path.parent_path().filename() == "processes"; }

/// A root that all may look for, made by a node with these rights.
struct world {
    support::scratch_root scratch;
    elkodon::configuration config = elkodon::configuration::load();
    elkodon::node node;

    explicit world(audience readers) {
        REQUIRE(chmod(scratch.path().c_str(), 0755) == 0);
        config.root = scratch.path() / "root";
        config.rights.read = readers;
        node = elkodon::node::create(config);
    }

    /// Every file and directory with its mode, size and times, and what is in it: but for our lock file, which isn't
    /// opened, since closing it would drop the lock.
    std::map<std::string, std::string> everything() const {
        std::map<std::string, std::string> all;
        for (const auto& each : fs::recursive_directory_iterator(config.root)) {
            struct stat status{};
            if (lstat(each.path().c_str(), &status) != 0) continue;
            all[each.path()] =
                std::to_string(status.st_mode) + " " + std::to_string(status.st_size) + " " +
                std::to_string(status.st_mtim.tv_nsec) + " " +
                std::to_string(status.st_ctim.tv_nsec) + " " +
                (each.is_regular_file() && !is_lock_file(each.path()) ? text_of(each.path()) : "");
        }
        return all;
    }
};

/// In a child, as another user without groups of ours. Whether that can be.
template <class F>
bool as_stranger(unsigned group, F&& body) {
    if (geteuid() != 0) {
        support::skip("only root can become another user");
        return false;
    }
    const auto said = in_child([&]() -> std::string {
        if (setgroups(0, nullptr) != 0 || setgid(group) != 0 || setuid(stranger) != 0)
            return "can't become another user";
        return body();
    });
    CHECK(said == "");
    return true;
}

}  // namespace

TEST_CASE("another user who may read observes by copies, in order and without changing a byte",
          "[privileged]") {
    const world here(audience::everyone);
    auto service = here.node.service("numbers").publish_subscribe<int>().history_size(3).create();
    auto publisher = service.publisher().create();
    for (int i = 1; i <= 5; ++i) publisher.send_copy(i);
    const auto before = here.everything();
    as_stranger(stranger, [&]() -> std::string {
        auto numbers = elkodon::spectator<int>::open("numbers", here.config);
        for (int i = 3; i <= 5; ++i)
            if (numbers.timed_receive(1min) != i) return "another message";
        if (numbers.receive()) return "one too many";
        if (elkodon::list_services(here.config).size() != 1) return "the service isn't listed";
        const auto nodes = elkodon::list_nodes(here.config);
        if (nodes.size() != 1 || nodes[0].state != elkodon::node_state::alive) return "no node";
        std::error_code ec;
        if (elkodon::node::create(here.config, ec) || ec != errc::invalid_root)
            return "it may take part";
        return "";
    });
    CHECK(here.everything() == before);
}

TEST_CASE("another user without rights is told so", "[privileged]") {
    const auto refused = [](const world& here, unsigned group) {
        return as_stranger(group, [&]() -> std::string {
            std::error_code ec;
            elkodon::spectator<int>::open("numbers", here.config, ec);
            if (ec != errc::permission_denied) return "not denied: " + ec.message();
            if (ec != std::errc::permission_denied) return "no kin";
            return "";
        });
    };
    SECTION("of the root") {
        const world here(audience::owner);
        const auto service = here.node.service("numbers").publish_subscribe<int>().create();
        if (!refused(here, stranger)) return;
        as_stranger(stranger, [&]() -> std::string {
            std::error_code ec;
            elkodon::list_nodes(here.config, ec);
            return ec == errc::permission_denied ? "" : "nodes can be listed";
        });
    }
    SECTION("of one service") {
        const world here(audience::everyone);
        const auto service = here.node.service("numbers")
                                 .publish_subscribe<int>()
                                 .readable_by(audience::owner)
                                 .create();
        refused(here, stranger);
    }
    SECTION("of the group") {
        const world here(audience::group);
        const auto service = here.node.service("numbers").publish_subscribe<int>().create();
        if (!refused(here, stranger)) return;
        as_stranger(getegid(), [&]() -> std::string {
            elkodon::spectator<int>::open("numbers", here.config);
            return "";
        });
    }
}

TEST_CASE("one service can be for more readers than the others") {
    const world here(audience::everyone);
    const auto open = here.node.service("open").event().create();
    const auto closed = here.node.service("closed").event().readable_by(audience::owner).create();
    const auto mode = [&](const std::string& name) {
        struct stat status{};
        CHECK(stat((fs::path(here.config.root) / "default" / name).c_str(), &status) == 0);
        return status.st_mode & 0777;
    };
    CHECK(mode("services/open.event") == 0755);
    CHECK(mode("services/open.event/service.toml") == 0644);
    CHECK(mode("services/closed.event") == 0700);
    CHECK(mode("services/closed.event/service.toml") == 0600);
    CHECK(mode("doorbells") == 0700);
}

TEST_CASE("a spectator takes what every publisher sends, counts what it lost, and outlives them") {
    const world here(audience::owner);
    auto service = here.node.service("numbers").publish_subscribe<int>().create();
    auto numbers = elkodon::spectator<int>::open("numbers", here.config);
    CHECK_FALSE(numbers.receive());
    auto one = service.publisher().create();
    auto other = service.publisher().create();
    CHECK_FALSE(numbers.receive());  // it has met them
    one.send_copy(1);
    other.send_copy(2);
    CHECK(*numbers.receive() + *numbers.receive() == 3);
    for (int i = 0; i < 100; ++i) one.send_copy(i);
    int taken = 0, last = -1;
    while (const auto seen = numbers.receive()) {
        CHECK(*seen > last);
        last = *seen;
        ++taken;
    }
    CHECK(last == 99);
    CHECK(numbers.lost() + static_cast<unsigned>(taken) == 100);
    one.send_copy(7);
    one = {};
    other = {};
    service = {};
    CHECK(numbers.receive() == 7);
    CHECK_FALSE(numbers.receive());
}

TEST_CASE("a spectator of no service, or of another type, is told so") {
    const world here(audience::owner);
    const auto service = here.node.service("numbers").publish_subscribe<int>().create();
    CHECK(caught([&] { return elkodon::spectator<int>::open("none", here.config); }).code() ==
          errc::service_not_found);
    CHECK(caught([&] { return elkodon::spectator<double>::open("numbers", here.config); }).code() ==
          errc::incompatible_type);
}

}  // namespace tests::rights_cases
