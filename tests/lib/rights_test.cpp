#include "caught.hpp"
#include "child.hpp"

#include <elkodon/elkodon.hpp>
#include <elkodon/layout/control_page.hpp>
#include <grp.h>
#include <support/scratch_root.hpp>
#include <support/skip.hpp>
#include <sys/stat.h>

#include <fstream>
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

    explicit world(audience readers, audience writers = audience::owner) {
        REQUIRE(chmod(scratch.path().c_str(), 0755) == 0);
        config.root = scratch.path() / "root";
        config.rights = {readers, writers};
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

TEST_CASE(
    "another user who wants to take part where he may only look is denied, and changes nothing",
    "[privileged]") {
    const world here(audience::everyone);
    auto service = here.node.service("numbers").publish_subscribe<int>().create();
    const auto before = here.everything();
    auto config = here.config;
    config.rights.write = audience::everyone;
    as_stranger(stranger, [&]() -> std::string {
        std::error_code ec;
        if (elkodon::node::create(config, ec) || ec != errc::permission_denied)
            return "not denied: " + ec.message();
        return "";
    });
    CHECK(here.everything() == before);
}

TEST_CASE(
    "another user who may take part opens, publishes and subscribes, but not what is for the owner",
    "[privileged]") {
    const world here(audience::owner, audience::everyone);
    auto service = here.node.service("numbers").publish_subscribe<int>().create();
    auto closed =
        here.node.service("closed").publish_subscribe<int>().writable_by(audience::owner).create();
    auto seen = here.node.service("seen")
                    .publish_subscribe<int>()
                    .readable_by(audience::everyone)
                    .writable_by(audience::owner)
                    .create();
    auto publisher = service.publisher().create();
    auto subscriber = service.subscriber().create();
    const auto others_of = [&] {
        auto all = here.everything();
        std::erase_if(all, [](const auto& each) {
            return each.first.find("/closed.") == each.first.npos &&
                   each.first.find("/seen.") == each.first.npos;
        });
        return all;
    };
    const auto before = others_of();
    if (!as_stranger(stranger, [&]() -> std::string {
            const auto node = elkodon::node::create(here.config);
            auto numbers = node.service("numbers").publish_subscribe<int>().open();
            auto own = numbers.subscriber().create();
            numbers.publisher().create().send_copy(6);
            if (const auto sample = own.receive(); !sample || *sample != 6) return "not received";
            std::error_code ec;
            for (const auto* name : {"closed", "seen"}) {
                if (node.service(name).publish_subscribe<int>().open(ec) ||
                    ec != errc::permission_denied)
                    return std::string(name) + " isn't denied: " + ec.message();
                if (node.service(name).publish_subscribe<int>().open_or_create(ec) ||
                    ec != errc::permission_denied)
                    return std::string(name) + " isn't denied to its maker: " + ec.message();
            }
            const auto local = elkodon::node::create_local(here.config);
            if (!local.service("own").event().create()) return "no local node";
            return "";
        }))
        return;
    CHECK(others_of() == before);
    const auto sample = subscriber.receive();
    REQUIRE(sample);
    CHECK(*sample == 6);
}

TEST_CASE("a root for several users, and a service for fewer of them, have the modes for it") {
    const world here(audience::owner, audience::everyone);
    const auto open = here.node.service("open").event().create();
    auto listener = open.listener().create();
    listener.native_handle();
    const auto some = here.node.service("some").event().writable_by(audience::group).create();
    const auto mode = [&](const std::string& name) {
        struct stat status{};
        INFO(name);
        CHECK(stat((fs::path(here.config.root) / name).c_str(), &status) == 0);
        return status.st_mode & 07777;
    };
    CHECK(mode("") == 01777);
    CHECK(mode("default") == 01777);
    CHECK(mode("default/doorbells") == 01777);
    CHECK(mode("default/services/open.event") == 01777);
    CHECK(mode("default/services/open.event/service.toml") == 0644);
    CHECK(mode("default/services/open.event/control") == 0666);
    CHECK(mode("default/services/open.event/listener.0") == 0644);
    CHECK(mode("default/services/open.event/listener.0.events") == 0666);
    CHECK(mode("default/services/some.event") == 03770);
    CHECK(mode("default/services/some.event/control") == 0660);
    for (const auto& each :
         fs::directory_iterator(fs::path(here.config.root) / "default/doorbells"))
        CHECK(mode("default/doorbells/" + each.path().filename().string()) ==
              (each.is_socket() ? 0722 : 0666));
}

TEST_CASE("a service can't be for more users than its root") {
    const world here(audience::everyone, audience::group);
    const auto error = caught([&] {
        return here.node.service("numbers").event().writable_by(audience::everyone).create();
    });
    CHECK(error.code() == errc::invalid_value);
    CHECK(error.property() == "writable_by");
}

TEST_CASE(
    "a root that several users may write is refused when they could remove each other's files, "
    "or are more than was meant") {
    support::scratch_root scratch;
    auto config = elkodon::configuration::load();
    config.root = scratch.path() / "root";
    fs::create_directory(config.root);
    const auto refused = [&](mode_t mode, audience writers) {
        CHECK(chmod(config.root.c_str(), mode) == 0);
        config.rights.write = writers;
        const auto error = caught([&] { return elkodon::node::create(config); });
        CHECK(error.code() == errc::invalid_root);
        CHECK(error.property() == "mode");
        CHECK(fs::is_empty(config.root));
    };
    refused(0777, audience::everyone);
    refused(0770, audience::group);
    refused(01777, audience::group);
    refused(01777, audience::owner);
}

TEST_CASE("where other users take part, a generation that somebody turned back frees no chunk that "
          "is held") {
    const world here(audience::owner, audience::everyone);
    auto service = here.node.service("numbers")
                       .publish_subscribe<int>()
                       .max_subscribers(1)
                       .subscriber_max_borrowed_samples(1)
                       .create();
    auto publisher = service.publisher().create();
    const auto control =
        fs::path(here.config.root) / "default/services/numbers.publish_subscribe" / "control";
    std::uint64_t generation = 0;
    const auto at =
        static_cast<std::streamoff>(offsetof(elkodon::layout::control_page, generation));
    std::fstream file(control, std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(at);
    file.read(reinterpret_cast<char*>(&generation), sizeof generation);
    auto subscriber = service.subscriber().create();
    publisher.send_copy(1);
    const auto held = subscriber.receive();
    REQUIRE(held);
    file.seekp(at);
    file.write(reinterpret_cast<const char*>(&generation), sizeof generation).flush();
    REQUIRE(file);
    for (int i = 2; i < 1000; ++i) publisher.send_copy(i);
    CHECK(*held == 1);
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
