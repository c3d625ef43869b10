// Messages with a header of the user's own, beside the payload.
#include "caught.hpp"

#include <elkodon/elkodon.hpp>
#include <support/scratch_root.hpp>

#include <array>
#include <cstring>
#include <vector>

namespace tests::user_header_cases {
namespace {

using elkodon::errc;

struct stamp {
    std::uint64_t turn = 7;
    double started = 0.25;
};
struct tag {
    char letter;
};
struct alignas(64) wide_stamp {
    std::uint32_t turn;
};
struct alignas(256) page_of {
    std::uint64_t number;
    unsigned char rest[5000];
};
struct long_stamp {
    std::array<std::uint64_t, 37> words;
};

template <class T, class Header>
struct pair_of {
    support::scratch_root root;
    elkodon::node node = elkodon::node::create();
    elkodon::publish_subscribe_service<T, Header> service =
        node.service("numbers").publish_subscribe<T, Header>().history_size(4).create();
    elkodon::publisher<T, Header> publisher = service.publisher().create();
    elkodon::subscriber<T, Header> subscriber = service.subscriber().create();
};

template <class T>
bool aligned(const T& value) {
    return reinterpret_cast<std::uintptr_t>(&value) % alignof(T) == 0;
}

const std::byte* begin_of(const auto& value) { return reinterpret_cast<const std::byte*>(&value); }

}  // namespace

TEST_CASE("a header is set before sending, and read beside its payload") {
    pair_of<std::uint64_t, stamp> both;
    for (std::uint64_t i = 0; i < 50; ++i) {
        auto loan = both.publisher.loan_uninit();
        loan.header() = {.turn = i, .started = 0.5 * static_cast<double>(i)};
        loan.emplace(100 + i);
        REQUIRE_FALSE(both.publisher.send(std::move(loan)));
        const auto sample = both.subscriber.receive();
        REQUIRE(sample);
        CHECK(sample.header().turn == i);
        CHECK(sample.header().started == 0.5 * static_cast<double>(i));
        CHECK(*sample == 100 + i);
        CHECK(sample.bytes().size() == sizeof(std::uint64_t));
    }
    CHECK(both.subscriber.lost() == 0);
}

TEMPLATE_TEST_CASE(
    "header and payload lie where their types ask, whatever the two, and don't touch",
    "",
    (std::pair<std::uint8_t, tag>),
    (std::pair<std::uint8_t, stamp>),
    (std::pair<std::uint64_t, tag>),
    (std::pair<std::uint64_t, wide_stamp>),
    (std::pair<std::uint64_t, long_stamp>),
    (std::pair<std::uint64_t, page_of>),
    (std::pair<page_of, tag>),
    (std::pair<page_of, wide_stamp>),
    (std::pair<wide_stamp, page_of>)) {
    using payload = typename TestType::first_type;
    using header = typename TestType::second_type;
    pair_of<payload, header> both;
    for (int i = 0; i < 60; ++i) {  // once around the pool
        auto loan = both.publisher.loan_uninit();
        REQUIRE(aligned(*loan));
        REQUIRE(aligned(loan.header()));
        std::memset(static_cast<void*>(&loan.header()), i + 1, sizeof(header));
        std::memset(static_cast<void*>(&*loan), i, sizeof(payload));
        REQUIRE_FALSE(both.publisher.send(std::move(loan)));
        const auto sample = both.subscriber.receive();
        REQUIRE(sample);
        REQUIRE(sample.sequence() == 8U + static_cast<unsigned>(i));
        for (std::size_t at = 0; at < sizeof(payload); ++at)
            REQUIRE(begin_of(*sample)[at] == static_cast<std::byte>(i));
        for (std::size_t at = 0; at < sizeof(header); ++at)
            REQUIRE(begin_of(sample.header())[at] == static_cast<std::byte>(i + 1));
    }
}

TEST_CASE("a small header shares the first cache line with chunk header and payload") {
    pair_of<std::uint64_t, stamp> both;
    const auto loan = both.publisher.loan_uninit();
    const auto line_of = [](const auto& value) {
        return reinterpret_cast<std::uintptr_t>(&value) / 64;
    };
    CHECK(line_of(loan.header()) == line_of(*loan));
}

TEST_CASE("loan and send_copy give a value-initialised header, unless there is one to copy") {
    pair_of<int, stamp> both;
    {
        auto dirty = both.publisher.loan_uninit();
        dirty.header() = {.turn = 1, .started = 2};
    }
    auto loan = both.publisher.loan();
    CHECK(loan.header().turn == 7);
    loan.header() = {.turn = 1, .started = 2};
    loan.reset();
    REQUIRE_FALSE(both.publisher.send_copy(3));
    CHECK(both.subscriber.receive().header().turn == 7);
    REQUIRE_FALSE(both.publisher.send_copy(4, stamp{.turn = 9, .started = 1}));
    const auto sample = both.subscriber.receive();
    CHECK(*sample == 4);
    CHECK(sample.header().turn == 9);
}

TEST_CASE("a late joiner and a batch read headers as well") {
    pair_of<int, stamp> both;
    for (int i = 0; i < 4; ++i)
        both.publisher.send_copy(i, stamp{.turn = static_cast<std::uint64_t>(10 + i)});
    auto late = both.service.subscriber().create();
    std::array<elkodon::sample<int, stamp>, 2> batch;
    for (int i = 0; i < 4; i += 2) {
        REQUIRE(late.receive_many(batch) == 2);
        CHECK(*batch[0] == i);
        CHECK(batch[1].header().turn == static_cast<std::uint64_t>(11 + i));
    }
}

TEST_CASE("without a header a message lies as it did, and a service with one is another") {
    pair_of<int, void> both;
    CHECK(both.service.type() == elkodon::type_details("i32", 4, 4));
    const auto error =
        caught([&] { return both.node.service("numbers").publish_subscribe<int, stamp>().open(); });
    CHECK(error.code() == errc::incompatible_type);
    CHECK(error.property() == "user header");
    CHECK(contains(error.wanted(), "stamp"));
    CHECK(error.found() == "none");
}

}  // namespace tests::user_header_cases
