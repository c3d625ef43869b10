#include "caught.hpp"
#include "child.hpp"

#include <elkodon/elkodon.hpp>
#include <support/scratch_root.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

namespace tests::publisher_cases {
namespace {

using elkodon::errc;

struct pose {
    double x = 0.5;
    std::int32_t turn = 7;
    bool valid = true;
};
struct alignas(64) line {
    unsigned char bytes[64];
};
struct alignas(4096) page {
    std::uint64_t number;
    unsigned char bytes[5000];
};
struct alignas(128) wide {
    char c;
};
struct nothing {};
using megabytes = std::array<std::uint64_t, 4 * 1024 * 1024 / 8>;

template <class T>
struct pair_of {
    support::scratch_root root;
    elkodon::node node = elkodon::node::create();
    elkodon::publish_subscribe_service<T> service =
        node.service("numbers").publish_subscribe<T>().max_subscribers(2).create();
    elkodon::publisher<T> publisher = service.publisher().create();
    elkodon::subscriber<T> subscriber = service.subscriber().create();
};

template <class T>
bool aligned(const T& value) {
    return reinterpret_cast<std::uintptr_t>(&value) % alignof(T) == 0;
}

}  // namespace

TEST_CASE("what was sent is received, value by value and byte by byte") {
    pair_of<pose> both;
    for (int i = 0; i < 100; ++i) {
        both.publisher.send_copy({1.0 * i, i, i % 2 == 0});
        const auto sample = both.subscriber.receive();
        REQUIRE(sample);
        CHECK(sample->x == 1.0 * i);
        CHECK((*sample).turn == i);
        CHECK(sample->valid == (i % 2 == 0));
        CHECK(sample.bytes().size() == sizeof(pose));
        CHECK(static_cast<const void*>(sample.bytes().data()) == &*sample);
        CHECK(sample.publisher_id() == both.publisher.id());
        CHECK_FALSE(sample.error());
    }
    CHECK_FALSE(both.subscriber.receive());
}

TEMPLATE_TEST_CASE("a payload lies where its type's alignment asks, at both ends",
                   "",
                   std::uint8_t,
                   std::uint64_t,
                   line,
                   wide,
                   page,
                   nothing) {
    pair_of<TestType> both;
    for (int i = 0; i < 40; ++i) {
        auto loan = both.publisher.loan_uninit();
        REQUIRE(aligned(*loan));
        std::memset(loan.bytes().data(), i, sizeof(TestType));
        CHECK(loan.bytes().size() == sizeof(TestType));
        REQUIRE_FALSE(both.publisher.send(std::move(loan)));
        const auto sample = both.subscriber.receive();
        REQUIRE(sample);
        REQUIRE(aligned(*sample));
        for (const auto byte : sample.bytes()) REQUIRE(byte == static_cast<std::byte>(i));
    }
}

TEST_CASE("an array of four megabytes arrives whole, without being copied") {
    support::scratch_root root;
    auto service = elkodon::node::create()
                       .service("frames")
                       .publish_subscribe<megabytes>()
                       .max_subscribers(1)
                       .subscriber_max_buffer_size(2)
                       .subscriber_max_borrowed_samples(1)
                       .publisher_max_loaned_samples(1)
                       .create();
    auto publisher = service.publisher().create();
    auto subscriber = service.subscriber().create();
    CHECK(publisher.memory_size() >= 13 * sizeof(megabytes));
    for (std::uint64_t i = 1; i <= 15; ++i) {  // once around the pool
        auto loan = publisher.loan_uninit();
        loan->front() = i;
        loan->back() = ~i;
        publisher.send(std::move(loan));
        const auto sample = subscriber.receive();
        REQUIRE(sample);
        CHECK(sample->front() == i);
        CHECK(sample->back() == ~i);
        CHECK(sample.bytes().size() == sizeof(megabytes));
    }
}

TEST_CASE("loan gives a value, loan_uninit what lay there") {
    pair_of<pose> both;
    {
        auto dirty = both.publisher.loan_uninit();
        std::memset(dirty.bytes().data(), 0x55, sizeof(pose));
    }  // dropped: the next loan is the same chunk
    {
        const auto again = both.publisher.loan_uninit();
        CHECK(again.bytes()[0] == std::byte{0x55});
    }
    auto fresh = both.publisher.loan();
    CHECK(fresh->x == 0.5);
    CHECK(fresh->turn == 7);
    CHECK(fresh->valid);
    fresh.reset();
    CHECK_FALSE(fresh);
    const auto tried = both.publisher.try_loan();
    CHECK(tried->turn == 7);
}

TEST_CASE("emplace constructs in place, aggregates too, and returns the value") {
    pair_of<pose> both;
    auto loan = both.publisher.loan_uninit();
    CHECK(loan.emplace(2.5, 3, false).turn == 3);
    CHECK(loan->x == 2.5);
    loan.emplace();
    CHECK(loan->x == 0.5);
    loan.emplace(pose{9.0, 9, true});
    (*loan).turn = 10;
    both.publisher.send(std::move(loan));
    CHECK(both.subscriber.receive()->turn == 10);
}

TEST_CASE("no more loans than agreed are out at once, and a sent or dropped one makes room") {
    support::scratch_root root;
    auto service = elkodon::node::create()
                       .service("n")
                       .publish_subscribe<int>()
                       .publisher_max_loaned_samples(3)
                       .create();
    auto publisher = service.publisher().create();
    std::vector<elkodon::loan<int>> loans;
    for (int i = 0; i < 3; ++i) loans.push_back(publisher.loan());
    for (int i = 0; i < 3; ++i)
        for (int j = 0; j < i; ++j)
            CHECK(&*loans[static_cast<std::size_t>(i)] != &*loans[static_cast<std::size_t>(j)]);
    const auto refused = publisher.try_loan();
    CHECK_FALSE(refused);
    CHECK(refused.error() == errc::loans_exhausted);
    CHECK(refused.bytes().empty());
    CHECK(publisher.try_loan_uninit().error() == errc::loans_exhausted);
    CHECK(publisher.send_copy(1) == errc::loans_exhausted);
    CHECK(caught([&] { return publisher.loan(); }).code() == errc::loans_exhausted);
    CHECK(caught([&] { return publisher.loan_uninit(); }).code() == errc::loans_exhausted);
    publisher.send(std::move(loans[1]));
    loans[1] = publisher.loan();
    CHECK(loans[1]);
    loans[0].reset();
    CHECK_FALSE(publisher.send_copy(2));
    CHECK(publisher.try_loan());
    CHECK(publisher.try_loan());  // each was dropped at once
}

TEST_CASE("a loan is sent once: the second time it is an empty loan, and nothing goes out") {
    pair_of<int> both;
    auto loan = both.publisher.loan();
    *loan = 5;
    CHECK_FALSE(both.publisher.send(std::move(loan)));
    CHECK_FALSE(loan);
    CHECK(both.publisher.send(std::move(loan)) == errc::empty_loan);
    CHECK(both.publisher.send({}) == errc::empty_loan);
    auto moved = both.publisher.loan();
    auto taken = std::move(moved);
    CHECK_FALSE(moved);
    CHECK(both.publisher.send(std::move(moved)) == errc::empty_loan);
    taken.reset();
    CHECK(both.publisher.send(std::move(taken)) == errc::empty_loan);
    CHECK(*both.subscriber.receive() == 5);
    CHECK_FALSE(both.subscriber.receive());
}

TEST_CASE("a loan goes out through its own publisher only, and is still ours when refused") {
    pair_of<int> both;
    auto other = both.service.publisher().create();
    auto loan = both.publisher.loan();
    *loan = 6;
    CHECK(other.send(std::move(loan)) == errc::foreign_loan);
    REQUIRE(loan);
    CHECK(*loan == 6);
    CHECK_FALSE(both.publisher.send(std::move(loan)));
    CHECK(*both.subscriber.receive() == 6);
}

TEST_CASE("loans can be sent in any order, and are received in the order of sending") {
    support::scratch_root root;
    auto service = elkodon::node::create()
                       .service("n")
                       .publish_subscribe<int>()
                       .publisher_max_loaned_samples(4)
                       .create();
    auto publisher = service.publisher().create();
    auto subscriber = service.subscriber().create();
    std::array<std::size_t, 4> order{0, 1, 2, 3};
    int value = 0;
    do {
        std::array<elkodon::loan<int>, 4> loans;
        for (auto& loan : loans) loan = publisher.loan();
        for (const auto which : order) {
            *loans[which] = ++value;
            publisher.send(std::move(loans[which]));
            const auto sample = subscriber.receive();
            REQUIRE(sample);
            REQUIRE(*sample == value);
            REQUIRE_FALSE(subscriber.receive());
            if (value % 3 == 0) {  // and some are dropped, or loaned anew
                loans[which] = publisher.loan();
                loans[which].reset();
            }
        }
    } while (std::next_permutation(order.begin(), order.end()));
    CHECK(value == 24 * 4);
    CHECK(subscriber.lost() == 0);
}

TEST_CASE("a loan outlives its publisher, to be written and dropped") {
    support::scratch_root root;
    {
        elkodon::loan<int> loan;
        elkodon::loan<int> second;
        {
            auto service = elkodon::node::create().service("n").publish_subscribe<int>().create();
            auto publisher = service.publisher().create();
            loan = publisher.loan();
            second = publisher.loan();
        }
        *loan = 3;
        auto moved = std::move(loan);
        CHECK(*moved == 3);
        auto other = elkodon::node::create()
                         .service("other")
                         .publish_subscribe<int>()
                         .create()
                         .publisher()
                         .create();
        CHECK(other.send(std::move(moved)) == errc::foreign_loan);
        second.reset();
    }
    CHECK(root.listing() == support::nothing);
}

TEST_CASE("a publisher is moved with all that is its own, and what it was moved from is closed") {
    pair_of<int> both;
    auto loan = both.publisher.loan();
    const auto id = both.publisher.id();
    auto moved = std::move(both.publisher);
    CHECK_FALSE(both.publisher);
    CHECK_FALSE(both.publisher.id());
    CHECK(both.publisher.memory_size() == 0);
    CHECK(both.publisher.try_loan().error() == errc::closed);
    CHECK(both.publisher.send_copy(1) == errc::closed);
    CHECK(caught([&] { return both.publisher.loan(); }).code() == errc::closed);
    CHECK(both.publisher.send(std::move(loan)) == errc::closed);
    REQUIRE(loan);
    CHECK(moved.id() == id);
    CHECK_FALSE(moved.send(std::move(loan)));
    CHECK(both.subscriber.receive());
    CHECK_FALSE(elkodon::publisher<int>());
}

TEST_CASE("assigning a publisher or a subscriber over another one ends the other, and empties the "
          "one that was moved") {
    support::scratch_root root;
    auto service = elkodon::node::create()
                       .service("n")
                       .publish_subscribe<int>()
                       .max_publishers(2)
                       .max_subscribers(2)
                       .create();
    auto publisher = service.publisher().create(), other = service.publisher().create();
    auto subscriber = service.subscriber().create(), second = service.subscriber().create();
    const auto id = other.id();
    publisher = std::move(other);
    CHECK(publisher.id() == id);
    CHECK_FALSE(other);
    CHECK(service.publisher().create());  // its place is free
    const auto second_id = second.id();
    subscriber = std::move(second);
    CHECK(subscriber.id() == second_id);
    CHECK_FALSE(second);
    CHECK(service.subscriber().create());
    auto& itself = publisher;
    publisher = std::move(itself);
    CHECK(publisher);
}

TEST_CASE("the memory of a publisher is what its service's properties need, and is given back") {
    support::scratch_root root;
    auto service = elkodon::node::create().service("n").publish_subscribe<line>().create();
    auto publisher = service.publisher().create();
    // 8 in the ring, 2 loans, 8 × 2 borrowed, 9: each of 64 bytes behind its header.
    CHECK(publisher.memory_size() >= 35 * 128);
    CHECK(publisher.memory_size() < 35 * 256 + 3 * 4096);
    const auto file = root.services() / "n.publish_subscribe" / "publisher.0";
    CHECK(std::filesystem::file_size(file) == publisher.memory_size());
    publisher = {};
    CHECK_FALSE(std::filesystem::exists(file));
}

TEST_CASE("a publisher that nobody subscribes to goes on for ever") {
    support::scratch_root root;
    auto service = elkodon::node::create().service("n").publish_subscribe<std::uint64_t>().create();
    auto publisher = service.publisher().create();
    for (std::uint64_t i = 0; i < 10'000; ++i) REQUIRE_FALSE(publisher.send_copy(i));
    auto subscriber = service.subscriber().create();
    CHECK_FALSE(subscriber.receive());
    CHECK(subscriber.lost() == 0);
}

TEST_CASE("a fork's child can't use what it inherited, and can make its own", "[own mappings]") {
    pair_of<int> both;
    auto event = both.node.service("bell").event().create();
    auto notifier = event.notifier().create();
    auto listener = event.listener().create();
    both.publisher.send_copy(1);
    const auto held = both.subscriber.receive();
    auto loan = both.publisher.loan();
    CHECK(in_child([&]() -> std::string {
              if (both.publisher.try_loan().error() != errc::forked) return "try_loan";
              if (both.publisher.send(std::move(loan)) != errc::forked) return "send";
              if (both.publisher.send_copy(3) != errc::forked) return "send_copy";
              if (both.subscriber.receive().error() != errc::forked) return "receive";
              if (both.subscriber.timed_receive(std::chrono::hours(1)).error() != errc::forked)
                  return "timed_receive";
              if (notifier.notify() != errc::forked) return "notify";
              if (listener.try_wait().error() != errc::forked) return "try_wait";
              if (listener.blocking_wait().error() != errc::forked) return "blocking_wait";
              std::error_code ec;
              if (both.service.publisher().create(ec); ec != errc::forked)
                  return "publisher().create";
              if (both.service.subscriber().create(ec); ec != errc::forked)
                  return "subscriber().create";
              if (event.listener().create(ec); ec != errc::forked) return "listener().create";
              if (event.notifier().create(ec); ec != errc::forked) return "notifier().create";
              if (both.node.service("numbers").publish_subscribe<int>().open(ec); ec != errc::forked)
                  return "open";
              auto node = elkodon::node::create();
              auto service = node.service("numbers").publish_subscribe<int>().open();
              auto publisher = service.publisher().create();
              publisher.send_copy(42);
              publisher = {};
              service = {};
              both.node = {};
              return "";
          }) == "");
    // The parent's own are as they were.
    CHECK(*held == 1);
    CHECK_FALSE(both.publisher.send_copy(2));
    std::vector<int> values;
    while (const auto sample = both.subscriber.receive()) values.push_back(*sample);
    std::sort(values.begin(), values.end());
    CHECK(values == std::vector<int>{2, 42});
    notifier.notify();
    CHECK(listener.try_wait().size() == 1);
    CHECK_FALSE(both.publisher.send(std::move(loan)));
}

}  // namespace tests::publisher_cases
