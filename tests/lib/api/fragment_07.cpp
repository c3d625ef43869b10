// Fragment 7 of the API by example: attributes, discovery, watching.
#include <elkodon/elkodon.hpp>
#include <support/catch.hpp>
#include <support/scratch_root.hpp>

#include <fmt/format.h>

namespace tests::fragment_07 {
namespace {

struct frame {
    unsigned char pixels[64];
};

}  // namespace

TEST_CASE("API 7: attributes, discovery, watching") {
    support::scratch_root root;
    auto node = elkodon::node::create();
    std::string printed;

    // 7  attributes, discovery, watching
    auto camera = node.service("camera")
                      .publish_subscribe<frame>()
                      .define_attribute("resolution", "1920x1080")
                      .open_or_create();
    auto same = node.service("camera")
                    .publish_subscribe<frame>()
                    .require_attribute("resolution", "1920x1080")
                    .open();
    for (const auto& info : elkodon::list_services())
        printed += fmt::format("{} {}\n", info.name, info.type.name);
    auto watch = node.watch().create();  // first what is there, then differences
    while (auto change = watch.receive()) {
        if (change.kind == elkodon::change::died) printed += fmt::format("{} died\n", change.name);
        if (change.kind == elkodon::change::appeared && change.subject == elkodon::change::service)
            printed += fmt::format("{} appeared\n", change.name);
    }

    CHECK(printed == fmt::format("camera {}\ncamera appeared\n", camera.type().name));
}

}  // namespace tests::fragment_07
