// Payloads at the ends of what they may be: every length, odd alignments, large headers, described types.
#include "caught.hpp"

#include <elkodon/node.hpp>
#include <support/scratch_root.hpp>

#include <array>
#include <numeric>
#include <vector>

namespace tests::payload_kind_cases {
namespace {

using elkodon::allocation_strategy;
using elkodon::errc;
using elkodon::untyped;
using values = std::vector<std::uint32_t>;

values counted(std::size_t length, std::uint32_t first) {
    values made(length);
    std::iota(made.begin(), made.end(), first);
    return made;
}

bool aligned(const void* at, std::uint64_t alignment) {
    return reinterpret_cast<std::uintptr_t>(at) % alignment == 0;
}

struct world {
    support::scratch_root root;
    elkodon::node node = elkodon::node::create();
    auto scans() const { return node.service("scans").publish_subscribe<std::uint32_t[]>(); }
};

struct large_header {
    std::array<std::uint64_t, 1024> words;
};

}  // namespace

TEST_CASE("slices of every length from none to the most arrive with their length") {
    world here;
    auto service = here.scans().create();
    auto publisher = service.publisher().initial_max_slice_len(130).create();
    auto subscriber = service.subscriber().create();
    for (std::uint32_t length = 0; length <= 130; ++length) {
        REQUIRE_FALSE(publisher.send_copy(counted(length, length)));
        const auto sample = subscriber.receive();
        REQUIRE(sample);
        CHECK(values((*sample).begin(), (*sample).end()) == counted(length, length));
    }
}

TEST_CASE("a service of slices says that it is one, and what its elements are; another element is "
          "another type") {
    world here;
    auto service = here.scans().create();
    CHECK(service.type().slice);
    CHECK(service.type().name == "u32");
    CHECK(service.type().size == 4);
    CHECK(service.type().alignment == 4);
    const auto error =
        caught([&] { return here.node.service("scans").publish_subscribe<float[]>().open(); });
    CHECK(error.code() == errc::incompatible_type);
    CHECK(error.found() == "u32");
}

TEST_CASE("payloads lie where payload_alignment asks in every chunk, slices of any length too") {
    world here;
    for (const std::uint64_t alignment : {32, 256, 4096}) {
        auto service =
            here.scans().payload_alignment(alignment).subscriber_max_borrowed_samples(40).create();
        auto publisher = service.publisher().initial_max_slice_len(50).create();
        auto subscriber = service.subscriber().create();
        std::vector<elkodon::sample<std::uint32_t[]>> held;
        for (std::uint32_t i = 0; i < 40; ++i) {
            auto loan = publisher.loan(1 + i);
            CHECK(aligned((*loan).data(), alignment));
            REQUIRE_FALSE(publisher.send(std::move(loan)));
            held.push_back(subscriber.receive());
            REQUIRE(held.back());
            CHECK(aligned((*held.back()).data(), alignment));
        }
    }
}

TEST_CASE("whoever falls behind at every length of a growing slice gets the newest, whole") {
    for (const auto strategy : {allocation_strategy::best_fit, allocation_strategy::power_of_two}) {
        world here;
        auto service = here.scans().subscriber_max_buffer_size(4).history_size(4).create();
        auto publisher = service.publisher().allocation_strategy(strategy).create();
        auto subscriber = service.subscriber().create();
        std::uint64_t taken = 0, sent = 0;
        for (std::uint32_t length = 1; length < 200; length += 3) {
            for (std::uint32_t i = 0; i < 7; ++i, ++sent)
                REQUIRE_FALSE(publisher.send_copy(counted(length, i)));
            std::uint32_t first = 3;
            while (const auto sample = subscriber.receive()) {
                CHECK(values((*sample).begin(), (*sample).end()) == counted(length, first++));
                ++taken;
            }
            CHECK(first == 7);
            CHECK(taken + subscriber.lost() == sent);
        }
        // A history that lies in several pools.
        for (const std::uint32_t length : {300, 600, 1200, 2400})
            REQUIRE_FALSE(publisher.send_copy(counted(length, length)));
        auto late = service.subscriber().create();
        for (const std::uint32_t length : {300, 600, 1200, 2400}) {
            const auto sample = late.receive();
            REQUIRE(sample);
            CHECK(values((*sample).begin(), (*sample).end()) == counted(length, length));
        }
    }
}

TEST_CASE("a publisher that has grown, and ended before anybody mapped what it grew to, is "
          "received all the same") {
    world here;
    auto service = here.scans().create();
    auto subscriber = service.subscriber().create();
    auto publisher =
        service.publisher().allocation_strategy(allocation_strategy::best_fit).create();
    for (const std::uint32_t length : {1, 10, 100, 1000})
        REQUIRE_FALSE(publisher.send_copy(counted(length, length)));
    publisher = {};
    for (const std::uint32_t length : {1, 10, 100, 1000}) {
        const auto sample = subscriber.receive();
        REQUIRE(sample);
        CHECK(values((*sample).begin(), (*sample).end()) == counted(length, length));
    }
    CHECK_FALSE(subscriber.receive().error());
    CHECK(subscriber.lost() == 0);
}

TEST_CASE("a user header of 8 KiB goes with the message; that of an uninitialised loan is what lay "
          "there") {
    world here;
    auto service = here.node.service("headers").publish_subscribe<int[], large_header>().create();
    auto publisher = service.publisher().initial_max_slice_len(4).create();
    auto subscriber = service.subscriber().create();
    auto loan = publisher.loan(3);
    CHECK(loan.header().words[1023] == 0);
    for (std::uint64_t i = 0; i < 1024; ++i) loan.header().words[i] = i;
    loan.reset();
    auto again = publisher.loan_uninit(2);
    for (std::uint64_t i = 0; i < 1024; ++i) CHECK(again.header().words[i] == i);
    REQUIRE_FALSE(publisher.send(std::move(again)));
    const auto sample = subscriber.receive();
    REQUIRE(sample);
    for (std::uint64_t i = 0; i < 1024; ++i) CHECK(sample.header().words[i] == i);
}

TEST_CASE("a described type and a C++ type of the same description are one; others are refused, "
          "either way") {
    world here;
    const elkodon::type_details right{.name = "u32", .size = 4, .alignment = 4};
    const elkodon::type_details wrong{.name = "u64", .size = 8, .alignment = 8};
    {
        const auto described = here.node.service("one").publish_subscribe<untyped>(right).create();
        CHECK(here.node.service("one").publish_subscribe<std::uint32_t>().open());
        const auto error = caught(
            [&] { return here.node.service("one").publish_subscribe<std::uint64_t>().open(); });
        CHECK(error.code() == errc::incompatible_type);
    }
    const auto typed = here.node.service("one").publish_subscribe<std::uint32_t>().create();
    CHECK(here.node.service("one").publish_subscribe<untyped>(right).open());
    const auto error =
        caught([&] { return here.node.service("one").publish_subscribe<untyped>(wrong).open(); });
    CHECK(error.code() == errc::incompatible_type);
    CHECK(error.wanted() == "u64");
}

TEST_CASE("payloads of a described size and alignment have both, at both ends, slices and ever "
          "longer ones too") {
    world here;
    {
        const elkodon::type_details large{.name = "block", .size = 1024, .alignment = 1024};
        auto service = here.node.service("blocks").publish_subscribe<untyped>(large).create();
        auto publisher = service.publisher().create();
        auto subscriber = service.subscriber().create();
        auto loan = publisher.loan_uninit();
        CHECK(loan.bytes().size() == 1024);
        CHECK(aligned(loan.bytes().data(), 1024));
        REQUIRE_FALSE(publisher.send(std::move(loan)));
        const auto sample = subscriber.receive();
        CHECK(sample.bytes().size() == 1024);
        CHECK(aligned(sample.bytes().data(), 1024));
    }
    const elkodon::type_details element{
        .name = "element", .size = 2048, .alignment = 2048, .slice = true};
    auto service = here.node.service("elements").publish_subscribe<untyped>(element).create();
    auto publisher = service.publisher()
                         .initial_max_slice_len(7)
                         .allocation_strategy(allocation_strategy::best_fit)
                         .create();
    auto subscriber = service.subscriber().create();
    for (std::size_t length = 1; length < 100; length += length < 10 ? 1 : 17) {
        auto loan = publisher.loan_uninit(length);
        CHECK(loan.bytes().size() == length * 2048);
        CHECK(aligned(loan.bytes().data(), 2048));
        loan.bytes().back() = static_cast<std::byte>(length);
        REQUIRE_FALSE(publisher.send(std::move(loan)));
        const auto sample = subscriber.receive();
        REQUIRE(sample.bytes().size() == length * 2048);
        CHECK(aligned(sample.bytes().data(), 2048));
        CHECK(sample.bytes().back() == static_cast<std::byte>(length));
    }
}

}  // namespace tests::payload_kind_cases
