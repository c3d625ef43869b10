// A service directory in which something lies that isn't what its name says: it is named, nothing touches it, and who is
// in order goes on.
#include "../caught.hpp"
#include "../child.hpp"

#include <elkodon/layout/segment_header.hpp>
#include <elkodon/log.hpp>
#include <elkodon/node.hpp>
#include <support/scratch_root.hpp>

#include <fstream>
#include <iterator>
#include <sys/stat.h>
#include <unistd.h>

namespace tests::bad_files_cases {
namespace {

using elkodon::errc;
namespace fs = std::filesystem;
using lines = std::vector<std::string>;

std::string read_from(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// What may have happened to a file.
enum class damage { garbage, empty, truncated, newer, foreign };
constexpr damage all_damage[] = {damage::garbage, damage::empty, damage::truncated, damage::newer,
                                 damage::foreign};

std::string damaged(std::string bytes, damage how) {
    switch (how) {
        case damage::garbage: return std::string(bytes.size(), 'x');
        case damage::empty: return {};
        case damage::truncated: return bytes.substr(0, bytes.size() / 2);
        case damage::newer: {
            if (const auto at = bytes.find("layout = "); at != bytes.npos)
                return bytes.replace(at, 9, "layout = 9");
            const auto version = elkodon::layout::version + 1;
            bytes.replace(offsetof(elkodon::layout::segment_header, version), sizeof version,
                          reinterpret_cast<const char*>(&version), sizeof version);
            return bytes;
        }
        case damage::foreign: return bytes;
    }
    return bytes;
}

/// A file that must be found as it was put there.
class planted {
public:
    planted(fs::path path, const std::string& good, damage how)
        : path_(std::move(path)), bytes_(damaged(good, how)) {
        fs::remove(path_);
        std::ofstream(path_, std::ios::binary) << bytes_;
        if (how == damage::foreign && chown(path_.c_str(), 12345, 12345) != 0)
            bytes_ = damaged(good, damage::empty), std::ofstream(path_, std::ios::trunc);
        before_ = facts();
    }
    bool untouched() const { return read_from(path_) == bytes_ && facts() == before_; }

private:
    std::vector<std::uint64_t> facts() const {
        struct stat now{};
        REQUIRE(lstat(path_.c_str(), &now) == 0);
        return {now.st_ino, now.st_uid, now.st_mode, static_cast<std::uint64_t>(now.st_size),
                static_cast<std::uint64_t>(now.st_mtim.tv_nsec)};
    }

    fs::path path_;
    std::string bytes_;
    std::vector<std::uint64_t> before_;
};

/// The lines of the log, while it lives.
class logged {
public:
    logged() {
        elkodon::set_log_sink([this](auto, std::string_view line) { lines_.emplace_back(line); });
    }
    ~logged() { elkodon::set_log_sink({}); }
    bool names(const std::string& file) const {
        return std::any_of(lines_.begin(), lines_.end(),
                           [&](const auto& line) { return contains(line, file); });
    }

private:
    lines lines_;
};

}  // namespace

TEST_CASE(
    "whatever has become of what a service stands on, opening names the file and the way out, "
    "and touches nothing") {
    for (const std::string name : {"service.toml", "control"})
        for (const auto how : all_damage) {
            if (name == "service.toml" && how == damage::foreign)
                continue;  // its text is what counts
            INFO(name << ", damage " << static_cast<int>(how));
            support::scratch_root root;
            const auto node = elkodon::node::create();
            auto service = node.service("camera").publish_subscribe<int>().create();
            auto publisher = service.publisher().create();
            auto subscriber = service.subscriber().create();
            const auto path = root.services() / "camera.publish_subscribe" / name;
            const planted file(path, read_from(path), how);
            for (const bool create : {false, true}) {
                const auto error = caught([&] {
                    const auto asked = node.service("camera").publish_subscribe<int>();
                    return create ? asked.open_or_create() : asked.open();
                });
                CHECK(error.code() != errc::service_not_found);
                CHECK(contains(error.what(), "camera"));
                CHECK(contains(error.what(), name == "control" ? "control page" : name));
                CHECK(file.untouched());
            }
            publisher.send_copy(6);  // who was there before goes on
            CHECK(*subscriber.receive() == 6);
        }
}

TEST_CASE("a port's file that isn't one is passed over, named in the log, and left alone") {
    for (const std::string kind : {"publisher", "subscriber"})
        for (const auto how : all_damage) {
            INFO(kind << ", damage " << static_cast<int>(how));
            const logged log;
            support::scratch_root root;
            const auto node = elkodon::node::create();
            auto service =
                node.service("camera").publish_subscribe<int>().max_publishers(4).create();
            auto publisher = service.publisher().create();
            auto subscriber = service.subscriber().create();
            const auto directory = root.services() / "camera.publish_subscribe";
            const planted file(directory / (kind + ".1"), read_from(directory / (kind + ".0")), how);
            // Newcomers make everybody look again.
            auto other = node.service("camera").publish_subscribe<int>().open();
            auto late_publisher = other.publisher().create();
            auto late_subscriber = other.subscriber().create();
            for (int i = 0; i < 100; ++i) {
                REQUIRE_FALSE(publisher.send_copy(i));
                REQUIRE_FALSE(late_publisher.send_copy(i));
                for (auto* each : {&subscriber, &late_subscriber})
                    for (int k = 0; k < 2; ++k) CHECK(each->receive());
            }
            CHECK(subscriber.lost() == 0);
            CHECK(log.names(kind + ".1 in service \"camera\""));
            CHECK(file.untouched());
        }
}

TEST_CASE("notifiers and listeners pass over what isn't one of them, and hear each other") {
    for (const std::string kind : {"notifier", "listener"})
        for (const auto how : all_damage) {
            INFO(kind << ", damage " << static_cast<int>(how));
            const logged log;
            support::scratch_root root;
            const auto node = elkodon::node::create();
            auto service = node.service("bell").event().create();
            auto notifier = service.notifier().create();
            auto listener = service.listener().create();
            const auto directory = root.services() / "bell.event";
            const planted file(directory / (kind + ".1"), read_from(directory / (kind + ".0")), how);
            auto late_listener = service.listener().create();
            auto late_notifier = service.notifier().create();
            for (auto* each : {&notifier, &late_notifier}) {
                CHECK_FALSE(each->notify());
                CHECK(listener.try_wait());
                CHECK(late_listener.try_wait());
            }
            CHECK(log.names(kind + ".1 in service \"bell\""));
            CHECK(file.untouched());
        }
}

// A doorbell that isn't one rings nobody: who sleeps there looks once a liveness bound.
TEST_CASE("a doorbell's file that isn't one is left alone, and its owner's peers go on") {
    for (const auto how : all_damage) {
        INFO("damage " << static_cast<int>(how));
        support::scratch_root root;
        const auto node = elkodon::node::create();
        auto service = node.service("camera").publish_subscribe<int>().create();
        auto subscriber = service.subscriber().create();
        subscriber.native_handle();
        std::vector<fs::path> bells;
        for (const auto& each : fs::directory_iterator(root.doorbells()))
            if (each.is_regular_file()) bells.push_back(each.path());
        REQUIRE(bells.size() == 1);
        const planted file(bells[0], read_from(bells[0]), how);
        auto publisher = service.publisher().create();
        publisher.send_copy(6);
        CHECK(*subscriber.receive() == 6);
        CHECK(file.untouched());
    }
}

// In `processes`: a name that could be a process' and has no lock is the remains of a dead one, whatever is in it; any
// other name is nobody's.
TEST_CASE("what lies among the lock files and isn't one is left alone") {
    support::scratch_root root;
    const auto first = elkodon::node::create();
    const std::string odd[] = {"not a process", "00000000000000ff.more", "00000000000000fg"};
    for (const auto& name : odd) std::ofstream(root.processes() / name) << "precious";
    fs::create_directory(root.processes() / "00000000000000fe");
    // A process' first node cleans up.
    CHECK(in_child([] { return elkodon::node::create() ? "" : "no node"; }) == "");
    for (const auto& name : odd) CHECK(read_from(root.processes() / name) == "precious");
    CHECK(fs::is_directory(root.processes() / "00000000000000fe"));
}

}  // namespace tests::bad_files_cases
