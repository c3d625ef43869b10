// Fragment 12 of the API by example: a configuration handed to a node, a domain of its own, a local node.
#include <elkodon/elkodon.hpp>
#include <support/catch.hpp>
#include <support/scratch_root.hpp>

namespace tests::fragment_12 {
namespace {

using namespace std::chrono_literals;

bool has_camera(const elkodon::node& node) {
    std::error_code ec;
    return static_cast<bool>(node.service("camera").publish_subscribe<int>().open(ec));
}

}  // namespace

TEST_CASE("API 12: configuration handed to a node, a domain of its own, a local node") {
    support::scratch_root root;
    const auto elsewhere = elkodon::node::create();

    // 12  configuration handed to a node, a domain of its own, a local node
    auto config = elkodon::configuration::load();  // what ELKODON_CONFIG names, …
    config.domain = "simulation";                  // meets nobody of another domain
    config.node.name = "planner";
    config.wait_strategy = elkodon::wait_strategy::spin_then_block(20us);
    config.publish_subscribe.history_size = 8;  // the default of services that this node creates
    auto node = elkodon::node::create(config);  // no argument: configuration::load()
    auto local =
        elkodon::node::create_local();  // the same services and ports from here on, private
                                        // to the process

    CHECK(node.name() == "planner");
    const auto camera = node.service("camera").publish_subscribe<int>().create();
    auto publisher = camera.publisher().create();
    for (int i = 0; i < 9; ++i) publisher.send_copy(i);
    CHECK(*camera.subscriber().create().receive() == 1);
    CHECK_FALSE(has_camera(elsewhere));
    CHECK_FALSE(has_camera(local));
    CHECK(has_camera(elkodon::node::create(config)));
    auto own = local.service("camera").publish_subscribe<int>().create();
    auto subscriber = own.subscriber().create();
    own.publisher().create().send_copy(7);
    CHECK(*subscriber.receive() == 7);
    CHECK_FALSE(has_camera(elsewhere));
}

}  // namespace tests::fragment_12
