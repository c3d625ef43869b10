#include "../caught.hpp"

#include <elkodon/node.hpp>
#include <elkodon/service/properties.hpp>
#include <elkodon/service/static_configuration.hpp>
#include <support/scratch_root.hpp>

#include <sys/stat.h>
#include <vector>

namespace tests::static_configuration_cases {
namespace {

using elkodon::errc;
namespace service = elkodon::service;

service::static_configuration configuration(std::string name, std::string type) {
    return {std::move(name),
            service::pattern::publish_subscribe,
            {std::move(type), 24, 8},
            service::publish_subscribe_properties()};
}

constexpr const char* good = R"(
name = "camera"
[type]
name = "i32"
size = 4
alignment = 4
[properties]
enable_safe_overflow = true
stall_timeout_ms = 0
timestamps = false
history_size = 0
max_publishers = 8
max_subscribers = 8
publisher_max_loaned_samples = 2
subscriber_max_borrowed_samples = 2
subscriber_max_buffer_size = 8
)";

std::string with(const std::string& line, const std::string& instead) {
    std::string text = good;
    const auto begin = text.find(line);
    REQUIRE(begin != std::string::npos);
    return text.replace(begin, line.size(), instead);
}

}  // namespace

TEST_CASE("the static configuration comes back from its file as it was written") {
    for (const auto& text : {"frame", "std::array<frame, 3>", "a \"quoted\" name", "it's",
                             "both ' and \"", "back\\slash", "two\nlines", "\ttab", "'''", "\"\"\"",
                             "'''\"\"\"\\", "= [x] # no comment", "\u65e5\u672c\u8a9e \U0001f99c",
                             "\x01\x1f\x7f", "", " ", "{anonymous}::frame", "trailing\\", "\r\n"}) {
        CAPTURE(text);
        auto written = configuration(text, text);
        written.ask(service::key::history_size, 1U << 20);
        written.ask(service::key::max_publishers, 3);
        const auto read = service::from_toml(to_toml(written), configuration("", ""), "open");
        CHECK(read.type == written.type);
        for (const auto& each : written.properties) CHECK(read[each.key] == each.value);
        CHECK(read[service::key::history_size] == 1U << 20);
        CHECK(read[service::key::max_publishers] == 3);
        CHECK(contains(to_toml(written), "pattern"));
    }
}

TEST_CASE("an event service's configuration comes back with its events, and without those that it "
          "has not") {
    service::static_configuration written{
        "bell", service::pattern::event, {}, service::event_properties()};
    written.ask(service::key::deadline, 2'000'000'000);
    written.ask(service::key::notifier_created, 0);
    written.ask(service::key::notifier_dead, 255);
    const auto text = to_toml(written);
    CHECK(contains(text, "notifier_dead_event = 255"));
    CHECK_FALSE(contains(text, "notifier_dropped_event"));
    const service::static_configuration empty{
        "bell", service::pattern::event, {}, service::event_properties()};
    const auto read = service::from_toml(text, empty, "open");
    for (const auto& each : written.properties) CHECK(read[each.key] == each.value);
    CHECK(read[service::key::notifier_created] == 0);
    CHECK(read[service::key::notifier_dropped] == service::no_value);
    for (const auto& wrong : {"-1", "16777216", "\"x\"", "[7]"}) {
        auto bad = text;
        const auto at = bad.find("notifier_dead_event = 255");
        bad.replace(at, 25, std::string("notifier_dead_event = ") + wrong);
        const auto error = caught([&] { return service::from_toml(bad, empty, "open"); });
        CHECK(error.code() == errc::invalid_segment);
        CHECK(contains(error.what(), "properties.notifier_dead_event"));
    }
}

TEST_CASE("a good service.toml can be written by hand, and one with further keys is as good") {
    for (const auto& text : {std::string(good), with("[type]", "future = [1, 2]\n[type]"),
                             with("history_size = 0", "history_size = 0\nfuture = 3")}) {
        const auto read = service::from_toml(text, configuration("", ""), "open");
        CHECK(read.type == elkodon::type_details("i32", 4, 4));
        CHECK(read[service::key::max_subscribers] == 8);
    }
}

TEST_CASE(
    "a service.toml that is garbage is an error that names file and key, and it stays as it is") {
    support::scratch_root root;
    auto node = elkodon::node::create();
    auto service = node.service("camera").publish_subscribe<int>().create();
    const auto file = root.services() / "camera.publish_subscribe" / "service.toml";
    const auto before = text_of(file);
    const std::pair<std::string, std::string> cases[] = {
        {"", "type"},
        {"no = = toml", "line 1"},
        {"\xff\xfe", ""},
        {std::string(4096, '\0'), ""},
        {std::string(100, '['), ""},
        {"name = \"cam", "line 1"},
        {with("[type]", "[kind]"), "\"type\""},
        {with("[properties]", "[qualities]"), "\"properties\""},
        {with("name = \"i32\"", "name = 7"), "type.name"},
        {with("name = \"i32\"", ""), "type.name"},
        {with("size = 4", "size = -4"), "type.size"},
        {with("size = 4", "size = \"4\""), "type.size"},
        {with("size = 4", "size = 99999999999999999999"), ""},
        {with("alignment = 4", ""), "type.alignment"},
        {with("max_publishers = 8", ""), "properties.max_publishers"},
        {with("enable_safe_overflow = true", ""), "properties.enable_safe_overflow"},
        {with("enable_safe_overflow = true", "enable_safe_overflow = 1"),
         "properties.enable_safe_overflow"},
        {with("max_publishers = 8", "max_publishers = 0"), "properties.max_publishers"},
        {with("max_publishers = 8", "max_publishers = 16385"), "properties.max_publishers"},
        {with("max_publishers = 8", "max_publishers = -1"), "properties.max_publishers"},
        {with("max_publishers = 8", "max_publishers = [8]"), "properties.max_publishers"},
        {with("max_publishers = 8", "max_publishers = 8\nmax_publishers = 8"), "max_publishers"},
        {std::string(1 << 20, '#'), "65536"},
    };
    for (const auto& [text, named] : cases) {
        CAPTURE(text.substr(0, 200), named);
        write_to(file, text);
        const auto opening = node.service("camera").publish_subscribe<int>();
        for (const auto& error : {caught([&] { return opening.open(); }),
                                  caught([&] { return opening.open_or_create(); })}) {
            CHECK(error.code() == errc::invalid_segment);
            CHECK(contains(error.what(), "\"camera\""));
            CHECK(contains(error.what(), "service.toml"));
            CHECK(contains(error.what(), named));
            CHECK(contains(error.what(), "remove"));  // the way out
        }
        CHECK(text_of(file) == text);
    }
    write_to(file, before);
    CHECK(node.service("camera").publish_subscribe<int>().open());
}

TEST_CASE("whatever lies where service.toml should, opening is an error and nobody waits") {
    support::scratch_root root;
    auto node = elkodon::node::create();
    auto service = node.service("camera").publish_subscribe<int>().create();
    const auto file = root.services() / "camera.publish_subscribe" / "service.toml";
    std::filesystem::remove(file);
    SECTION("nothing") {}
    SECTION("a FIFO") { REQUIRE(mkfifo(file.c_str(), 0600) == 0); }
    SECTION("a link") { std::filesystem::create_symlink("/etc/passwd", file); }
    SECTION("a directory") { std::filesystem::create_directory(file); }
    const auto error =
        caught([&] { return node.service("camera").publish_subscribe<int>().open(); });
    CHECK(error.code() != errc::service_not_found);
    CHECK(contains(error.what(), "camera"));
    std::error_code ec;
    CHECK_FALSE(node.service("camera").publish_subscribe<int>().open_or_create(ec));
    CHECK(ec);
    // The service itself goes on.
    auto publisher = service.publisher().create();
    auto subscriber = service.subscriber().create();
    publisher.send_copy(1);
    CHECK(subscriber.receive());
}

TEST_CASE("a control page that isn't one is an error, not a service") {
    support::scratch_root root;
    auto node = elkodon::node::create();
    auto service = node.service("camera").publish_subscribe<int>().create();
    const auto page = root.services() / "camera.publish_subscribe" / "control";
    SECTION("gone") { std::filesystem::remove(page); }
    SECTION("shorter") {
        std::filesystem::remove(page);
        write_to(page, "ELKODON1");
    }
    SECTION("something else") {
        std::filesystem::remove(page);
        write_to(page, std::string(4096, 'x'));
    }
    const auto error =
        caught([&] { return node.service("camera").publish_subscribe<int>().open(); });
    CHECK(error.code() == errc::invalid_segment);
    CHECK(contains(error.what(), "\"camera\""));
    CHECK(contains(error.what(), "remove"));
}

}  // namespace tests::static_configuration_cases
