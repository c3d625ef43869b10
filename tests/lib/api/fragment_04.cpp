// Fragment 4 of the API by example: untyped: types known at run time (tools, bindings, bridges).
#include <elkodon/elkodon.hpp>
#include <support/catch.hpp>
#include <support/scratch_root.hpp>

#include <string>
#include <vector>

namespace tests::fragment_04 {

TEST_CASE("API 4: untyped") {
    support::scratch_root root;
    auto node = elkodon::node::create();
    auto scan = node.service("scan").publish_subscribe<float[]>().create();
    auto publisher = scan.publisher().initial_max_slice_len(3).create();
    std::string dumped;
    const auto dump = [&](const std::string& name, std::span<const std::byte> bytes) {
        dumped += name + " " + std::to_string(bytes.size()) + "\n";
    };

    // 4  untyped: types known at run time (tools, bindings, bridges)
    auto any =
        node.service("scan").publish_subscribe<elkodon::untyped>().open();  // whatever it carries
    auto type = any.type();  // name, size, alignment, slice
    auto tap = any.subscriber().create();
    publisher.send_copy(std::vector<float>{1, 2, 3});
    publisher.send_copy(std::vector<float>{1});
    while (auto sample = tap.receive())
        dump(type.name, sample.bytes());  // std::span<const std::byte>
    auto raw =
        node.service("raw")
            .publish_subscribe<elkodon::untyped>({.name = "lidar", .size = 64, .alignment = 16})
            .create();

    CHECK(dumped == "f32 12\nf32 4\n");
    CHECK(type.slice);
    CHECK(raw.type().name == "lidar");
}

}  // namespace tests::fragment_04
