// A file of 50 MiB goes in slices of mixed length to three processes, and arrives three times as it was.
#include "participants.hpp"

#include <filesystem>
#include <fstream>
#include <random>

namespace tests::file_cases {

using namespace test;

namespace {

constexpr std::uint64_t size = 50 * 1024 * 1024;

/// A directory outside shared memory, gone with the object.
struct place {
    std::filesystem::path path;
    place() {
        std::string name = std::filesystem::temp_directory_path() / "elkodon-test-XXXXXX";
        if (!mkdtemp(name.data())) throw std::runtime_error("mkdtemp " + name);
        path = name;
    }
    ~place() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    place(const place&) = delete;
    place& operator=(const place&) = delete;
};

void generate(const std::filesystem::path& path) {
    std::mt19937_64 random(1);
    std::vector<std::uint64_t> words(size / sizeof(std::uint64_t));
    for (auto& word : words) word = random();
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(words.data()), static_cast<std::streamsize>(size));
}

std::string checksum(const std::filesystem::path& path) {
    return child({"/usr/bin/env", "sha256sum", path.string()}).line().substr(0, 64);
}

}  // namespace

TEST_CASE("a file in slices of mixed length arrives whole in three processes") {
    const place files;
    const auto source = files.path / "source";
    generate(source);
    const auto expected = checksum(source);
    REQUIRE(expected.size() == 64);
    scratch_root root;
    std::vector<child> receivers;
    for (const auto* name : {"one", "two", "three"}) {
        receivers.push_back(support::start_agent());
        receivers.back().tell("receive_file " + (files.path / name).string() + " " +
                              std::to_string(size));
        REQUIRE(receivers.back().line() == "waiting");
    }
    auto sender = support::start_agent();
    CHECK(sender.ask("send_file " + source.string() + " 200000") == "ok");
    for (auto& each : receivers) CHECK(each.line() == "ok");
    for (const auto* name : {"one", "two", "three"}) CHECK(checksum(files.path / name) == expected);
    for (auto& each : receivers) CHECK(each.finish() == support::success);
    CHECK(sender.finish() == support::success);
    CHECK(root.listing() == support::nothing);
}

}  // namespace tests::file_cases
