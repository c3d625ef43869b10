#include "../caught.hpp"

#include <elkodon/elkodon.hpp>
#include <elkodon/service/configuration_keys.hpp>
#include <support/scratch_root.hpp>

#include <algorithm>
#include <set>
#include <sstream>

namespace tests::configuration_cases {
namespace {

namespace fs = std::filesystem;
using elkodon::errc;
using namespace std::chrono_literals;

/// A variable of the environment, as long as this lives.
class variable {
public:
    variable(const char* name, const std::string& value) : name_(name) {
        if (const char* before = std::getenv(name)) before_ = before, was_set_ = true;
        setenv(name, value.c_str(), 1);
    }
    ~variable() {
        if (was_set_) setenv(name_, before_.c_str(), 1);
        else unsetenv(name_);
    }
    variable(const variable&) = delete;
    variable& operator=(const variable&) = delete;

private:
    const char* name_;
    std::string before_;
    bool was_set_ = false;
};

struct files {
    support::scratch_root scratch;

    fs::path write(const std::string& name, const std::string& text) const {
        const auto path = scratch.path() / name;
        fs::create_directories(path.parent_path());
        write_to(path, text);
        return path;
    }
    elkodon::error refused(const std::string& text) const {
        const auto path = write("config.toml", text);
        const auto thrown = caught([&] { return elkodon::configuration::load_file(path); });
        CHECK(thrown.code() == errc::invalid_configuration);
        CHECK(thrown.code() == std::errc::invalid_argument);
        CHECK(contains(thrown.what(), "read \"" + path.string() + "\", line "));
        return thrown;
    }
};

std::set<std::string> all_keys() {
    std::set<std::string> keys;
    const elkodon::configuration config;
    elkodon::service::for_each_key(
        config, [&](const char* key, const auto&, const auto&...) { keys.insert(key); });
    return keys;
}

/// Every `section.key` that a line sets.
std::set<std::string> keys_in(const std::string& text) {
    std::set<std::string> keys;
    std::string section, line;
    for (std::istringstream lines(text); std::getline(lines, line);) {
        if (line.starts_with('[')) section = line.substr(1, line.find(']') - 1) + ".";
        else if (const auto end = line.find(" = "); !line.starts_with('#') && end != line.npos)
            keys.insert(section + line.substr(0, end));
    }
    return keys;
}

fs::path of_the_project(const std::string& file) { return fs::path(ELKODON_SOURCES) / file; }

}  // namespace

TEST_CASE("config/elkodon.toml has every key, and says what is built in") {
    const auto file = of_the_project("config/elkodon.toml");
    CHECK(elkodon::configuration::load_file(file) == elkodon::configuration());
    CHECK(keys_in(text_of(file)) == all_keys());
    CHECK(all_keys().size() > 30);
}

TEST_CASE("config/README.md explains every key") {
    const auto text = text_of(of_the_project("config/README.md"));
    for (const auto& key : all_keys()) {
        const bool whole = contains(text, "`" + key + "`");
        const bool after_its_sibling = contains(
            text, ", `" + key.substr(key.rfind('.') + (key.rfind('.') == key.npos)) + "` |");
        INFO(key);
        CHECK((whole || after_its_sibling));
    }
}

TEST_CASE("what a file says is what the struct says, and the rest is built in") {
    const files in;
    const auto path = in.write("config.toml", R"toml(
root = "/somewhere"
domain = "simulation"
log_level = "debug"
liveness_bound = "2s"
wait_strategy = "spin_then_block(20us)"
doorbell = "eventfd"
distrust_peers = true
node.name = "planner"
[files]
prefix = "mine-"
event_suffix = ".bell"
[clean_up]
on_opening = false
[rights]
read = "everyone"
write = "group"
[limits]
open_files = 1000
lock_wait = "1min"
[publish_subscribe]
history_size = 7
enable_safe_overflow = false
stall_timeout = "1500us"
backpressure = "fail"
allocation_strategy = "power_of_two"
[event]
event_id_max_value = 9
)toml");
    elkodon::configuration expected;
    expected.root = "/somewhere";
    expected.domain = "simulation";
    expected.log_level = elkodon::log_level::debug;
    expected.liveness_bound = 2s;
    expected.wait_strategy = elkodon::wait_strategy::spin_then_block(20us);
    expected.doorbell = elkodon::doorbell_backend::eventfd;
    expected.distrust_peers = true;
    expected.node.name = "planner";
    expected.files.prefix = "mine-";
    expected.files.event_suffix = ".bell";
    expected.clean_up.on_opening = false;
    expected.rights = {elkodon::audience::everyone, elkodon::audience::group};
    expected.limits.open_files = 1000;
    expected.limits.lock_wait = 1min;
    expected.publish_subscribe.history_size = 7;
    expected.publish_subscribe.enable_safe_overflow = false;
    expected.publish_subscribe.stall_timeout = 2ms;
    expected.publish_subscribe.backpressure = elkodon::backpressure::fail;
    expected.publish_subscribe.allocation_strategy = elkodon::allocation_strategy::power_of_two;
    expected.event.event_id_max_value = 9;
    CHECK(elkodon::configuration::load_file(path) == expected);
}

TEST_CASE("an unknown key is an error with its place and the nearest known key") {
    const files in;
    const auto spelled = in.refused("domain = \"a\"\n[publish_subscribe]\nhistroy_size = 4\n");
    CHECK(contains(spelled.what(), "line 3, column 1: publish_subscribe.histroy_size: "));
    CHECK(contains(spelled.what(), "the nearest is \"publish_subscribe.history_size\""));
    CHECK(spelled.property() == "publish_subscribe.histroy_size");

    CHECK(contains(in.refused("history_size = 4\n").what(), "\"publish_subscribe.history_size\""));
    CHECK(contains(in.refused("[publish_subscribe]\ndomain = \"a\"\n").what(),
                   "the nearest is \"domain\""));
    CHECK(contains(in.refused("[publish_subscrib]\nhistory_size = 4\n").what(),
                   "line 1, column 2: publish_subscrib: "));
    CHECK(contains(in.refused("[node.name.more]\nx = 1\n").what(), "node.name"));
}

TEST_CASE("a value of a wrong type, or one that cannot be, is an error with its place, what was "
          "expected and what was found") {
    struct sample {
        const char *text, *key, *place, *wanted, *found;
    };
    const sample samples[] = {
        {"domain = 3", "domain", "line 1, column 10", "a text", "3"},
        {"\n\ndistrust_peers = \"yes\"", "distrust_peers", "line 3, column 18", "true or false",
         "yes"},
        {"liveness_bound = 1000", "liveness_bound", "line 1, column 18", "a time with its unit",
         "1000"},
        {"liveness_bound = \"soon\"", "liveness_bound", "line 1, column 18", "a time with its unit",
         "soon"},
        {"liveness_bound = \"-1s\"", "liveness_bound", "line 1, column 18", "a time with its unit",
         "-1s"},
        {"liveness_bound = \"0s\"", "liveness_bound", "line 1, column 18", "1ms … ", "0s"},
        {"limits.lock_wait = \"99999999999999999999h\"", "limits.lock_wait", "line 1", "a time",
         "99999999999999999999h"},
        {"wait_strategy = \"spin\"", "wait_strategy", "line 1, column 17",
         "\"spin_then_block(20us)\"", "spin"},
        {"wait_strategy = \"spin_then_block(2)\"", "wait_strategy", "line 1", "\"busy\"",
         "spin_then_block(2)"},
        {"doorbell = \"fifo\"", "doorbell", "line 1, column 12",
         "\"auto\", \"futex\" or \"eventfd\"", "fifo"},
        {"log_level = \"loud\"", "log_level", "line 1, column 13",
         "\"trace\", \"debug\", \"info\", \"warn\", \"error\" or \"off\"", "loud"},
        {"log_level = 1", "log_level", "line 1, column 13", "\"trace\"", "1"},
        {"[event]\nmax_listeners = 0", "event.max_listeners", "line 2, column 17",
         "a whole number, 1 … 16384", "0"},
        {"event.max_listeners = -1", "event.max_listeners", "line 1, column 23",
         "a whole number, 1 … 16384", "-1"},
        {"event.max_listeners = 1.5", "event.max_listeners", "line 1, column 23",
         "a whole number, 1 … 16384", "1.5"},
        {"event.max_listeners = [1]", "event.max_listeners", "line 1, column 23",
         "a whole number, 1 … 16384", "a list"},
        {"files.services = \"../up\"", "files.services", "line 1, column 18",
         "a part of a file name", "../up"},
        {"files.services = \"..\"", "files.services", "line 1, column 18", "a part of a file name",
         ".."},
        {"files.event_suffix = \"\"", "files.event_suffix", "line 1, column 22",
         "a part of a file name", ""},
        {"node = \"planner\"", "node", "line 1, column 8", "a table", "planner"},
        {"domain = \"a\"\ndomain = \"b\"", "syntax", "line 2", "TOML", ""},
        {"domain = ", "syntax", "line 1", "TOML", ""},
        {"domain = \"a\xff\"", "syntax", "line 1", "TOML", ""},
    };
    const files in;
    for (const auto& each : samples) {
        INFO(each.text);
        const auto thrown = in.refused(each.text);
        CHECK(thrown.property() == each.key);
        CHECK(contains(thrown.what(), each.place));
        CHECK(contains(thrown.wanted(), each.wanted));
        CHECK(contains(thrown.found(), each.found));
    }
}

TEST_CASE("the configuration is what ELKODON_CONFIG names, the user's, or built in, and the "
          "environment has "
          "the last word") {
    const files in;
    const variable no_file("ELKODON_CONFIG", "");
    const variable home("HOME", in.scratch.path() / "home");
    const variable xdg("XDG_CONFIG_HOME", "");
    const auto domain = [] { return elkodon::configuration::load().domain; };

    // /etc/elkodon/config.toml isn't ours to write: where it is, what is built in isn't reached.
    if (!fs::exists("/etc/elkodon/config.toml")) CHECK(domain() == "default");
    in.write("home/.config/elkodon/config.toml", "domain = \"of home\"\n");
    CHECK(domain() == "of home");
    {
        const variable other("XDG_CONFIG_HOME", in.scratch.path() / "xdg");
        in.write("xdg/elkodon/config.toml", "domain = \"of xdg\"\n");
        CHECK(domain() == "of xdg");
        const variable named("ELKODON_CONFIG", in.write("named.toml", "domain = \"named\"\n"));
        CHECK(domain() == "named");
        const variable last("ELKODON_DOMAIN", "simulation");
        CHECK(domain() == "simulation");
    }
    const variable level("ELKODON_LOG_LEVEL", "trace");
    CHECK(elkodon::configuration::load().log_level == elkodon::log_level::trace);
    CHECK(elkodon::configuration::load().root == in.scratch.path());
}

TEST_CASE("a file that ELKODON_CONFIG names has to be there, and a level has to be one") {
    const files in;
    {
        const variable named("ELKODON_CONFIG", in.scratch.path() / "none.toml");
        const auto thrown = caught([] { return elkodon::configuration::load(); });
        CHECK(thrown.code() == errc::invalid_configuration);
        CHECK(contains(thrown.what(), "ELKODON_CONFIG"));
        CHECK(contains(thrown.what(), "none.toml"));
        std::error_code ec;
        CHECK_FALSE(elkodon::node::create(ec));
        CHECK(ec == errc::invalid_configuration);
    }
    const variable directory("ELKODON_CONFIG", in.scratch.path());
    CHECK(contains(caught([] { return elkodon::configuration::load(); }).what(), "a file wanted"));
    const variable none("ELKODON_CONFIG", "");
    const variable level("ELKODON_LOG_LEVEL", "loud");
    const auto thrown = caught([] { return elkodon::configuration::load(); });
    CHECK(contains(thrown.what(), "ELKODON_LOG_LEVEL"));
    CHECK(contains(thrown.what(), "\"loud\""));
}

TEST_CASE("what a program sets is checked when a node is made") {
    support::scratch_root scratch;
    const auto refused = [](auto&& change) {
        auto config = elkodon::configuration::load();
        change(config);
        const auto thrown = caught([&] { return elkodon::node::create(config); });
        CHECK(thrown.code() == errc::invalid_value);
        return thrown.property();
    };
    CHECK(refused([](auto& config) { config.liveness_bound = 0ms; }) == "liveness_bound");
    CHECK(refused([](auto& config) { config.event.max_listeners = 0; }) == "event.max_listeners");
    CHECK(refused([](auto& config) { config.files.services = "a/b"; }) == "files.services");
    CHECK(refused([](auto& config) { config.publish_subscribe.history_size = 1 << 21; }) ==
          "publish_subscribe.history_size");
}

TEST_CASE("what the creator doesn't choose comes from its node's configuration, whoever opens the "
          "service") {
    support::scratch_root scratch;
    auto config = elkodon::configuration::load();
    config.publish_subscribe.history_size = 3;
    config.publish_subscribe.max_subscribers = 1;
    config.event.event_id_max_value = 5;
    const auto maker = elkodon::node::create(config);
    config.publish_subscribe.history_size = 9;
    config.event.event_id_max_value = 70;
    const auto other = elkodon::node::create(config);

    auto made = maker.service("numbers").publish_subscribe<int>().create();
    auto publisher = made.publisher().create();
    for (int i = 0; i < 6; ++i) publisher.send_copy(i);
    auto opened = other.service("numbers").publish_subscribe<int>().open();
    CHECK(opened.properties() == made.properties());
    CHECK(opened.properties().at("history_size") == 3);
    CHECK(opened.properties().at("max_subscribers") == 1);
    CHECK(opened.properties().at("enable_safe_overflow") == 1);
    CHECK(opened.properties() == elkodon::list_services(config).at(0).properties);
    CHECK(elkodon::publish_subscribe_service<int>().properties().empty());
    auto subscriber = opened.subscriber().create();
    for (int i = 3; i < 6; ++i) CHECK(*subscriber.receive() == i);
    std::error_code ec;
    CHECK_FALSE(opened.subscriber().create(ec));
    CHECK(ec == errc::port_limit_reached);
    // Only what is asked for is compared.
    CHECK(caught([&] {
              return other.service("numbers").publish_subscribe<int>().history_size(4).open();
          }).found() == "3");

    auto bells = maker.service("bells").event().create();
    CHECK(bells.properties().at("event_id_max_value") == 5);
    auto notifier = other.service("bells").event().open().notifier().create();
    CHECK_FALSE(notifier.notify(elkodon::event_id{5}));
    CHECK(notifier.notify(elkodon::event_id{6}) == errc::event_id_out_of_range);
}

TEST_CASE("whether slices grow, and what a full publisher does, comes from the configuration") {
    support::scratch_root scratch;
    auto config = elkodon::configuration::load();
    config.publish_subscribe.initial_max_slice_len = 4;
    config.publish_subscribe.allocation_strategy = elkodon::allocation_strategy::best_fit;
    config.publish_subscribe.enable_safe_overflow = false;
    config.publish_subscribe.subscriber_max_buffer_size = 1;
    config.publish_subscribe.backpressure = elkodon::backpressure::fail;
    const auto node = elkodon::node::create(config);
    auto service = node.service("scan").publish_subscribe<float[]>().create();
    auto publisher = service.publisher().create();
    auto subscriber = service.subscriber().create();
    CHECK_FALSE(publisher.send(publisher.loan(100)));
    CHECK(publisher.send(publisher.loan(4)) == errc::buffer_full);
    auto fixed =
        service.publisher().allocation_strategy(elkodon::allocation_strategy::fixed).create();
    CHECK(fixed.try_loan(5).error() == errc::slice_too_long);
}

TEST_CASE("nodes of different domains, prefixes or roots never meet") {
    support::scratch_root scratch;
    auto config = elkodon::configuration::load();
    const auto node = elkodon::node::create(config);
    auto service = node.service("numbers").publish_subscribe<int>().create();
    const auto meets = [&] {
        std::error_code ec;
        const auto other = elkodon::node::create(config);
        const bool met(other.service("numbers").publish_subscribe<int>().open(ec));
        CHECK((met || ec == errc::service_not_found));
        return met;
    };
    CHECK(meets());
    config.domain = "simulation";
    CHECK_FALSE(meets());
    config.domain = "default";
    config.files.prefix = "other-";
    CHECK_FALSE(meets());
    config.files.prefix = "";
    fs::create_directory(scratch.path() / "root");
    fs::permissions(scratch.path() / "root", fs::perms::owner_all);
    config.root = scratch.path() / "root";
    CHECK_FALSE(meets());
}

TEST_CASE(
    "files are called as the configuration says, and whoever calls them otherwise in the same "
    "domain is refused") {
    support::scratch_root scratch;
    auto config = elkodon::configuration::load();
    config.domain = "named";
    config.files.services = "topics";
    config.files.publish_subscribe_suffix = ".topic";
    config.files.processes = "running";
    const auto node = elkodon::node::create(config);
    auto service = node.service("numbers").publish_subscribe<int>().create();
    CHECK(fs::exists(scratch.path() / "named" / "topics" / "numbers.topic" / "service.toml"));
    CHECK(fs::exists(scratch.path() / "named" / "running"));
    config.files.processes = "processes";
    const auto thrown = caught([&] { return elkodon::node::create(config); });
    CHECK(thrown.code() == errc::incompatible_property);
    CHECK(thrown.property() == "files.processes");
    CHECK(thrown.wanted() == "\"processes\"");
}

TEST_CASE("a node knows its name, its own id and its configuration") {
    support::scratch_root scratch;
    auto config = elkodon::configuration::load();
    config.node.name = "planner \"eins\"\n";
    const auto node = elkodon::node::create(config);
    CHECK(node.name() == config.node.name);
    CHECK(node.configuration() == config);
    const auto other = elkodon::node::create(config);
    CHECK(node.id() != other.id());
    CHECK(elkodon::node().name() == "");
    for (const auto& name : {std::string(256, 'x'), std::string("\xff"), std::string("a\0b", 3)}) {
        config.node.name = name;
        CHECK(caught([&] { return elkodon::node::create(config); }).code() == errc::invalid_name);
    }
}

TEST_CASE("nothing is cleaned up on opening or closing a service where the configuration says so") {
    support::scratch_root scratch;
    auto config = elkodon::configuration::load();
    const auto tidy = elkodon::node::create(config);
    config.clean_up = {false, false, false};
    const auto lazy = elkodon::node::create(config);
    auto service = tidy.service("numbers").publish_subscribe<int>().create();
    // The membership of a process that isn't.
    const auto remains = scratch.services() / "numbers.publish_subscribe" /
                         "member.00000000000000ff.00000000000000ff.00000000000000ff";
    write_to(remains, "");
    lazy.service("numbers").publish_subscribe<int>().open();
    CHECK(fs::exists(remains));
    tidy.service("numbers").publish_subscribe<int>().open();
    CHECK_FALSE(fs::exists(remains));
}

}  // namespace tests::configuration_cases
