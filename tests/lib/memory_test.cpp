// The memory of a publisher: how much it is, and that the data path meets no page fault when it is mapped beforehand.
#include "caught.hpp"
#include "numbers.hpp"

#include <elkodon/node.hpp>
#include <support/scratch_root.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <fstream>
#include <sys/resource.h>
#include <vector>

namespace tests::memory_cases {
namespace {

using elkodon::errc;

struct large {
    std::byte bytes[16 * 1024];
};

/// What the documentation says, in bytes: docs/memory.md.
std::uint64_t documented(std::uint64_t payload,
                         std::uint64_t buffer,
                         std::uint64_t history,
                         std::uint64_t borrowed,
                         std::uint64_t subscribers,
                         std::uint64_t loaned) {
    const auto up = [](std::uint64_t value, std::uint64_t step) {
        return (value + step - 1) / step * step;
    };
    const auto ring = std::bit_ceil(std::max({buffer, history, std::uint64_t{2}}));
    const auto chunk = up(16 + payload, 128);
    const auto slack = std::clamp<std::uint64_t>(64 * 1024 / chunk, 8, 64);
    const auto chunks = ring + borrowed * subscribers + loaned + 1 + slack;
    return up(up(896 + 8 * ring, 4096) + chunks * chunk, 4096);
}

}  // namespace

TEST_CASE("a publisher's memory is what the documented formula says, before it is made and after") {
    support::scratch_root root;
    const auto node = elkodon::node::create();
    for (const std::uint64_t buffer : {1, 9, 1000})
        for (const std::uint64_t history : {0, 100})
            for (const std::uint64_t borrowed : {1, 30})
                for (const std::uint64_t subscribers : {1, 20})
                    for (const std::uint64_t loaned : {1, 7}) {
                        auto service = node.service("numbers")
                                           .publish_subscribe<large>()
                                           .subscriber_max_buffer_size(buffer)
                                           .history_size(history)
                                           .subscriber_max_borrowed_samples(borrowed)
                                           .max_subscribers(subscribers)
                                           .publisher_max_loaned_samples(loaned)
                                           .create();
                        const auto said = service.publisher().memory_size();
                        CHECK(said == documented(sizeof(large), buffer, history, borrowed,
                                                 subscribers, loaned));
                        if (buffer < 1000)
                            CHECK(service.publisher().create().memory_size() == said);
                    }
}

TEST_CASE("the memory of slices is known beforehand, and grows by what each further pool takes") {
    support::scratch_root root;
    auto service =
        elkodon::node::create().service("scans").publish_subscribe<std::uint32_t[]>().create();
    auto builder = service.publisher().initial_max_slice_len(1000).allocation_strategy(
        elkodon::allocation_strategy::best_fit);
    CHECK(builder.memory_size() == documented(4000, 8, 0, 2, 8, 2));
    auto publisher = builder.create();
    CHECK(publisher.memory_size() == builder.memory_size());
    REQUIRE(publisher.loan(2000));
    // As many chunks again as a publisher of that length would have, behind a page instead of a ring.
    const auto grown = service.publisher().initial_max_slice_len(2000).memory_size();
    CHECK(publisher.memory_size() == builder.memory_size() + grown);
}

TEST_CASE(
    "asking for the memory of a publisher that can't be is the error that creating it would be") {
    support::scratch_root root;
    auto service =
        elkodon::node::create().service("scans").publish_subscribe<std::uint32_t[]>().create();
    const auto builder = service.publisher().initial_max_slice_len(0);
    const auto asked = caught([&] { return builder.memory_size(); });
    const auto made = caught([&] { return builder.create(); });
    CHECK(asked.code() == errc::invalid_value);
    CHECK(asked.property() == made.property());
    CHECK(asked.wanted() == made.wanted());
    CHECK(caught([] {
              return elkodon::publish_subscribe_service<int>().publisher().memory_size();
          }).code() == errc::closed);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // their own memory faults
namespace {
long faults_of_this_thread() {
    rusage usage{};
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_minflt + usage.ru_majflt;
}
}  // namespace

TEST_CASE("with prefaulting no message meets a page fault after the first ones", "[no emulator]") {
    support::scratch_root root;
    auto config = elkodon::configuration::load();
    config.domain = "prefaulting";
    const bool by_configuration = GENERATE(false, true);
    config.memory.prefault = by_configuration;
    auto service = elkodon::node::create(config)
                       .service("large")
                       .publish_subscribe<large>()
                       .subscriber_max_buffer_size(64)
                       .create();
    const auto faults_of = [&](bool prefault) {
        auto publishing = service.publisher();
        auto subscribing = service.subscriber();
        if (!by_configuration || !prefault) {
            publishing.prefault(prefault);
            subscribing.prefault(prefault);
        }
        auto subscriber = subscribing.create();
        auto publisher = publishing.create();  // maps the subscriber now, not when it first looks
        std::uint64_t sum = 0;
        const auto one = [&] {
            auto loan = publisher.loan_uninit();
            std::ranges::fill(loan->bytes, std::byte{1});
            publisher.send(std::move(loan));
            const auto sample = subscriber.receive();
            for (const auto byte : sample->bytes) sum += static_cast<std::uint64_t>(byte);
        };
        for (int i = 0; i < 10; ++i) one();
        const auto before = faults_of_this_thread();
        for (int i = 0; i < 1000; ++i) one();
        const auto faults = faults_of_this_thread() - before;
        CHECK(sum == 1010 * sizeof(large));
        return faults;
    };
    // The first also brings in the code.
    CHECK(faults_of(false) > 50);
    CHECK(faults_of(true) == 0);
}
#endif

TEST_CASE("with huge pages messages go as without, whether the kernel has some or not") {
    support::scratch_root root;
    auto service = elkodon::node::create()
                       .service("large")
                       .publish_subscribe<large>()
                       .subscriber_max_buffer_size(256)
                       .create();
    for (const bool prefault : {false, true}) {
        auto publisher = service.publisher().huge_pages(true).prefault(prefault).create();
        auto subscriber = service.subscriber().huge_pages(true).prefault(prefault).create();
        CHECK(publisher.memory_size() > 2 * 1024 * 1024);
        for (int i = 0; i < 600; ++i) {
            auto loan = publisher.loan();
            loan->bytes[100] = static_cast<std::byte>(i);
            REQUIRE_FALSE(publisher.send(std::move(loan)));
            const auto sample = subscriber.receive();
            REQUIRE(sample);
            CHECK(sample->bytes[100] == static_cast<std::byte>(i));
        }
    }
}

TEST_CASE("when nothing is free any more, the error names the process that pins, and how much") {
    support::scratch_root root;
    auto service = elkodon::node::create()
                       .service("numbers")
                       .publish_subscribe<number>()
                       .max_subscribers(1)
                       .subscriber_max_borrowed_samples(200)
                       .subscriber_max_buffer_size(256)
                       .create();
    auto publisher = service.publisher().create();
    const auto hold = [&](auto& subscriber) {
        std::vector<elkodon::sample<number>> held;
        for (number i = 0; i < 200; ++i) {
            REQUIRE_FALSE(publisher.send_copy(i));
            held.push_back(subscriber.receive());
        }
        return held;
    };
    auto one = service.subscriber().create();
    for (number i = 0; i < 1000; ++i) publisher.send_copy(i);  // until the publisher knows it
    drain(one);
    const auto its = hold(one);
    // A subscriber that lives without its name: what a limit of one can't foresee.
    std::filesystem::remove(root.services() / "numbers.publish_subscribe" / "subscriber.0");
    auto other = service.subscriber().create();
    const auto others = hold(other);
    std::error_code ec;
    for (number i = 0; i < 1000 && !ec; ++i) ec = publisher.send_copy(i);
    CHECK(ec == errc::chunks_exhausted);
    const auto error = caught([&] { return publisher.loan(); });
    CHECK(error.code() == errc::chunks_exhausted);
    CHECK(contains(error.what(), "process " + std::to_string(getpid()) + " holds 200"));
    for (number i = 0; i < 200; ++i) {
        CHECK(*its[i] == i);
        CHECK(*others[i] == i);
    }
    one = {};
}

}  // namespace tests::memory_cases
