// What a service says of its type, and what whoever opens it is told when his own differs.
#include "../caught.hpp"

#include <elkodon/elkodon.hpp>
#include <support/scratch_root.hpp>

namespace tests::type_details_cases {

struct stamp_a {
    std::uint32_t turn;
};
struct stamp_b {
    std::uint32_t turn;
};
struct narrow {
    std::uint32_t words[4];
};
struct alignas(16) aligned_narrow {
    std::uint32_t words[4];
};
struct longer {
    std::uint32_t words[5];
};
struct narrow_stamp {
    std::uint32_t words[2];
};
struct alignas(8) aligned_stamp {
    std::uint32_t words[2];
};
struct longer_stamp {
    std::uint32_t words[3];
};

// Not trivially copyable, and all the same nothing but its bytes.
struct counted {
    counted() = default;
    counted(const counted& other) : value(other.value) {}
    counted& operator=(const counted& other) {
        value = other.value;
        return *this;
    }
    ~counted() { value = 0; }
    std::uint64_t value = 5;
};

}  // namespace tests::type_details_cases

template <>
struct elkodon::is_shareable<tests::type_details_cases::counted> : std::true_type {};

// One name for each three, so that only size or alignment tells them apart.
template <>
struct elkodon::type_name<tests::type_details_cases::narrow> {
    static constexpr std::string_view value = "frame";
};
template <>
struct elkodon::type_name<tests::type_details_cases::aligned_narrow> {
    static constexpr std::string_view value = "frame";
};
template <>
struct elkodon::type_name<tests::type_details_cases::longer> {
    static constexpr std::string_view value = "frame";
};
template <>
struct elkodon::type_name<tests::type_details_cases::narrow_stamp> {
    static constexpr std::string_view value = "stamp";
};
template <>
struct elkodon::type_name<tests::type_details_cases::aligned_stamp> {
    static constexpr std::string_view value = "stamp";
};
template <>
struct elkodon::type_name<tests::type_details_cases::longer_stamp> {
    static constexpr std::string_view value = "stamp";
};

namespace tests::type_details_cases {
namespace {

using elkodon::errc;

struct difference {
    std::string property, wanted, found;
};

// Nothing that T and Header are not told apart by; and open_or_create says the same.
template <class T, class Header = void>
difference told(const elkodon::node& node) {
    const auto builder = node.service("camera").publish_subscribe<T, Header>();
    const auto opening = caught([&] { return builder.open(); });
    const auto either = caught([&] { return builder.open_or_create(); });
    for (const auto& error : {opening, either}) {
        CHECK(error.code() == errc::incompatible_type);
        CHECK(contains(error.what(), error.property()));
        CHECK(contains(error.what(), error.wanted() + " wanted"));
        CHECK(contains(error.what(), error.found() + " found"));
        CHECK(contains(error.what(), "\"camera\""));
    }
    return {opening.property(), opening.wanted(), opening.found()};
}

void check(const difference& told,
           const std::string& property,
           const std::string& wanted,
           const std::string& found) {
    CHECK(told.property == property);
    CHECK(contains(told.wanted, wanted));
    CHECK(contains(told.found, found));
}

}  // namespace

TEST_CASE("whoever opens a service with another type is told which property differs, with both "
          "values") {
    support::scratch_root root;
    const auto node = elkodon::node::create();
    const auto service = node.service("camera").publish_subscribe<narrow, narrow_stamp>().create();
    check(told<float, narrow_stamp>(node), "type name", "f32", "frame");
    check(told<longer, narrow_stamp>(node), "size of frame", "20", "16");
    check(told<aligned_narrow, narrow_stamp>(node), "alignment of frame", "16", "4");
    check(told<narrow>(node), "user header", "none", "stamp");
    check(told<narrow, stamp_a>(node), "user header", "stamp_a", "stamp");
    check(told<narrow, longer_stamp>(node), "size of user header stamp", "12", "8");
    check(told<narrow, aligned_stamp>(node), "alignment of user header stamp", "8", "4");
    const auto same = node.service("camera").publish_subscribe<narrow, narrow_stamp>().open();
    CHECK(same.type() == service.type());
}

TEST_CASE("two headers of the same shape are two types, since their names differ") {
    support::scratch_root root;
    const auto node = elkodon::node::create();
    const auto service = node.service("camera").publish_subscribe<int, stamp_a>().create();
    check(told<int, stamp_b>(node), "user header", "stamp_b", "stamp_a");
}

TEST_CASE("a service keeps its type in service.toml, with the header's, and says it by type()") {
    support::scratch_root root;
    const auto node = elkodon::node::create();
    const auto service = node.service("camera").publish_subscribe<narrow, narrow_stamp>().create();
    const auto type = service.type();
    CHECK(type.name == "frame");
    CHECK(type.size == 16);
    CHECK(type.alignment == 4);
    CHECK_FALSE(type.slice);
    CHECK(type.header == elkodon::header_details("stamp", 8, 4));
    const auto text = text_of(root.services() / "camera.publish_subscribe" / "service.toml");
    CHECK(contains(text, "variant = 'value'"));
    CHECK(contains(text, "[type.header]"));
}

TEST_CASE(
    "a type that opts in is sent although it isn't trivially copyable, and nobody destroys it") {
    support::scratch_root root;
    auto service = elkodon::node::create().service("camera").publish_subscribe<counted>().create();
    auto publisher = service.publisher().create();
    auto subscriber = service.subscriber().create();
    publisher.send(publisher.loan());
    counted copied;
    copied.value = 6;
    publisher.send_copy(copied);
    CHECK(subscriber.receive()->value == 5);
    auto sample = subscriber.receive();
    const auto* const there = &*sample;
    CHECK(there->value == 6);
    sample.reset();
    CHECK(there->value == 6);  // its chunk is as it was
}

TEST_CASE("payloads begin where payload_alignment asks, and whoever opens asks for the same") {
    support::scratch_root root;
    const auto node = elkodon::node::create();
    auto service = node.service("camera").publish_subscribe<char>().payload_alignment(512).create();
    CHECK(service.type().alignment == 512);
    auto publisher = service.publisher().create();
    auto subscriber = service.subscriber().create();
    for (char letter = 'a'; letter <= 'z'; ++letter) {
        auto loan = publisher.loan();
        CHECK(reinterpret_cast<std::uintptr_t>(&*loan) % 512 == 0);
        *loan = letter;
        publisher.send(std::move(loan));
        const auto sample = subscriber.receive();
        CHECK(*sample == letter);
        CHECK(reinterpret_cast<std::uintptr_t>(&*sample) % 512 == 0);
    }
    check(told<char>(node), "alignment of char", "1", "512");
    CHECK(node.service("camera").publish_subscribe<char>().payload_alignment(512).open());
}

TEST_CASE("payload_alignment is a power of two up to a page, and never less than the type's own") {
    support::scratch_root root;
    const auto node = elkodon::node::create();
    for (const std::uint64_t wrong : {0ULL, 3ULL, 48ULL, 8192ULL, 1ULL << 40, ~0ULL}) {
        CAPTURE(wrong);
        const auto error = caught([&] {
            return node.service("camera")
                .publish_subscribe<double>()
                .payload_alignment(wrong)
                .create();
        });
        CHECK(error.code() == errc::invalid_value);
        CHECK(error.property() == "alignment of f64");
        CHECK(contains(error.wanted(), "power of two up to 4096"));
        CHECK(error.found() == std::to_string(wrong));
    }
    for (const std::uint64_t less : {1, 2, 4, 8}) {
        const auto service =
            node.service("camera").publish_subscribe<double>().payload_alignment(less).create();
        CHECK(service.type().alignment == 8);
    }
    CHECK(node.service("camera").publish_subscribe<double>().payload_alignment(4096).create());
}

TEST_CASE("a type in service.toml that can't be is an error that names the key") {
    support::scratch_root root;
    const auto node = elkodon::node::create();
    const auto service = node.service("camera").publish_subscribe<narrow, narrow_stamp>().create();
    const auto file = root.services() / "camera.publish_subscribe" / "service.toml";
    const auto good = text_of(file);
    const auto with = [&](const std::string& line, const std::string& instead) {
        auto text = good;
        const auto at = text.find(line, good.find("[type]"));
        REQUIRE(at != std::string::npos);
        return text.replace(at, line.size(), instead);
    };
    const auto in_header = [&](const std::string& line, const std::string& instead) {
        auto text = good;
        const auto at = text.find(line, good.find("[type.header]"));
        REQUIRE(at != std::string::npos);
        return text.replace(at, line.size(), instead);
    };
    const std::pair<std::string, std::string> cases[] = {
        {with("size = 16", "size = 0"), "type.size"},
        {with("size = 16", "size = 9223372036854775807"), "type.size"},
        {with("alignment = 4", "alignment = 0"), "type.alignment"},
        {with("alignment = 4", "alignment = 3"), "type.alignment"},
        {with("alignment = 4", "alignment = 8192"), "type.alignment"},
        {with("variant = 'value'", "variant = 'list'"), "type.variant"},
        {with("variant = 'value'", "variant = 1"), "type.variant"},
        {in_header("size = 8", "size = 0"), "type.header.size"},
        {in_header("alignment = 4", "alignment = 6"), "type.header.alignment"},
        {in_header("name = 'stamp'", "name = ''"), "type.header.name"},
        {in_header("name = 'stamp'", ""), "type.header.name"},
    };
    for (const auto& [text, named] : cases) {
        CAPTURE(text, named);
        write_to(file, text);
        const auto error = caught([&] {
            return node.service("camera").publish_subscribe<narrow, narrow_stamp>().open();
        });
        CHECK(error.code() == errc::invalid_segment);
        CHECK(contains(error.what(), "\"" + named + "\""));
    }
    write_to(file, good);
}

}  // namespace tests::type_details_cases
