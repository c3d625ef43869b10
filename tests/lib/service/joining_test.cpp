#include "../caught.hpp"

#include <elkodon/node.hpp>
#include <elkodon/static_vector.hpp>
#include <support/scratch_root.hpp>

#include <array>
#include <iterator>
#include <thread>
#include <unistd.h>
#include <vector>

namespace tests::joining_cases {
namespace {

using elkodon::errc;

struct small_frame {
    std::uint32_t a;
};
struct large_frame {
    std::uint32_t a, b;
};
struct alignas(8) aligned_frame {
    std::uint32_t a;
    std::uint32_t b;
};
struct other_frame {
    std::uint32_t a;
};

}  // namespace
}  // namespace tests::joining_cases

// Three types that go by one name.
template <>
struct elkodon::type_name<tests::joining_cases::small_frame> {
    static constexpr std::string_view value = "frame";
};
template <>
struct elkodon::type_name<tests::joining_cases::large_frame> {
    static constexpr std::string_view value = "frame";
};
template <>
struct elkodon::type_name<tests::joining_cases::aligned_frame> {
    static constexpr std::string_view value = "frame";
};

namespace tests::joining_cases {

TEST_CASE("a service is created once, opened while it is there, and gone with its last user") {
    support::scratch_root root;
    auto node = elkodon::node::create();
    const auto camera = node.service("camera").publish_subscribe<int>();
    auto first = camera.create();
    CHECK(root.listing().size() > 2);
    const auto error = caught([&] { return camera.create(); });
    CHECK(error.code() == errc::service_exists);
    CHECK(error.code() == std::errc::file_exists);
    CHECK(contains(error.what(), "create \"camera\""));
    auto second = camera.open();
    auto third = camera.open_or_create();
    CHECK(second.type() == elkodon::type_details("i32", 4, 4));
    first = {};
    second = {};
    CHECK(camera.open());
    auto publisher = third.publisher().create();
    third = {};
    CHECK(camera.open());  // a port keeps its service
    publisher = {};
    CHECK(std::filesystem::is_empty(root.services()));
    CHECK(camera.create());
}

TEST_CASE("copies of a service are one membership, and ports and samples keep it") {
    support::scratch_root root;
    elkodon::sample<int> sample;
    {
        auto service = elkodon::node::create().service("camera").publish_subscribe<int>().create();
        auto copy = service;
        service = {};
        auto publisher = copy.publisher().create();
        auto subscriber = copy.subscriber().create();
        copy = {};
        publisher.send_copy(3);
        sample = subscriber.receive();
    }
    CHECK_FALSE(root.listing() == support::nothing);
    CHECK(*sample == 3);
    sample.reset();
    CHECK(root.listing() == support::nothing);
}

TEST_CASE("opening a service that isn't there says so, and leaves nothing behind") {
    support::scratch_root root;
    auto node = elkodon::node::create();
    const auto before = root.listing();
    const auto error =
        caught([&] { return node.service("camera").publish_subscribe<int>().open(); });
    CHECK(error.code() == errc::service_not_found);
    CHECK(error.code() == std::errc::no_such_file_or_directory);
    CHECK(contains(error.what(), "open \"camera\""));
    std::error_code ec;
    const auto service = node.service("camera").event().open(ec);
    CHECK_FALSE(service);
    CHECK(ec == errc::service_not_found);
    CHECK(ec == std::errc::no_such_file_or_directory);
    CHECK(root.listing() == before);
}

TEST_CASE("what a killed creator left is no service: it is removed, or made anew") {
    support::scratch_root root;
    auto node = elkodon::node::create();
    const auto directory = root.services() / "camera.publish_subscribe";
    std::filesystem::create_directory(directory);
    SECTION("nothing but the directory") {}
    SECTION("a configuration without members") { write_to(directory / "service.toml", "garbage"); }
    SECTION("ports and members of a process that isn't there") {
        write_to(directory / "member.0123456789abcdef.0123456789abcdef", "");
        write_to(directory / "publisher.0", std::string(4096, 'x'));
        write_to(directory / "service.toml", "garbage");
        write_to(directory / "control", "garbage");
    }
    const auto camera = node.service("camera").publish_subscribe<int>();
    std::error_code ec;
    CHECK_FALSE(camera.open(ec));
    CHECK(ec == errc::service_not_found);
    CHECK(std::filesystem::is_empty(root.services()));
    std::filesystem::create_directory(directory);
    write_to(directory / "publisher.0", std::string(4096, 'x'));
    auto service = camera.create();
    auto publisher = service.publisher().create();
    auto subscriber = service.subscriber().create();
    publisher.send_copy(1);
    CHECK(subscriber.receive());
}

TEST_CASE("two services of the same name and different patterns are two services") {
    support::scratch_root root;
    auto node = elkodon::node::create();
    auto messages = node.service("camera").publish_subscribe<int>().create();
    auto events = node.service("camera").event().create();
    CHECK(std::distance(std::filesystem::directory_iterator(root.services()), {}) == 2);
    auto publisher = messages.publisher().create();
    auto subscriber = messages.subscriber().create();
    auto notifier = events.notifier().create();
    auto listener = events.listener().create();
    publisher.send_copy(4);
    CHECK(listener.try_wait().empty());
    CHECK(*subscriber.receive() == 4);
    CHECK_FALSE(notifier.notify(elkodon::event_id(9)));
    CHECK_FALSE(subscriber.receive());
    CHECK(listener.try_wait().contains(elkodon::event_id(9)));
}

TEST_CASE("a service carries one type: another name, size or alignment is an error with both") {
    support::scratch_root root;
    auto node = elkodon::node::create();
    auto service = node.service("camera").publish_subscribe<small_frame>().create();
    const auto of_name =
        caught([&] { return node.service("camera").publish_subscribe<std::uint32_t>().open(); });
    CHECK(of_name.code() == errc::incompatible_type);
    CHECK(of_name.property() == "type name");
    CHECK(of_name.wanted() == "u32");
    CHECK(of_name.found() == "frame");
    CHECK(contains(of_name.what(), "open \"camera\": type name: u32 wanted, frame found"));

    const auto of_size = caught(
        [&] { return node.service("camera").publish_subscribe<large_frame>().open_or_create(); });
    CHECK(of_size.code() == errc::incompatible_type);
    CHECK(of_size.property() == "size of frame");
    CHECK(of_size.wanted() == "8");
    CHECK(of_size.found() == "4");

    auto large = node.service("large").publish_subscribe<large_frame>().create();
    const auto of_alignment =
        caught([&] { return node.service("large").publish_subscribe<aligned_frame>().open(); });
    CHECK(of_alignment.code() == errc::incompatible_type);
    CHECK(of_alignment.property() == "alignment of frame");
    CHECK(of_alignment.wanted() == "8");
    CHECK(of_alignment.found() == "4");

    std::error_code ec;
    CHECK_FALSE(node.service("camera").publish_subscribe<other_frame>().open(ec));
    CHECK(ec == errc::incompatible_type);
    CHECK(node.service("camera").publish_subscribe<small_frame>().open());
}

TEST_CASE("types are called by fixed-width names, classes by their own") {
    CHECK(elkodon::type_name<std::uint64_t>::value == "u64");
    CHECK(elkodon::type_name<std::int8_t>::value == "i8");
    CHECK(elkodon::type_name<long>::value == elkodon::type_name<long long>::value);
    CHECK(elkodon::type_name<float>::value == "f32");
    CHECK(elkodon::type_name<double>::value == "f64");
    CHECK(elkodon::type_name<bool>::value == "bool");
    CHECK(elkodon::type_name<char>::value == "char");
    CHECK(elkodon::type_name<std::byte>::value == "byte");
}

namespace names {
template <class... T>
struct box {};
struct unsigned_int {};
namespace {
struct hidden {};
}  // namespace
}  // namespace names

// Literally, since each compiler of CI runs this.
TEST_CASE("a class is called the same by every compiler, whatever it calls its parts") {
    using elkodon::type_name;
    using names::box;
    CHECK(type_name<std::pair<int, char>>::value == "std::pair<i32, char>");
    CHECK(type_name<std::array<std::uint64_t, 4>>::value == "std::array<u64, 4>");
    CHECK(type_name<std::array<long long, 4>>::value == "std::array<i64, 4>");
    CHECK(type_name<std::pair<short, unsigned short>>::value == "std::pair<i16, u16>");
    CHECK(type_name<std::pair<signed char, unsigned char>>::value == "std::pair<i8, u8>");
    CHECK(type_name<std::pair<float, long double>>::value == "std::pair<f32, f80>");
    const std::string here = "tests::joining_cases::names::";
    CHECK(type_name<box<box<int>>>::value == here + "box<" + here + "box<i32>>");
    CHECK(type_name<box<int[3]>>::value == here + "box<i32[3]>");
    CHECK(type_name<box<names::unsigned_int>>::value == here + "box<" + here + "unsigned_int>");
    CHECK(type_name<names::hidden>::value == here + "{anonymous}::hidden");
    CHECK(type_name<box<int[3], char>>::value != type_name<box<int[3], bool>>::value);
    CHECK(type_name<elkodon::static_vector<std::array<std::uint64_t, 2>, 3>>::value ==
          "static_vector<std::array<u64, 2>, 3>");
}

TEST_CASE("what is no value can't be a payload, and what no mapping can align neither") {
    struct virtual_frame {
        virtual void f() {}
    };
    struct alignas(8192) far_frame {
        char c;
    };
    CHECK(elkodon::shareable<small_frame>);
    CHECK(elkodon::shareable<double>);
    CHECK_FALSE(elkodon::shareable<int*>);
    CHECK_FALSE(elkodon::shareable<int&>);
    CHECK_FALSE(elkodon::shareable<const int>);
    CHECK_FALSE(elkodon::shareable<void>);
    CHECK_FALSE(elkodon::shareable<std::string>);
    CHECK_FALSE(elkodon::shareable<virtual_frame>);
    CHECK_FALSE(elkodon::shareable<int small_frame::*>);
    CHECK_FALSE(elkodon::shareable<int[4]>);
    CHECK_FALSE(elkodon::shareable<far_frame>);
}

TEST_CASE("a service that was removed while in use takes no further port, and says why") {
    support::scratch_root root;
    auto node = elkodon::node::create();
    auto service = node.service("camera").publish_subscribe<int>().create();
    auto subscriber = service.subscriber().create();
    std::filesystem::remove_all(root.services() / "camera.publish_subscribe");
    CHECK(caught([&] { return service.publisher().create(); }).code() == errc::membership_lost);
    auto anew = node.service("camera").publish_subscribe<int>().create();
    CHECK(caught([&] { return service.publisher().create(); }).code() == errc::membership_lost);
    CHECK(anew.publisher().create());
    CHECK_FALSE(subscriber.receive());
}

TEST_CASE("what is empty answers closed, and throws it from set-up calls") {
    std::error_code ec;
    CHECK_FALSE(elkodon::node().service("camera").publish_subscribe<int>().open(ec));
    CHECK(ec == errc::closed);
    CHECK(caught([] { return elkodon::node().service("camera").event().create(); }).code() ==
          errc::closed);
    CHECK_FALSE(elkodon::publish_subscribe_service<int>().publisher().create(ec));
    CHECK(ec == errc::closed);
    CHECK_FALSE(elkodon::publish_subscribe_service<int>().subscriber().create(ec));
    CHECK(ec == errc::closed);
    CHECK_FALSE(elkodon::event_service().notifier().create(ec));
    CHECK(ec == errc::closed);
    CHECK_FALSE(elkodon::event_service().listener().create(ec));
    CHECK(ec == errc::closed);
    CHECK_FALSE(elkodon::node());
    CHECK_FALSE(elkodon::node().id());
    CHECK_FALSE(elkodon::publish_subscribe_service<int>());
    CHECK(elkodon::publish_subscribe_service<int>().type() == elkodon::type_details());
}

TEST_CASE("the overloads with an error_code are noexcept, and clear the code when all is well") {
    support::scratch_root root;
    std::error_code ec = errc::closed;
    auto node = elkodon::node::create(ec);
    CHECK(node);
    CHECK_FALSE(ec);
    const auto builder = node.service("camera").publish_subscribe<int>();
    const auto events = node.service("camera").event();
    const auto config = elkodon::configuration::load();
    static_assert(noexcept(elkodon::node::create(ec)) &&
                  noexcept(elkodon::node::create(config, ec)));
    static_assert(noexcept(builder.create(ec)) && noexcept(builder.open(ec)) &&
                  noexcept(builder.open_or_create(ec)));
    static_assert(noexcept(events.create(ec)) && noexcept(events.open(ec)) &&
                  noexcept(events.open_or_create(ec)));
    ec = errc::closed;
    auto service = builder.create(ec);
    CHECK_FALSE(ec);
    const auto publishers = service.publisher();
    const auto subscribers = service.subscriber();
    static_assert(noexcept(publishers.create(ec)) && noexcept(subscribers.create(ec)));
    ec = errc::closed;
    CHECK(publishers.create(ec));
    CHECK_FALSE(ec);
    ec = errc::closed;
    CHECK(subscribers.create(ec));
    CHECK_FALSE(ec);
    auto event = events.open_or_create(ec);
    CHECK_FALSE(ec);
    const auto notifiers = event.notifier();
    const auto listeners = event.listener();
    static_assert(noexcept(notifiers.create(ec)) && noexcept(listeners.create(ec)));
    CHECK(notifiers.create(ec));
    CHECK_FALSE(ec);
    CHECK(listeners.create(ec));
    CHECK_FALSE(ec);
}

TEST_CASE("many threads that open or create one service get one service") {
    support::scratch_root root;
    auto node = elkodon::node::create();
    for (int round = 0; round < 20; ++round) {
        std::vector<elkodon::publish_subscribe_service<int>> services(8);
        std::vector<std::error_code> failures(services.size());
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < services.size(); ++i)
            threads.emplace_back([&, i] {
                services[i] =
                    node.service("camera").publish_subscribe<int>().open_or_create(failures[i]);
            });
        for (auto& thread : threads) thread.join();
        for (const auto& failure : failures) REQUIRE_FALSE(failure);
        CHECK(std::distance(std::filesystem::directory_iterator(root.services()), {}) == 1);
        auto publisher = services[0].publisher().create();
        auto subscriber = services[7].subscriber().create();
        publisher.send_copy(round);
        CHECK(*subscriber.receive() == round);
    }
    CHECK(std::filesystem::is_empty(root.services()));
}

TEST_CASE("nodes of one process in one domain are one process, and the last one leaves nothing") {
    support::scratch_root root;
    {
        auto config = elkodon::configuration::load();
        config.node.name = "planner";
        auto first = elkodon::node::create(config);
        auto second = elkodon::node::create();
        CHECK(first.id() != second.id());
        CHECK(first.id() == elkodon::node(first).id());
        CHECK(first.name() == "planner");
        auto copy = first;
        first = {};
        int locks = 0;
        for (const auto& each : std::filesystem::directory_iterator(root.processes())) {
            if (!each.is_regular_file()) continue;
            ++locks;
            CHECK(contains(text_of(each.path()), std::to_string(getpid())));
            CHECK(std::filesystem::exists(
                root.nodes() / (each.path().filename().string() + "." + copy.id().to_string())));
        }
        CHECK(locks == 1);
    }
    CHECK(root.listing() == support::nothing);
    CHECK(elkodon::node::create());
}

}  // namespace tests::joining_cases
