#include "caught.hpp"
#include "child.hpp"

#include <elkodon/elkodon.hpp>
#include <support/scratch_root.hpp>

#include <algorithm>
#include <set>
#include <thread>

namespace tests::discovery_cases {
namespace {

using elkodon::messaging_pattern;
using elkodon::node_state;
using elkodon::port_role;

elkodon::node named(const std::string& name) {
    auto config = elkodon::configuration::load();
    config.node.name = name;
    return elkodon::node::create(config);
}

std::vector<std::string> service_names() {
    std::vector<std::string> names;
    for (const auto& info : elkodon::list_services()) names.push_back(info.name);
    return names;
}

const elkodon::node_info& with_name(const std::vector<elkodon::node_info>& nodes,
                                    const std::string& name) {
    const auto found = std::find_if(nodes.begin(), nodes.end(),
                                    [&](const auto& each) { return each.name == name; });
    REQUIRE(found != nodes.end());
    return *found;
}

}  // namespace

TEST_CASE("where nobody has been nothing is listed, and nothing is made") {
    support::scratch_root root;
    CHECK(elkodon::list_services().empty());
    CHECK(elkodon::list_nodes().empty());
    CHECK_FALSE(elkodon::find_service("camera", messaging_pattern::event));
    CHECK(std::filesystem::is_empty(root.path()));
    std::error_code ec;
    auto config = elkodon::configuration::load();
    config.root = "";
    CHECK(elkodon::list_nodes(config, ec).empty());
}

TEST_CASE(
    "services are listed as their creators stored them, each while somebody has it open and no "
    "longer") {
    support::scratch_root root;
    const auto node = named("one"), other = named("two");
    auto camera = node.service("camera/front")
                      .publish_subscribe<double>()
                      .history_size(3)
                      .define_attribute("lens", "wide")
                      .create();
    auto bell = other.service("bell").event().event_id_max_value(7).create();
    auto same_name = other.service("bell").publish_subscribe<int[]>().create();
    const auto all = elkodon::list_services();
    REQUIRE(all.size() == 3);
    CHECK(all[0].name == "bell");
    CHECK(all[0].pattern == messaging_pattern::publish_subscribe);
    CHECK(all[0].type.slice);
    CHECK(all[1].pattern == messaging_pattern::event);
    CHECK(all[1].properties.at("event_id_max_value") == 7);
    CHECK(all[2].name == "camera/front");
    CHECK(all[2].type == camera.type());
    CHECK(all[2].properties.at("history_size") == 3);
    CHECK(all[2].properties.at("enable_safe_overflow") == 1);
    CHECK(all[2].attributes == camera.attributes());
    camera = {};
    same_name = {};
    CHECK(service_names() == std::vector<std::string>{"bell"});
    bell = {};
    CHECK(service_names().empty());
}

TEST_CASE("many services that come and go are listed one by one") {
    support::scratch_root root;
    const auto node = elkodon::node::create();
    std::vector<elkodon::event_service> services;
    std::vector<std::string> names;
    for (int i = 0; i < 20; ++i) {
        names.push_back("service " + std::string(1, static_cast<char>('a' + i)));
        services.push_back(node.service(names.back()).event().create());
        CHECK(service_names() == names);
        CHECK(elkodon::find_service(names.back(), messaging_pattern::event));
    }
    while (!names.empty()) {
        const auto gone = names.back();
        names.pop_back();
        services.pop_back();
        CHECK(service_names() == names);
        CHECK_FALSE(elkodon::find_service(gone, messaging_pattern::event));
    }
}

TEST_CASE("a service's details name its nodes and ports") {
    support::scratch_root root;
    const auto node = named("one"), other = named("two");
    const auto service = node.service("camera").publish_subscribe<int>().create();
    const auto opened = other.service("camera").publish_subscribe<int>().open();
    const auto again = other.service("camera").publish_subscribe<int>().open();
    const auto publisher = service.publisher().name("left eye").create();
    const auto subscriber = opened.subscriber().create();
    auto found = elkodon::find_service("camera", messaging_pattern::publish_subscribe);
    REQUIRE(found);
    CHECK(std::set(found->nodes.begin(), found->nodes.end()) == std::set{node.id(), other.id()});
    CHECK(found->nodes.size() == 2);
    REQUIRE(found->ports.size() == 2);
    std::sort(found->ports.begin(), found->ports.end(),
              [](const auto& a, const auto& b) { return a.role < b.role; });
    CHECK(found->ports[0].role == port_role::publisher);
    CHECK(found->ports[0].id == publisher.id());
    CHECK(found->ports[0].name == "left eye");
    CHECK(found->ports[0].pid == static_cast<std::uint32_t>(getpid()));
    CHECK(found->ports[1].role == port_role::subscriber);
    CHECK(found->ports[1].id == subscriber.id());
    CHECK(found->ports[1].name == "");
    CHECK(found->ports[1].process == found->ports[0].process);
    CHECK_FALSE(elkodon::find_service("camera", messaging_pattern::event));
}

TEST_CASE(
    "a port has the name that it was given, and none otherwise; names that can't be are refused") {
    support::scratch_root root;
    const auto service =
        elkodon::node::create().service("camera").publish_subscribe<int>().create();
    CHECK(service.publisher().name("eye").create().name() == "eye");
    CHECK(service.subscriber().name(std::string(64, 'x')).create().name() == std::string(64, 'x'));
    CHECK(service.publisher().create().name() == "");
    CHECK(service.subscriber().create().name() == "");
    for (const auto& name : {std::string(65, 'x'), std::string("\xff"), std::string("a\0b", 3)}) {
        CHECK(caught([&] { return service.publisher().name(name).create(); }).code() ==
              elkodon::errc::invalid_name);
        CHECK(caught([&] { return service.subscriber().name(name).create(); }).code() ==
              elkodon::errc::invalid_name);
    }
}

TEST_CASE("nodes are listed with state, name, executable, pid, time and services") {
    support::scratch_root root;
    const auto before = std::chrono::system_clock::now();
    const auto node = named("planner"), other = named("");
    const auto service = node.service("camera").event().create();
    const auto nodes = elkodon::list_nodes();
    REQUIRE(nodes.size() == 2);
    const auto planner = with_name(nodes, "planner");
    CHECK(planner.state == node_state::alive);
    CHECK(planner.id == node.id());
    CHECK(planner.pid == static_cast<std::uint32_t>(getpid()));
    CHECK(planner.executable == std::filesystem::read_symlink("/proc/self/exe"));
    CHECK(planner.started >= before - std::chrono::milliseconds(1));
    CHECK(planner.started <= std::chrono::system_clock::now());
    CHECK(planner.services == std::vector<std::string>{"camera"});
    const auto nameless = with_name(nodes, "");
    CHECK(nameless.id == other.id());
    CHECK(nameless.process == planner.process);
    CHECK(nameless.services.empty());
}

TEST_CASE("a node whose process has ended is dead until somebody cleans up, and its services are "
          "listed no more") {
    support::scratch_root root;
    REQUIRE(in_child([&]() -> std::string {
                const auto node = named("gone");
                const auto service = node.service("camera").event().create();
                _exit(0);
            }) == "");
    const auto nodes = elkodon::list_nodes();
    REQUIRE(nodes.size() == 1);
    CHECK(nodes[0].state == node_state::dead);
    CHECK(nodes[0].name == "gone");
    CHECK(nodes[0].services == std::vector<std::string>{"camera"});
    CHECK(service_names().empty());
    const auto next = named("next");
    CHECK(elkodon::list_nodes().size() == 1);
}

TEST_CASE("a node whose file says nothing, or whose lock is no lock file, is undefined") {
    support::scratch_root root;
    const auto node = named("planner");
    const std::string me = elkodon::list_nodes().at(0).process.to_string();
    write_to(root.nodes() / (me + ".00000000000000ff"), "pid = 'many'");
    std::filesystem::create_directory(root.processes() / "00000000000000aa");
    write_to(root.nodes() / "00000000000000aa.00000000000000bb", "pid = 1\nname = 'odd'");
    write_to(root.nodes() / "no node", "");
    const auto nodes = elkodon::list_nodes();
    CHECK(nodes.size() == 3);
    CHECK(std::count_if(nodes.begin(), nodes.end(),
                        [](const auto& each) { return each.state == node_state::undefined; }) == 2);
    CHECK(with_name(nodes, "odd").state == node_state::undefined);
    CHECK(with_name(nodes, "planner").state == node_state::alive);
}

TEST_CASE("who creates and lists while others do the same finds its own") {
    support::scratch_root root;
    std::vector<std::thread> threads;
    elkodon::atomic<int> found{0};
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            const auto node = elkodon::node::create();
            const auto name = "of thread " + std::to_string(t);
            for (int round = 0; round < 20; ++round) {
                const auto service = node.service(name).event().create();
                const auto names = service_names();
                const auto details = elkodon::find_service(name, messaging_pattern::event);
                const bool mine = std::count(names.begin(), names.end(), name) == 1 && details &&
                                  details->nodes == std::vector{node.id()};
                found.fetch_add(mine ? 1 : 0, std::memory_order_relaxed);
            }
        });
    for (auto& each : threads) each.join();
    CHECK(found.load(std::memory_order_relaxed) == 80);
}

}  // namespace tests::discovery_cases
