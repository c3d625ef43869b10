// Local nodes: a world of their own. What services and ports do in one is in port_suite_test.cpp, beside shared ones.
#include "caught.hpp"
#include "child.hpp"

#include <elkodon/node.hpp>
#include <support/scratch_root.hpp>

#include <algorithm>

namespace tests::local_node_cases {
namespace {

using elkodon::errc;
namespace fs = std::filesystem;

auto numbers(const elkodon::node& node) { return node.service("numbers").publish_subscribe<int>(); }

/// Every name below the directory in which local nodes lie, but for its four own.
std::vector<std::string> left_in(const support::scratch_root& root) {
    std::vector<std::string> names;
    for (const auto& place : {"services", "nodes", "processes", "doorbells"})
        for (const auto& each : fs::recursive_directory_iterator(root.path() / ".local" / place))
            names.push_back(each.path().string());
    return names;
}

/// What its names begin with.
std::string process_of(const support::scratch_root& root, const elkodon::node& node) {
    for (const auto& each : fs::directory_iterator(root.path() / ".local" / "nodes"))
        if (each.path().extension() == "." + node.id().to_string())
            return each.path().stem().string();
    return "none";
}

}  // namespace

TEST_CASE("a local node meets neither shared nodes of its process nor other local ones, whatever "
          "they call their services") {
    support::scratch_root root;
    const auto shared = elkodon::node::create();
    const auto one = elkodon::node::create_local();
    const auto other = elkodon::node::create_local();
    const auto service = numbers(one).create();
    for (const auto& node : {shared, other}) {
        std::error_code ec;
        CHECK_FALSE(numbers(node).open(ec));
        CHECK(ec == errc::service_not_found);
        CHECK(numbers(node).create());
    }
    CHECK(one.id() != other.id());
    CHECK(one.id() != shared.id());
}

TEST_CASE("copies of a local node are in one world, and ports keep it alive") {
    support::scratch_root root;
    auto node = elkodon::node::create_local();
    const auto copy = node;
    auto subscriber = numbers(node).create().subscriber().create();
    auto publisher = numbers(copy).open().publisher().create();
    node = {};
    publisher.send_copy(6);
    auto sample = subscriber.receive();
    CHECK(*sample == 6);
    publisher = {};
    subscriber = {};
    CHECK(*sample == 6);
}

TEST_CASE("no domain's name leads to a local node") {
    support::scratch_root root;
    const auto local = elkodon::node::create_local();
    const auto service = numbers(local).create();
    for (const auto& domain : {std::string(".local"), std::string(".local/services"),
                               ".local/services/" + process_of(root, local)}) {
        auto config = elkodon::configuration::load();
        config.domain = domain;
        std::error_code ec;
        CHECK_FALSE(numbers(elkodon::node::create(config)).open(ec));
        CHECK(ec == errc::service_not_found);
    }
}

TEST_CASE("with the last handle, port or sample of a local node everything of it goes") {
    support::scratch_root root;
    auto node = elkodon::node::create_local();
    auto publisher = numbers(node).create().publisher().create();
    auto subscriber = numbers(node).open().subscriber().create();
    subscriber.native_handle();
    publisher.send_copy(1);
    auto sample = subscriber.receive();
    node = {};
    publisher = {};
    subscriber = {};
    CHECK(*sample == 1);
    CHECK_FALSE(left_in(root).empty());
    sample = {};
    CHECK(left_in(root) == support::nothing);
    CHECK(root.listing() == support::nothing);
}

TEST_CASE("the services of a local node that are nobody's any more can be made anew") {
    support::scratch_root root;
    const auto node = elkodon::node::create_local();
    CHECK(numbers(node).history_size(1).create());
    CHECK(numbers(node).history_size(2).create());
}

TEST_CASE("what a local node of a process that was killed left goes when any node is made, and the "
          "living "
          "keep theirs") {
    support::scratch_root root;
    const auto left_by_the_dead = [&] {
        return in_child([] {
            static auto node = elkodon::node::create_local();
            static auto publisher = numbers(node).create().publisher().create();
            static auto subscriber = numbers(node).open().subscriber().create();
            subscriber.native_handle();
            return "";  // and ends as if it had been killed: nothing is destroyed
        });
    };
    const auto living = elkodon::node::create_local();
    auto service = numbers(living).create();
    const auto before = left_in(root);
    const bool local = GENERATE(false, true);
    REQUIRE(left_by_the_dead() == "");
    REQUIRE(left_in(root).size() > before.size() + 4);
    const auto next = local ? elkodon::node::create_local() : elkodon::node::create();
    auto now = left_in(root);
    const auto own = local ? process_of(root, next) : "none";
    std::erase_if(now, [&](const auto& name) { return contains(name, own); });
    CHECK(now == before);
    CHECK(service.publisher().create());
    CHECK(numbers(living).open());
}

TEST_CASE(
    "a local node in a fork's child is not its own: it refuses, and leaves the parent's alone") {
    support::scratch_root root;
    const auto node = elkodon::node::create_local();
    auto publisher = numbers(node).create().publisher().create();
    auto subscriber = numbers(node).open().subscriber().create();
    CHECK(in_child([&]() -> std::string {
              std::error_code ec;
              numbers(node).open(ec);
              if (ec != errc::forked) return "joined: " + ec.message();
              // The parent's lock isn't the child's: its nodes are seen alive, and stay.
              const auto own = elkodon::node::create_local(ec);
              return own ? "" : ec.message();
          }) == "");
    publisher.send_copy(3);
    CHECK(*subscriber.receive() == 3);
}

TEST_CASE("a local node whose root can't be says so as a shared one does") {
    support::scratch_root root;
    auto config = elkodon::configuration::load();
    config.root = root.path() / "missing" / "root";
    std::error_code ec;
    CHECK_FALSE(elkodon::node::create_local(config, ec));
    CHECK(ec == errc::invalid_root);
    config = elkodon::configuration::load();
    config.liveness_bound = std::chrono::milliseconds(0);
    CHECK(caught([&] { return elkodon::node::create_local(config); }).property() ==
          "liveness_bound");
    CHECK(elkodon::node::create_local(ec));
    CHECK_FALSE(ec);
}

}  // namespace tests::local_node_cases
