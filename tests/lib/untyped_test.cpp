// Services whose type is known at run time only.
#include "caught.hpp"

#include <elkodon/elkodon.hpp>
#include <support/scratch_root.hpp>

#include <algorithm>
#include <cstring>
#include <vector>

namespace tests::untyped_cases {
namespace {

using elkodon::errc;
using elkodon::untyped;

struct stamp {
    std::uint64_t turn;
};
struct pose {
    double x, y;
};

template <class T>
T value_in(std::span<const std::byte> bytes) {
    REQUIRE(bytes.size() == sizeof(T));
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

template <class T>
std::span<const std::byte> bytes_of(const T& value) {
    return std::as_bytes(std::span{&value, 1});
}

}  // namespace

TEST_CASE("an untyped subscriber receives whatever the service carries, and its type says what") {
    support::scratch_root root;
    const auto node = elkodon::node::create();
    auto service = node.service("pose").publish_subscribe<pose, stamp>().create();
    auto publisher = service.publisher().create();
    auto any = node.service("pose").publish_subscribe<untyped>().open();
    CHECK(any.type() == service.type());
    auto tap = any.subscriber().create();
    for (int i = 0; i < 40; ++i) {
        publisher.send_copy({1.0 * i, 2}, stamp{static_cast<std::uint64_t>(i)});
        const auto sample = tap.receive();
        REQUIRE(sample);
        CHECK(value_in<pose>(sample.bytes()).x == i);
        CHECK(value_in<stamp>(sample.header_bytes()).turn == static_cast<std::uint64_t>(i));
        CHECK(sample.publisher_id() == publisher.id());
    }
    CHECK(elkodon::sample<untyped>().bytes().empty());
    CHECK(elkodon::sample<untyped>().header_bytes().empty());
}

TEST_CASE("an untyped sample of a slice has the bytes that were sent, not all of the chunk") {
    support::scratch_root root;
    const auto node = elkodon::node::create();
    auto service = node.service("scan").publish_subscribe<float[]>().create();
    auto publisher = service.publisher().initial_max_slice_len(100).create();
    auto tap =
        node.service("scan").publish_subscribe<untyped>().open_or_create().subscriber().create();
    for (const std::size_t length : {3, 100, 0, 1}) {
        publisher.send_copy(std::vector<float>(length, 1.5F));
        const auto sample = tap.receive();
        REQUIRE(sample);
        CHECK(sample.bytes().size() == 4 * length);
        CHECK(sample.header_bytes().empty());
    }
}

TEST_CASE("a service is made of details, and typed ports with the same details share it") {
    support::scratch_root root;
    const auto node = elkodon::node::create();
    auto raw = node.service("raw")
                   .publish_subscribe<untyped>({.name = "f64", .size = 8, .alignment = 8})
                   .create();
    auto publisher = raw.publisher().create();
    auto subscriber = node.service("raw").publish_subscribe<double>().open().subscriber().create();
    auto loan = publisher.loan_uninit();
    REQUIRE(loan.bytes().size() == 8);
    std::ranges::copy(bytes_of(2.5), loan.bytes().begin());
    CHECK_FALSE(publisher.send(std::move(loan)));
    CHECK(*subscriber.receive() == 2.5);
    CHECK_FALSE(publisher.send_copy(bytes_of(3.5)));
    CHECK(*subscriber.receive() == 3.5);
    CHECK(publisher.send_copy(bytes_of(1.5F)) == errc::invalid_value);
    CHECK(publisher.try_loan_uninit(2).error() == errc::slice_too_long);
    CHECK(publisher.try_loan_uninit(0).error() == errc::invalid_value);
    CHECK(publisher.type().name == "f64");
}

TEST_CASE("a service of slices is made of details, its loans count elements") {
    support::scratch_root root;
    const auto node = elkodon::node::create();
    auto raw =
        node.service("raw")
            .publish_subscribe<untyped>({.name = "lidar",
                                         .size = 12,
                                         .alignment = 4,
                                         .slice = true,
                                         .header = {.name = "stamp", .size = 8, .alignment = 8}})
            .create();
    auto publisher = raw.publisher().initial_max_slice_len(5).create();
    auto subscriber = raw.subscriber().create();
    auto loan = publisher.loan_uninit(3);
    REQUIRE(loan.bytes().size() == 36);
    REQUIRE(loan.header_bytes().size() == 8);
    std::ranges::fill(loan.bytes(), std::byte{3});
    std::ranges::copy(bytes_of(std::uint64_t{77}), loan.header_bytes().begin());
    publisher.send(std::move(loan));
    const auto sample = subscriber.receive();
    CHECK(sample.bytes().size() == 36);
    CHECK(std::ranges::count(sample.bytes(), std::byte{3}) == 36);
    CHECK(value_in<std::uint64_t>(sample.header_bytes()) == 77);
    CHECK(publisher.try_loan_uninit(6).error() == errc::slice_too_long);
    CHECK_FALSE(publisher.send_copy({}));
    CHECK(value_in<std::uint64_t>(subscriber.receive().header_bytes()) == 0);
}

TEST_CASE("details that cannot be are an error with property and range, and details are compared") {
    support::scratch_root root;
    const auto node = elkodon::node::create();
    const auto made_of = [&](const elkodon::type_details& type) {
        return node.service("raw").publish_subscribe<untyped>(type);
    };
    const std::pair<elkodon::type_details, std::string> wrong[] = {
        {{.name = "t", .size = 0}, "size of t"},
        {{.name = "t", .size = ~std::uint64_t{0}}, "size of t"},
        {{.name = "t", .size = 8, .alignment = 0}, "alignment of t"},
        {{.name = "t", .size = 8, .alignment = 12}, "alignment of t"},
        {{.name = "t", .size = 8, .alignment = 8192}, "alignment of t"},
        {{.name = "t", .size = 8, .header = {"h", 0, 1}}, "size of user header h"},
        {{.name = "t", .size = 8, .header = {"h", 1, 3}}, "alignment of user header h"},
    };
    for (const auto& [type, property] : wrong) {
        const auto error = caught([&, &details = type] { return made_of(details).create(); });
        CHECK(error.code() == errc::invalid_value);
        CHECK(error.property() == property);
    }
    const auto service = made_of({.name = "t", .size = 8}).create();
    CHECK(made_of({.name = "t", .size = 8}).open());
    CHECK(caught([&] { return made_of({.name = "t", .size = 9}).open(); }).property() ==
          "size of t");
    CHECK(caught([&] {
              return made_of({.name = "t", .size = 8, .slice = true}).open();
          }).property() == "variant of t");
}

TEST_CASE("without details there is nothing to create a service with") {
    support::scratch_root root;
    const auto node = elkodon::node::create();
    const auto any = node.service("raw").publish_subscribe<untyped>();
    CHECK(caught([&] { return any.open(); }).code() == errc::service_not_found);
    for (const auto& error :
         {caught([&] { return any.create(); }), caught([&] { return any.open_or_create(); })}) {
        CHECK(error.code() == errc::invalid_value);
        CHECK(error.property() == "type");
    }
    CHECK(std::filesystem::is_empty(root.services()));
}

}  // namespace tests::untyped_cases
