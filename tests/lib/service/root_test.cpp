#include "../caught.hpp"
#include "../child.hpp"

#include <elkodon/node.hpp>
#include <support/scratch_root.hpp>
#include <support/skip.hpp>

#include <array>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>

namespace tests::root_cases {
namespace {

using elkodon::errc;
namespace fs = std::filesystem;
using big = std::array<std::byte, 256 * 1024>;

elkodon::configuration at(const fs::path& root) {
    auto config = elkodon::configuration::load();
    config.root = root;
    return config;
}

elkodon::error refused(const fs::path& root) {
    std::error_code ec;
    CHECK_FALSE(elkodon::node::create(at(root), ec));
    const auto error = caught([&] { return elkodon::node::create(at(root)); });
    CHECK(error.code() == ec);
    return error;
}

// A node, a service, and a message that has to wake somebody: all that a root is needed for.
bool works(const elkodon::configuration& config) {
    const auto node = elkodon::node::create(config);
    auto service = node.service("camera").publish_subscribe<int>().create();
    auto subscriber = service.subscriber().create();
    subscriber.native_handle();
    auto publisher = service.publisher().create();
    publisher.send_copy(6);
    return *subscriber.receive() == 6;
}

void check_child(const std::string& said) {
    if (said.starts_with("skipped: ")) support::skip(said.substr(9));
    else CHECK(said == "");
}

// For children, which have no CHECK: what is wrong with an error, or nothing.
std::string unlike(const elkodon::error& error, errc code, const std::string& part) {
    if (error.code() != code) return std::string("another code: ") + error.what();
    return contains(error.what(), part)
               ? ""
               : std::string("says nothing of ") + part + ": " + error.what();
}

template <class F>
elkodon::error thrown_by(F&& call) {
    try {
        call();
    } catch (const elkodon::error& thrown) {
        return thrown;
    }
    return {errc::closed, "nothing was thrown"};
}

}  // namespace

TEST_CASE("a root that is missing is made, for us alone") {
    support::scratch_root scratch;
    const auto root = scratch.path() / "new";
    CHECK(works(at(root)));
    struct stat status{};
    REQUIRE(stat(root.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0700);
}

TEST_CASE("a root can be given by a relative path, or with a slash at its end, and the process may "
          "move on") {
    support::scratch_root scratch;
    const auto before = fs::current_path();
    fs::current_path(scratch.path());
    const auto config = at("relative/");
    auto node = elkodon::node::create(config);
    auto service = node.service("camera").publish_subscribe<int>().create();
    fs::current_path(before);
    CHECK(fs::exists(scratch.path() / "relative" / "default" / "services" /
                     "camera.publish_subscribe"));
    auto publisher = service.publisher().create();
    CHECK(service.subscriber().create());
}

TEST_CASE("a root that is a link, wherever it leads, is refused with the way out") {
    support::scratch_root scratch;
    fs::create_directory(scratch.path() / "real");
    fs::permissions(scratch.path() / "real", fs::perms::owner_all);
    fs::create_directory_symlink("real", scratch.path() / "link");
    fs::create_directory_symlink("nowhere", scratch.path() / "dangling");
    for (const auto& name : {"link", "dangling"}) {
        const auto error = refused(scratch.path() / name);
        CHECK(error.code() == errc::invalid_root);
        CHECK(contains(error.what(), (scratch.path() / name).string()));
        CHECK(contains(error.what(), "link"));
        CHECK(contains(error.what(), "name the directory itself"));
    }
    CHECK(fs::is_empty(scratch.path() / "real"));
    CHECK_FALSE(fs::exists(scratch.path() / "nowhere"));
    CHECK(works(at(scratch.path() / "real")));
}

TEST_CASE("a root that is a file, or lies below one, is refused") {
    support::scratch_root scratch;
    write_to(scratch.path() / "file", "precious");
    for (const auto& root : {scratch.path() / "file", scratch.path() / "file" / "below"}) {
        const auto error = refused(root);
        CHECK(error.code() == errc::invalid_root);
        CHECK(contains(error.what(), root.string()));
    }
    CHECK(text_of(scratch.path() / "file") == "precious");
}

TEST_CASE("a root whose parent is missing is refused, and the parent isn't made") {
    support::scratch_root scratch;
    const auto error = refused(scratch.path() / "missing" / "root");
    CHECK(error.code() == errc::invalid_root);
    CHECK(contains(error.what(), (scratch.path() / "missing" / "root").string()));
    CHECK(contains(error.what(), "parent"));
    CHECK_FALSE(fs::exists(scratch.path() / "missing"));
}

TEST_CASE("a root with an impossible path is refused") {
    CHECK(refused("").code() == errc::invalid_root);
    CHECK(refused(std::string("/dev/shm/a\0b", 12)).code() == errc::invalid_root);
    CHECK(refused("/dev/shm/" + std::string(300, 'x')).code() == std::errc::filename_too_long);
    CHECK(refused("/dev/shm/" + std::string(10'000, 'x')).code() == std::errc::filename_too_long);
}

TEST_CASE("a root whose path is longer than a socket's address works") {
    support::scratch_root scratch;
    auto root = scratch.path();
    for (int depth = 0; depth < 12; ++depth) {
        root /= std::string(100, static_cast<char>('a' + depth));
        fs::create_directory(root);
    }
    fs::permissions(root, fs::perms::owner_all);
    CHECK(root.string().size() > 1200);
    CHECK(works(at(root)));
}

TEST_CASE("a root that others may write is refused, one that they may only read is not") {
    support::scratch_root scratch;
    const auto root = scratch.path() / "root";
    fs::create_directory(root);
    for (const mode_t mode : {0777u, 0770u, 0707u, 01777u, 0720u, 0702u}) {
        REQUIRE(chmod(root.c_str(), mode) == 0);
        const auto error = refused(root);
        CHECK(error.code() == errc::invalid_root);
        CHECK(error.property() == "mode");
        CHECK(contains(error.what(), root.string()));
        CHECK(contains(error.what(), "chmod 700"));
        CHECK(fs::is_empty(root));
    }
    for (const mode_t mode : {0700u, 0755u, 0750u}) {
        REQUIRE(chmod(root.c_str(), mode) == 0);
        CHECK(works(at(root)));
    }
}

TEST_CASE("another user's root is refused, with the way out") {
    support::scratch_root scratch;
    fs::path root = "/";  // root's, if we aren't root ourselves
    if (geteuid() == 0) {
        root = scratch.path() / "root";
        fs::create_directory(root);
        REQUIRE(chmod(root.c_str(), 0700) == 0);
        REQUIRE(chown(root.c_str(), 12345, 12345) == 0);
    }
    const auto error = refused(root);
    CHECK(error.code() == errc::invalid_root);
    CHECK(error.property() == "owner");
    CHECK(contains(error.found(), geteuid() == 0 ? "12345" : "0"));
    CHECK(contains(error.what(), root.string()));
    CHECK(contains(error.what(), "ELKODON_ROOT"));
}

TEST_CASE("a root that we may not make is refused with the system's reason", "[privileged]") {
    support::scratch_root scratch;
    check_child(in_child([&]() -> std::string {
        if (geteuid() == 0 && seteuid(12345) != 0) return "skipped: can't become another user";
        const auto config =
            geteuid() == 12345 ? at(scratch.path() / "root") : at("/root-of-a-test");
        return unlike(thrown_by([&] { elkodon::node::create(config); }), errc::permission_denied,
                      config.root);
    }));
}

TEST_CASE("a read-only root is refused, whether it is there or not", "[privileged]") {
    support::scratch_root scratch;
    check_child(in_child([&]() -> std::string {
        if (const auto why_not = mount_tmpfs(scratch.path(), "mode=0700"); !why_not.empty())
            return why_not;
        const auto there = scratch.path() / "there";
        mkdir(there.c_str(), 0700);
        if (mount("none", scratch.path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) != 0)
            return "skipped: no read-only mount";
        for (const auto& root : {there, scratch.path() / "not-there"}) {
            const auto error = thrown_by([&] { elkodon::node::create(at(root)); });
            if (const auto wrong = unlike(error, errc::permission_denied, root); !wrong.empty())
                return wrong;
            if (!contains(error.what(), "Read-only"))
                return std::string("no reason: ") + error.what();
        }
        return {};
    }));
}

TEST_CASE("a root without room for a port is an error that says how much was asked for and how "
          "much is free",
          "[privileged]") {
    support::scratch_root scratch;
    check_child(in_child([&]() -> std::string {
        if (const auto why_not = mount_tmpfs(scratch.path(), "mode=0700,size=1m"); !why_not.empty())
            return why_not;
        const auto node = elkodon::node::create(at(scratch.path()));
        auto service = node.service("camera").publish_subscribe<big>().create();
        auto small = node.service("small").publish_subscribe<int>().create();
        const auto before = scratch.listing();
        const auto error = thrown_by([&] { service.publisher().create(); });
        if (const auto wrong =
                unlike(error, errc::out_of_space, "create a publisher of service \"camera\"");
            !wrong.empty())
            return wrong;
        if (error.code() != std::errc::no_space_on_device) return "no kin";
        const auto asked = std::stoull(error.wanted()), free = std::stoull(error.found());
        // The pool of this service: 8 + 2 + 8 · 2 + 9 chunks.
        if (asked < 35 * sizeof(big) || asked > 36 * (sizeof(big) + 4096))
            return "asked for " + error.wanted();
        if (free == 0 || free >= 1024 * 1024) return "free are " + error.found();
        if (!contains(error.what(), error.wanted()) || !contains(error.what(), error.found()))
            return "no figures";
        if (scratch.listing() != before) return "something is left";
        // What there is room for still works, a fault later doesn't come.
        auto publisher = small.publisher().create();
        auto subscriber = small.subscriber().create();
        for (int i = 0; i < 1000; ++i) {
            publisher.send_copy(i);
            if (const auto sample = subscriber.receive(); !sample || *sample != i)
                return "a message is missing";
        }
        return {};
    }));
}

TEST_CASE(
    "a root without any room is an error, leaves nothing behind, and works once there is room",
    "[privileged]") {
    support::scratch_root scratch;
    check_child(in_child([&]() -> std::string {
        if (const auto why_not = mount_tmpfs(scratch.path(), "mode=0700,size=1m"); !why_not.empty())
            return why_not;
        const auto fill = [&] {
            std::ofstream(scratch.path() / "filler") << std::string(2 << 20, 'x');
        };
        fill();
        if (const auto wrong = unlike(thrown_by([&] { elkodon::node::create(at(scratch.path())); }),
                                      errc::out_of_space, "");
            !wrong.empty())
            return wrong;
        if (scratch.listing() != support::nothing) return "something is left";
        fs::remove(scratch.path() / "filler");
        const auto node = elkodon::node::create(at(scratch.path()));
        fill();
        const auto error =
            thrown_by([&] { node.service("camera").publish_subscribe<int>().create(); });
        if (const auto wrong = unlike(error, errc::out_of_space, "create \"camera\"");
            !wrong.empty())
            return wrong;
        if (!fs::is_empty(scratch.services())) return "half a service is left";
        fs::remove(scratch.path() / "filler");
        return works(at(scratch.path())) ? "" : "it doesn't work";
    }));
}

TEST_CASE("a root without inodes is an error that says out of space", "[privileged]") {
    support::scratch_root scratch;
    check_child(in_child([&]() -> std::string {
        if (const auto why_not = mount_tmpfs(scratch.path(), "mode=0700,nr_inodes=4");
            !why_not.empty())
            return why_not;
        return unlike(thrown_by([&] { elkodon::node::create(at(scratch.path())); }),
                      errc::out_of_space, "");
    }));
}

TEST_CASE(
    "a root that is removed while in use: who is connected goes on, who wants more is told, and "
    "whoever comes anew makes it anew") {
    support::scratch_root root;
    auto node = elkodon::node::create();
    auto service = node.service("camera").publish_subscribe<int>().create();
    auto publisher = service.publisher().create();
    auto subscriber = service.subscriber().create();
    fs::remove_all(root.path() / "default");
    for (int i = 0; i < 1000; ++i) {
        REQUIRE_FALSE(publisher.send_copy(i));
        CHECK(*subscriber.receive() == i);
    }
    CHECK(caught([&] { return service.publisher().create(); }).code() == errc::membership_lost);
    for (const bool open : {false, true}) {
        const auto other = node.service("camera").publish_subscribe<int>();
        const auto error = caught([&] { return open ? other.open() : other.create(); });
        CHECK(error.code() == errc::membership_lost);
        CHECK(contains(error.what(), (root.path() / "default").string()));
        CHECK(contains(error.what(), "make new ones"));
    }
    publisher = {};
    subscriber = {};
    service = {};
    node = {};
    CHECK(works(elkodon::configuration::load()));
    CHECK(root.listing() == support::nothing);
}

TEST_CASE("root and domain come from the environment, or are the user's own") {
    support::scratch_root scratch;
    CHECK(elkodon::configuration::load().root == scratch.path());
    CHECK(elkodon::configuration::load().domain == "default");
    setenv("ELKODON_DOMAIN", "simulation", 1);
    CHECK(elkodon::configuration::load().domain == "simulation");
    setenv("ELKODON_DOMAIN", "", 1);
    CHECK(elkodon::configuration::load().domain == "default");
    unsetenv("ELKODON_DOMAIN");
    setenv("ELKODON_ROOT", "", 1);
    CHECK(elkodon::configuration::load().root == "/dev/shm/elkodon-" + std::to_string(geteuid()));
}

}  // namespace tests::root_cases
