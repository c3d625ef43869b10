// Slices that become longer than their publisher's chunks: its pools grow, and the old ones go.
#include "caught.hpp"
#include "child.hpp"

#include <elkodon/elkodon.hpp>
#include <elkodon/layout/pool_segment.hpp>
#include <support/scratch_root.hpp>
#include <support/skip.hpp>

#include <algorithm>
#include <atomic>
#include <fcntl.h>
#include <random>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace tests::growing_slice_cases {
namespace {

using elkodon::allocation_strategy;
using elkodon::errc;
using number = std::uint64_t;
using slices = number[];

struct world {
    support::scratch_root root;
    elkodon::node node = elkodon::node::create();
    auto scans() const { return node.service("scans").publish_subscribe<slices>(); }

    std::filesystem::path directory() const { return root.services() / "scans.publish_subscribe"; }
    std::vector<std::filesystem::path> pools() const {
        std::vector<std::filesystem::path> found;
        for (const auto& entry : std::filesystem::directory_iterator(directory()))
            if (contains(entry.path().filename(), ".pool.")) found.push_back(entry.path());
        return found;
    }
};

// Each element says which message it belongs to.
bool send(elkodon::publisher<slices>& publisher, number message, std::size_t length) {
    auto loan = publisher.try_loan_uninit(length);
    if (!loan) return false;
    std::ranges::fill(*loan, message);
    return !publisher.send(std::move(loan));
}

// The message, or ~0 when it is torn.
number whole(const elkodon::sample<slices>& sample) {
    const auto values = *sample;
    if (values.empty()) return ~number{0};
    const bool same =
        std::ranges::count(values, values.front()) == static_cast<std::ptrdiff_t>(values.size());
    return same ? values.front() : ~number{0};
}

std::size_t mapped_pools() {
    std::ifstream maps("/proc/self/maps");
    std::size_t count = 0;
    for (std::string line; std::getline(maps, line);) count += contains(line, ".pool.");
    return count;
}

void write_at(const std::filesystem::path& file, std::size_t offset, auto value) {
    const int opened = open(file.c_str(), O_RDWR | O_CLOEXEC);
    REQUIRE(pwrite(opened, &value, sizeof value, static_cast<off_t>(offset)) == sizeof value);
    close(opened);
}

constexpr std::size_t entry_offset(std::size_t entry) {
    namespace layout = elkodon::layout;
    return offsetof(layout::publisher_segment, pools) + entry * sizeof(layout::pool_entry);
}

}  // namespace

TEST_CASE(
    "a slice that is longer than the chunks is sent all the same, and what was sent before is "
    "received before") {
    world here;
    const auto strategy =
        GENERATE(allocation_strategy::best_fit, allocation_strategy::power_of_two);
    auto service = here.scans().subscriber_max_buffer_size(64).create();
    auto publisher =
        service.publisher().initial_max_slice_len(2).allocation_strategy(strategy).create();
    auto subscriber = service.subscriber().create();
    const std::vector<std::size_t> lengths{1, 2, 3, 2, 100, 1, 5000, 4999, 2, 5001, 70'000, 1};
    number message = 0;
    for (const auto length : lengths) REQUIRE(send(publisher, ++message, length));
    message = 0;
    for (const auto length : lengths) {
        const auto sample = subscriber.receive();
        REQUIRE(sample);
        CHECK((*sample).size() == length);
        CHECK(whole(sample) == ++message);
    }
    CHECK_FALSE(subscriber.receive());
    CHECK(subscriber.lost() == 0);
}

TEST_CASE("best_fit makes chunks of just that length, power_of_two of the next power") {
    world here;
    auto service = here.scans().create();
    const auto grown_by = [&](allocation_strategy strategy, std::size_t length) {
        auto publisher = service.publisher().allocation_strategy(strategy).create();
        const auto before = publisher.memory_size();
        REQUIRE(publisher.try_loan(length));
        return publisher.memory_size() - before;
    };
    const auto exact = grown_by(allocation_strategy::best_fit, 40'000);
    const auto power = grown_by(allocation_strategy::power_of_two, 40'000);
    CHECK(exact >= 40'000 * 8 * 35);
    CHECK(exact < 41'000 * 8 * 36);
    CHECK(power >= 65'536 * 8 * 35);
    // A power of two again: nothing grows up to there.
    auto publisher =
        service.publisher().allocation_strategy(allocation_strategy::power_of_two).create();
    REQUIRE(publisher.try_loan(33));
    const auto size = publisher.memory_size();
    REQUIRE(publisher.try_loan(64));
    CHECK(publisher.memory_size() == size);
    CHECK(here.pools().size() == 1);
}

TEST_CASE("a sample in an old pool stays as it was, and when it goes the pool goes, at both ends",
          "[own mappings]") {
    world here;
    auto service = here.scans().create();
    auto publisher =
        service.publisher().allocation_strategy(allocation_strategy::best_fit).create();
    auto subscriber = service.subscriber().create();
    REQUIRE(send(publisher, 1, 10));
    auto held = subscriber.receive();
    REQUIRE(held);
    const auto size = publisher.memory_size();
    for (number i = 2; i < 300; ++i) {
        REQUIRE(send(publisher, i, 20));
        subscriber.receive();
    }
    CHECK(here.pools().size() == 2);
    CHECK(mapped_pools() ==
          2);  // the subscriber's: files had no name yet when their publisher mapped them
    CHECK(whole(held) == 1);
    held.reset();
    for (number i = 300; i < 600; ++i) {
        REQUIRE(send(publisher, i, 20));
        const auto sample = subscriber.receive();
        REQUIRE(whole(sample) == i);
    }
    CHECK(here.pools().size() == 1);
    CHECK(mapped_pools() == 1);
    CHECK(publisher.memory_size() < 2 * size);
    publisher = {};
    CHECK(here.pools().empty());
}

TEST_CASE("pools grow more often than a publisher can name at once, as long as old ones go") {
    world here;
    auto service = here.scans().create();
    auto publisher =
        service.publisher().allocation_strategy(allocation_strategy::best_fit).create();
    auto subscriber = service.subscriber().create();
    for (std::size_t length = 1; length <= 200; ++length) {
        REQUIRE(send(publisher, length, length));
        const auto sample = subscriber.receive();
        REQUIRE(sample);
        REQUIRE((*sample).size() == length);
        REQUIRE(whole(sample) == length);
    }
    CHECK(subscriber.lost() == 0);
    CHECK(here.pools().size() < elkodon::layout::max_pools);
}

TEST_CASE(
    "while samples pin all old pools a longer slice is an error, and goes out once one was let "
    "go") {
    world here;
    auto service = here.scans().subscriber_max_borrowed_samples(40).create();
    auto publisher =
        service.publisher().allocation_strategy(allocation_strategy::best_fit).create();
    auto subscriber = service.subscriber().create();
    std::vector<elkodon::sample<slices>> held;
    std::size_t length = 1;
    for (; length < 100 && send(publisher, length, length); ++length) {
        held.push_back(subscriber.receive());
        REQUIRE(held.back());
    }
    CHECK(length == 17);  // the first pool, and 15 further ones
    const auto refused = publisher.try_loan_uninit(length);
    CHECK(refused.error() == errc::chunks_exhausted);
    REQUIRE(send(publisher, 1000, 16));
    CHECK(whole(subscriber.receive()) == 1000);
    for (std::size_t i = 0; i < held.size(); ++i) CHECK(whole(held[i]) == i + 1);
    held.erase(held.begin() + 3);
    for (number i = 0; i < 40; ++i) {
        REQUIRE(send(publisher, i, 1));  // its message leaves the ring
        subscriber.receive();
    }
    CHECK(send(publisher, 5, length));
    CHECK(whole(subscriber.receive()) == 5);
}

TEST_CASE("who joins late receives a history that lies in several pools, and then what comes") {
    world here;
    auto service = here.scans().history_size(6).create();
    auto publisher =
        service.publisher().allocation_strategy(allocation_strategy::best_fit).create();
    for (const std::size_t length : {1, 1, 1, 30, 30, 400})
        REQUIRE(send(publisher, length, length));
    auto late = service.subscriber().create();
    for (const number message : {1, 1, 1, 30, 30, 400}) {
        const auto sample = late.receive();
        REQUIRE(sample);
        CHECK((*sample).size() == message);
        CHECK(whole(sample) == message);
    }
    REQUIRE(send(publisher, 7, 5000));
    CHECK(whole(late.receive()) == 7);
    CHECK(late.lost() == 0);
}

TEST_CASE("a loan from an old pool can be sent or dropped after its publisher has grown") {
    world here;
    auto service = here.scans().publisher_max_loaned_samples(3).create();
    auto publisher =
        service.publisher().allocation_strategy(allocation_strategy::best_fit).create();
    auto subscriber = service.subscriber().create();
    for (std::size_t length = 1; length < 60; length += 2) {
        auto old = publisher.loan(length);
        auto dropped = publisher.loan(length);
        auto longer = publisher.loan(length + 1);
        CHECK(publisher.try_loan(length + 2).error() == errc::loans_exhausted);  // and nothing grew
        std::ranges::fill(*old, length);
        std::ranges::fill(*longer, length + 1);
        dropped.reset();
        REQUIRE_FALSE(publisher.send(std::move(longer)));
        REQUIRE_FALSE(publisher.send(std::move(old)));
        CHECK(whole(subscriber.receive()) == length + 1);
        const auto sample = subscriber.receive();
        REQUIRE(sample);
        CHECK((*sample).size() == length);
        CHECK(whole(sample) == length);
    }
}

TEST_CASE("nothing is lost or torn in a lossless service while the pools grow and go") {
    world here;
    constexpr number count = 20'000;
    auto service = here.scans()
                       .enable_safe_overflow(false)
                       .subscriber_max_borrowed_samples(4)
                       .max_subscribers(2)
                       .create();
    auto publisher =
        service.publisher().allocation_strategy(allocation_strategy::best_fit).create();
    auto subscriber = service.subscriber().create();
    std::thread sends([&] {
        std::minstd_rand random(1);
        for (number i = 1; i <= count; ++i)
            if (!send(publisher, i, 1 + random() % (1 + i / 50))) std::abort();
    });
    number due = 1, wrong = 0;
    std::array<elkodon::sample<slices>, 3> batch;
    while (due <= count) {
        const auto taken = subscriber.receive_many(batch);
        for (auto& sample : std::span{batch}.first(taken)) wrong += whole(sample) != due++;
        if (taken == 0) std::this_thread::yield();
    }
    sends.join();
    CHECK(wrong == 0);
    CHECK(subscriber.lost() == 0);
    CHECK(here.pools().size() < elkodon::layout::max_pools);
}

TEST_CASE("who falls behind while the pools grow gets whole messages in order, and lost is exact") {
    world here;
    constexpr number count = 20'000;
    auto service = here.scans().history_size(4).max_subscribers(4).create();
    auto publisher =
        service.publisher().allocation_strategy(allocation_strategy::best_fit).create();
    auto subscriber = service.subscriber().create();
    std::atomic<bool> done{false};
    std::atomic<number> failures{0};
    std::thread sends([&] {
        std::minstd_rand random(2);
        for (number i = 1; i <= count; ++i)
            failures += !send(publisher, i, 1 + random() % (1 + i / 40));
        done = true;
    });
    number last = 0, taken = 0, wrong = 0;
    const auto drain = [&](auto& from, number& newest, number& how_many) {
        while (const auto sample = from.receive()) {
            const auto message = whole(sample);
            wrong += message == ~number{0} || message <= newest;
            newest = message;
            ++how_many;
        }
    };
    while (!done) {
        drain(subscriber, last, taken);
        auto late = service.subscriber().create();
        number newest = 0, few = 0;
        drain(late, newest, few);
    }
    sends.join();
    drain(subscriber, last, taken);
    CHECK(wrong == 0);
    CHECK(failures == 0);
    CHECK(last == count);
    CHECK(taken + subscriber.lost() == count);
}

#ifndef __SANITIZE_ADDRESS__  // the sanitizer takes descriptors of its own to look at memory
TEST_CASE("a pool that we have no descriptor for is an error of receive, and nothing is skipped") {
    world here;
    auto service = here.scans().create();
    auto publisher =
        service.publisher().allocation_strategy(allocation_strategy::best_fit).create();
    auto subscriber = service.subscriber().create();
    REQUIRE(send(publisher, 1, 1));
    CHECK(whole(subscriber.receive()) == 1);
    REQUIRE(send(publisher, 2, 100));
    rlimit before{};
    REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
    rlimit none = before;
    none.rlim_cur = 0;
    REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
    const auto refused = subscriber.receive();
    const auto again = subscriber.receive();
    const auto not_made = publisher.try_loan_uninit(1000);
    REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK_FALSE(refused);
    CHECK(refused.error() == std::errc::too_many_files_open);
    CHECK(again.error() == std::errc::too_many_files_open);
    CHECK(not_made.error() == std::errc::too_many_files_open);
    CHECK(whole(subscriber.receive()) == 2);
    CHECK(subscriber.lost() == 0);
    REQUIRE(send(publisher, 3, 1000));
    CHECK(whole(subscriber.receive()) == 3);
}
#endif

TEST_CASE("a file system that is too full for a longer slice is an error of the loan, and shorter "
          "ones go out",
          "[privileged]") {
    support::scratch_root root;
    const auto said = in_child([&]() -> std::string {
        if (const auto why = mount_tmpfs(root.path(), "size=1m,mode=0700"); !why.empty())
            return why;
        auto service =
            elkodon::node::create().service("scans").publish_subscribe<slices>().create();
        auto publisher =
            service.publisher().allocation_strategy(allocation_strategy::power_of_two).create();
        auto subscriber = service.subscriber().create();
        const auto refused = publisher.try_loan_uninit(1 << 20);
        if (refused.error() != errc::out_of_space) return refused.error().message();
        for (const auto length : {1, 10, 1, 10}) {
            if (!send(publisher, 5, static_cast<std::size_t>(length))) return "not sent";
            if (whole(subscriber.receive()) != 5) return "not received";
        }
        return "";
    });
    if (said.starts_with("skipped: ")) support::skip(said.substr(9));
    else CHECK(said == "");
}

TEST_CASE("what a killed publisher had sent from further pools reaches who was there, and then its "
          "files go",
          "[own mappings]") {
    world here;
    auto service = here.scans().subscriber_max_buffer_size(16).create();
    auto subscriber = service.subscriber().create();
    const auto said = in_child([&]() -> std::string {
        auto theirs = elkodon::node::create().service("scans").publish_subscribe<slices>().open();
        auto publisher =
            theirs.publisher().allocation_strategy(allocation_strategy::best_fit).create();
        for (const std::size_t length : {1, 50, 3000, 2}) send(publisher, length, length);
        raise(SIGKILL);
        return "still there";
    });
    CHECK(contains(said, "Killed"));
    CHECK(here.pools().size() == 2);
    // Whoever cleans up leaves it alone: the subscriber has not looked yet.
    {
        const auto cleaner =
            elkodon::node::create().service("scans").publish_subscribe<slices>().open();
    }
    CHECK(here.pools().size() == 2);
    std::vector<elkodon::sample<slices>> held;
    for (const number message : {1, 50}) {
        held.push_back(subscriber.receive());
        REQUIRE(held.back());
        CHECK(whole(held.back()) == message);
    }
    {
        const auto cleaner =
            elkodon::node::create().service("scans").publish_subscribe<slices>().open();
    }
    CHECK(here.pools().empty());
    CHECK_FALSE(std::filesystem::exists(here.directory() / "publisher.0"));
    held.erase(held.begin());
    CHECK(whole(subscriber.receive()) == 3000);
    CHECK(whole(subscriber.receive()) == 2);
    CHECK(whole(held[0]) == 50);
    CHECK(subscriber.lost() == 0);
}

TEST_CASE("a fork's child may drop a loan of a publisher that has grown, and harms nobody") {
    world here;
    auto service = here.scans().create();
    auto publisher =
        service.publisher().allocation_strategy(allocation_strategy::best_fit).create();
    auto subscriber = service.subscriber().create();
    auto loan = publisher.loan(1);
    REQUIRE(send(publisher, 1, 100));
    CHECK(in_child([&]() -> std::string {
              loan.reset();
              return publisher.try_loan_uninit(1000).error() == errc::forked ? "" : "not forked";
          }) == "");
    CHECK(whole(subscriber.receive()) == 1);
    CHECK(here.pools().size() == 1);
}

TEST_CASE("pool entries and pool files with impossible numbers lose that publisher's messages, and "
          "nothing else") {
    world here;
    auto service = here.scans().max_subscribers(2).create();
    auto bad = service.publisher().allocation_strategy(allocation_strategy::best_fit).create();
    auto good = service.publisher().create();
    REQUIRE(send(bad, 1, 1));
    REQUIRE(bad.try_loan(100));
    const auto segment = here.directory() / "publisher.0";
    const auto pools = here.pools();
    REQUIRE(pools.size() == 1);
    namespace layout = elkodon::layout;
    std::uint32_t first = 0;
    {
        const int opened = open(pools[0].c_str(), O_RDONLY | O_CLOEXEC);
        REQUIRE(pread(opened, &first, sizeof first, offsetof(layout::pool_segment, first_chunk)) ==
                sizeof first);
        close(opened);
    }
    SECTION("no entry") { write_at(segment, entry_offset(1), 0U); }
    SECTION("an entry without a file") { write_at(segment, entry_offset(1), first + 1); }
    SECTION("an entry that cannot be") { write_at(segment, entry_offset(1), ~0U); }
    SECTION("no file") { std::filesystem::remove(pools[0]); }
    SECTION("an empty file") {
        std::filesystem::remove(pools[0]);
        write_to(pools[0], "");
    }
    SECTION("a directory") {
        std::filesystem::remove(pools[0]);
        std::filesystem::create_directory(pools[0]);
    }
    SECTION("another first chunk") {
        write_at(pools[0], offsetof(layout::pool_segment, first_chunk), 7U);
    }
    SECTION("no chunks") { write_at(pools[0], offsetof(layout::pool_segment, chunk_count), 0U); }
    SECTION("more chunks than fit") {
        write_at(pools[0], offsetof(layout::pool_segment, chunk_count), 1'000'000U);
    }
    SECTION("all chunks") { write_at(pools[0], offsetof(layout::pool_segment, chunk_count), ~0U); }
    SECTION("a payload of none") {
        write_at(pools[0], offsetof(layout::pool_segment, payload_size), number{0});
    }
    SECTION("a payload of odd size") {
        write_at(pools[0], offsetof(layout::pool_segment, payload_size), number{801});
    }
    SECTION("an enormous payload") {
        write_at(pools[0], offsetof(layout::pool_segment, payload_size), ~number{0} - 7);
    }
    SECTION("another kind") { write_at(pools[0], offsetof(layout::segment_header, kind), 1U); }
    SECTION("another owner") {
        write_at(pools[0], offsetof(layout::segment_header, port), number{1});
    }
    auto subscriber = service.subscriber().create();
    for (number i = 0; i < 3; ++i) REQUIRE(send(bad, 50 + i, 100));
    REQUIRE(send(good, 9, 1));
    number received = 0;
    for (int i = 0; i < 10; ++i)
        if (const auto sample = subscriber.receive()) {
            CHECK(whole(sample) == 9);
            ++received;
        }
    CHECK(received == 1);
    CHECK(subscriber.lost() == 3);
}

}  // namespace tests::growing_slice_cases
