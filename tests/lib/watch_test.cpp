#include "caught.hpp"

#include <elkodon/elkodon.hpp>
#include <support/scratch_root.hpp>

#include <algorithm>
#include <poll.h>

namespace tests::watch_cases {
namespace {

using elkodon::change;

/// "appeared service camera": what a watch tells until it has nothing more to tell, in order.
std::vector<std::string> told(elkodon::watch& watch) {
    constexpr const char* kinds[] = {"nothing", "appeared", "gone", "died", "resync"};
    constexpr const char* subjects[] = {"service", "node", "port"};
    std::vector<std::string> lines;
    while (const auto change = watch.receive())
        lines.push_back(std::string(kinds[change.kind]) + " " + subjects[change.subject] + " " +
                        change.name);
    return lines;
}

std::vector<std::string> sorted(std::vector<std::string> lines) {
    std::sort(lines.begin(), lines.end());
    return lines;
}

using lines = std::vector<std::string>;

bool readable(const elkodon::watch& watch) {
    pollfd each{watch.native_handle(), POLLIN, 0};
    return poll(&each, 1, 0) == 1;
}

elkodon::node named(const std::string& name) {
    auto config = elkodon::configuration::load();
    config.node.name = name;
    return elkodon::node::create(config);
}

}  // namespace

TEST_CASE("a watch tells first what is there, then what has changed") {
    support::scratch_root root;
    const auto node = named("watcher");
    const auto other = named("other");
    auto camera = other.service("camera").publish_subscribe<int>().create();
    auto publisher = camera.publisher().name("eye").create();
    auto watch = node.watch().create();
    CHECK(sorted(told(watch)) == lines{"appeared node other", "appeared node watcher",
                                       "appeared port eye", "appeared service camera"});
    CHECK(told(watch).empty());

    auto bell = other.service("bell").event().create();
    auto notifier = bell.notifier().create();
    CHECK(told(watch) == lines{"appeared service bell", "appeared port "});
    auto subscriber = camera.subscriber().name("brain").create();
    CHECK(told(watch) == lines{"appeared port brain"});
    publisher = {};
    CHECK(told(watch) == lines{"gone port eye"});
    notifier = {};
    bell = {};
    CHECK(told(watch) == lines{"gone port ", "gone service bell"});
    {
        const auto third = named("third");
        CHECK(told(watch) == lines{"appeared node third"});
    }
    CHECK(told(watch) == lines{"gone node third"});
}

TEST_CASE("a change says which service, node or port it is about") {
    support::scratch_root root;
    const auto node = named("watcher");
    auto watch = node.watch().create();
    const auto first = watch.receive();
    CHECK(first.subject == change::node);
    CHECK(first.node_identity == node.id());
    told(watch);
    const auto service = node.service("camera").publish_subscribe<int>().create();
    const auto subscriber = service.subscriber().create();
    const auto of_service = watch.receive();
    CHECK(of_service.service_name == "camera");
    CHECK(of_service.pattern == elkodon::messaging_pattern::publish_subscribe);
    const auto of_port = watch.receive();
    CHECK(of_port.service_name == "camera");
    CHECK(of_port.role == elkodon::port_role::subscriber);
    CHECK(of_port.port_identity == subscriber.id());
    CHECK(of_port.process == first.process);
}

TEST_CASE("a watch's descriptor is readable while there is something to tell, and only then") {
    support::scratch_root root;
    const auto node = named("watcher");
    auto watch = node.watch().create();
    CHECK(readable(watch));
    CHECK(watch.receive());
    CHECK(readable(watch));
    told(watch);
    CHECK_FALSE(readable(watch));
    auto service = node.service("camera").event().create();
    CHECK(readable(watch));
    told(watch);
    CHECK_FALSE(readable(watch));
    service = {};
    CHECK(readable(watch));
    CHECK(told(watch) == lines{"gone service camera"});
    CHECK_FALSE(readable(watch));
}

TEST_CASE(
    "what came and went between two looks is nothing, and a service that came again is another") {
    support::scratch_root root;
    const auto node = named("watcher");
    auto watch = node.watch().create();
    told(watch);
    node.service("short").event().create();
    CHECK(told(watch).empty());
    auto service = node.service("camera").event().create();
    told(watch);
    service = {};
    service = node.service("camera").event().create();
    CHECK(told(watch) == lines{"gone service camera", "appeared service camera"});
}

TEST_CASE("a watch that was told too late says resync, and then what is true") {
    support::scratch_root root;
    const auto node = named("watcher");
    auto watch = node.watch().create();
    told(watch);
    const auto service = node.service("camera").event().create();
    // More names than the kernel keeps in a watch's queue.
    std::size_t kept = 0;
    std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> kept;
    REQUIRE(kept > 0);
    const auto name = root.nodes() / "no node";
    for (std::size_t i = 0; i <= kept / 2 + 1; ++i) {
        write_to(name, "");
        std::filesystem::remove(name);
    }
    CHECK(told(watch) == lines{"resync service ", "appeared service camera"});
    const auto later = node.service("bell").event().create();
    CHECK(told(watch) == lines{"appeared service bell"});
}

TEST_CASE("files that are no services, nodes or ports are passed over") {
    support::scratch_root root;
    const auto node = named("watcher");
    auto watch = node.watch().create();
    const auto service = node.service("camera").event().create();
    told(watch);
    std::filesystem::create_directory(root.services() / "empty.event");
    write_to(root.services() / "file.event", "no directory");
    write_to(root.nodes() / "0000.1111", "");
    write_to(root.services() / "camera.event" / "notifier.3", "no segment");
    write_to(root.services() / "camera.event" / "member.00000000000000ff.00000000000000ff", "");
    CHECK(told(watch).empty());
    std::filesystem::remove(root.services() / "camera.event" / "notifier.3");
    std::filesystem::remove_all(root.services() / "empty.event");
    CHECK(told(watch).empty());
}

TEST_CASE("a local node's watch sees what is local, and another's nothing of it") {
    support::scratch_root root;
    const auto node = named("watcher");
    auto shared = node.watch().create();
    told(shared);
    const auto local = elkodon::node::create_local(), another = elkodon::node::create_local();
    auto watch = local.watch().create();
    CHECK(told(watch) == lines{"appeared node "});
    const auto service = local.service("camera").event().create();
    CHECK(told(watch) == lines{"appeared service camera"});
    CHECK(told(shared).empty());
}

TEST_CASE("an empty watch, or one of an empty node, is closed") {
    elkodon::watch none;
    CHECK_FALSE(none);
    CHECK(none.receive().error() == elkodon::errc::closed);
    CHECK(caught([&] { return none.native_handle(); }).code() == elkodon::errc::closed);
    std::error_code ec;
    CHECK_FALSE(elkodon::node().watch().create(ec));
    CHECK(ec == elkodon::errc::closed);
}

}  // namespace tests::watch_cases
