// Slices: messages of any number of elements.
#include "caught.hpp"

#include <elkodon/elkodon.hpp>
#include <elkodon/layout/publisher_segment.hpp>
#include <support/scratch_root.hpp>

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <numeric>
#include <unistd.h>
#include <vector>

namespace tests::slice_cases {
namespace {

using elkodon::errc;
using values = std::vector<std::uint32_t>;

struct stamp {
    std::uint64_t turn = 7;
};

values counted(std::size_t length, std::uint32_t first) {
    values made(length);
    std::iota(made.begin(), made.end(), first);
    return made;
}

template <class Span>
values copy_of(const Span& span) {
    return {span.begin(), span.end()};
}

struct world {
    support::scratch_root root;
    elkodon::node node = elkodon::node::create();
    auto scans() const { return node.service("scans").publish_subscribe<std::uint32_t[]>(); }
};

// Plain values pay nothing for slices and headers.
static_assert(sizeof(elkodon::loan<int>) == 16 && sizeof(elkodon::sample<int, stamp>) == 16);

}  // namespace

TEST_CASE("a slice arrives with the length that it was loaned with, however long the chunk is") {
    world here;
    auto service = here.scans().create();
    auto publisher = service.publisher().initial_max_slice_len(1000).create();
    auto subscriber = service.subscriber().create();
    for (const std::size_t length : {1, 2, 31, 32, 33, 999, 1000, 0, 7}) {
        auto loan = publisher.loan_uninit(length);
        REQUIRE(loan);
        REQUIRE((*loan).size() == length);
        CHECK(loan.bytes().size() == 4 * length);
        std::ranges::copy(counted(length, 5), (*loan).begin());
        REQUIRE_FALSE(publisher.send(std::move(loan)));
        const auto sample = subscriber.receive();
        REQUIRE(sample);
        CHECK(copy_of(*sample) == counted(length, 5));
        CHECK(sample.bytes().size() == 4 * length);
    }
}

TEST_CASE(
    "loan(n) gives value-initialised elements, loan_uninit(n) what lay there, send_copy a copy") {
    world here;
    auto service = here.scans().create();
    auto publisher = service.publisher().initial_max_slice_len(8).create();
    auto subscriber = service.subscriber().create();
    {
        auto dirty = publisher.loan_uninit(8);
        std::ranges::fill(*dirty, 9U);
    }
    {
        const auto again = publisher.try_loan_uninit(3);
        CHECK(copy_of(*again) == values{9, 9, 9});
    }
    CHECK(copy_of(*publisher.loan(8)) == values(8));
    CHECK(copy_of(*publisher.try_loan(2)) == values(2));
    REQUIRE_FALSE(publisher.send_copy(values{3, 4, 5}));
    CHECK(copy_of(*subscriber.receive()) == values{3, 4, 5});
}

TEST_CASE("with fixed chunks a longer slice is refused, and says so") {
    world here;
    auto service = here.scans().create();
    auto publisher = service.publisher().initial_max_slice_len(10).create();
    CHECK(publisher.loan_uninit(10));
    for (const std::size_t length : {std::size_t{11}, std::size_t{1} << 32, ~std::size_t{0}}) {
        const auto refused = publisher.try_loan_uninit(length);
        CHECK_FALSE(refused);
        CHECK(refused.error() == errc::slice_too_long);
        CHECK(refused.error() == std::errc::message_size);
        CHECK(contains(refused.error().message(), "initial_max_slice_len"));
        CHECK(refused.bytes().empty());
        CHECK(publisher.try_loan(length).error() == errc::slice_too_long);
        CHECK(caught([&] { return publisher.loan(length); }).code() == errc::slice_too_long);
        CHECK(caught([&] { return publisher.loan_uninit(length); }).code() == errc::slice_too_long);
    }
    CHECK(publisher.send_copy(values(11)) == errc::slice_too_long);
    CHECK_FALSE(publisher.send_copy(values(10)));
}

TEST_CASE("unless it is said otherwise a chunk has room for one element") {
    world here;
    auto service = here.scans().create();
    auto publisher = service.publisher().create();
    CHECK_FALSE(publisher.send_copy(values{1}));
    CHECK(publisher.send_copy(values{1, 2}) == errc::slice_too_long);
}

TEST_CASE("an initial_max_slice_len that cannot be is an error with the range") {
    world here;
    auto service = here.scans().create();
    for (const std::uint64_t wrong : {0ULL, 1ULL << 32, 1ULL << 62, ~0ULL}) {
        const auto error =
            caught([&] { return service.publisher().initial_max_slice_len(wrong).create(); });
        CHECK(error.code() == errc::invalid_value);
        CHECK(error.property() == "initial_max_slice_len");
        CHECK(error.wanted() == "1 … 4294967295");
        CHECK(error.found() == std::to_string(wrong));
    }
}

TEST_CASE("two publishers of one service have chunks of different lengths, and both are read") {
    world here;
    auto service = here.scans().history_size(8).create();
    auto narrow = service.publisher().initial_max_slice_len(2).create();
    auto wide = service.publisher().initial_max_slice_len(5000).create();
    auto subscriber = service.subscriber().create();
    narrow.send_copy(values{1, 2});
    wide.send_copy(counted(5000, 0));
    std::vector<std::size_t> lengths;
    while (const auto sample = subscriber.receive()) lengths.push_back((*sample).size());
    std::ranges::sort(lengths);
    CHECK(lengths == std::vector<std::size_t>{2, 5000});
    auto late = service.subscriber().create();
    std::array<elkodon::sample<std::uint32_t[]>, 2> batch;
    CHECK(late.receive_many(batch) == 2);
}

TEST_CASE("a slice has a user header beside it") {
    support::scratch_root root;
    auto service =
        elkodon::node::create().service("scans").publish_subscribe<double[], stamp>().create();
    auto publisher = service.publisher().initial_max_slice_len(3).create();
    auto subscriber = service.subscriber().create();
    auto loan = publisher.loan(2);
    CHECK(loan.header().turn == 7);
    loan.header().turn = 8;
    publisher.send(std::move(loan));
    publisher.send_copy(std::vector<double>{1, 2, 3}, stamp{9});
    auto sample = subscriber.receive();
    CHECK(sample.header().turn == 8);
    CHECK((*sample).size() == 2);
    sample = subscriber.receive();
    CHECK(sample.header().turn == 9);
    CHECK((*sample)[2] == 3);
}

TEST_CASE("slices and values are two types, whichever comes first") {
    world here;
    const auto slices = here.scans().create();
    CHECK(slices.type().slice);
    auto error = caught(
        [&] { return here.node.service("scans").publish_subscribe<std::uint32_t>().open(); });
    CHECK(error.code() == errc::incompatible_type);
    CHECK(error.property() == "variant of u32");
    CHECK(error.wanted() == "value");
    CHECK(error.found() == "slice");
    const auto numbers = here.node.service("numbers").publish_subscribe<std::uint32_t>().create();
    error = caught(
        [&] { return here.node.service("numbers").publish_subscribe<std::uint32_t[]>().open(); });
    CHECK(error.wanted() == "slice");
    CHECK(error.found() == "value");
}

TEST_CASE(
    "a length that the chunk cannot have is refused, counted as lost, and the next is received") {
    world here;
    auto service = here.scans().create();
    auto publisher = service.publisher().initial_max_slice_len(4).create();
    auto subscriber = service.subscriber().create();
    const auto pool = offsetof(elkodon::layout::publisher_segment, pools);
    const auto file = here.root.services() / "scans.publish_subscribe" / "publisher.0";
    std::uint64_t offset = 0, stride = 0;
    const int opened = open(file.c_str(), O_RDWR | O_CLOEXEC);
    const auto read_at = [&](std::size_t member, auto& into) {
        REQUIRE(pread(opened, &into, sizeof into, static_cast<off_t>(pool + member)) == sizeof into);
    };
    read_at(offsetof(elkodon::layout::pool_entry, offset), offset);
    read_at(offsetof(elkodon::layout::pool_entry, stride), stride);
    // In every chunk, since we don't know which one it will be.
    const auto lie = [&](std::uint32_t length) {
        for (std::uint64_t chunk = 0; chunk < 40; ++chunk) {
            const auto at =
                offset + chunk * stride + offsetof(elkodon::layout::chunk_header, length);
            REQUIRE(pwrite(opened, &length, sizeof length, static_cast<off_t>(at)) == sizeof length);
        }
    };
    for (const std::uint32_t length : {5U, 1000U, 1U << 31, ~0U}) {
        CAPTURE(length);
        const auto lost = subscriber.lost();
        publisher.send_copy(values{1, 2});
        lie(length);
        const auto refused = subscriber.receive();
        CHECK_FALSE(refused);
        CHECK(refused.error() == errc::overtaken);  // look again
        CHECK(subscriber.lost() == lost + 1);
        publisher.send_copy(values{1, 2});
        lie(length);
        publisher.send_copy(values{3, 4, 5});
        std::array<elkodon::sample<std::uint32_t[]>, 2> batch;
        REQUIRE(subscriber.receive_many(batch) == 1);
        CHECK(copy_of(*batch[0]) == values{3, 4, 5});
        CHECK(subscriber.lost() == lost + 2);
        publisher.send_copy(values{1, 2});
        lie(length);
        publisher.send_copy(values{6});
        CHECK(copy_of(*subscriber.blocking_receive()) == values{6});
    }
    close(opened);
}

}  // namespace tests::slice_cases
