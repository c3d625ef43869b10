#include "../caught.hpp"

#include <elkodon/node.hpp>
#include <support/scratch_root.hpp>

#include <vector>

namespace tests::properties_cases {
namespace {

using elkodon::errc;
using number = std::uint64_t;

template <class Builder>
struct setting {
    std::string key;
    Builder& (Builder::*set)(number) noexcept;
    number least, value, most;
};

using messages = elkodon::publish_subscribe_builder<int>;
const setting<messages> of_messages[] = {
    {"max_publishers", &messages::max_publishers, 1, 3, 16'384},
    {"max_subscribers", &messages::max_subscribers, 1, 4, 16'384},
    {"subscriber_max_buffer_size", &messages::subscriber_max_buffer_size, 1, 5, 1 << 20},
    {"history_size", &messages::history_size, 0, 6, 1 << 20},
    {"subscriber_max_borrowed_samples", &messages::subscriber_max_borrowed_samples, 1, 7, 1 << 20},
    {"publisher_max_loaned_samples", &messages::publisher_max_loaned_samples, 1, 8, 1 << 20},
};

using events = elkodon::event_builder;
const setting<events> of_events[] = {
    {"max_notifiers", &events::max_notifiers, 1, 3, 16'384},
    {"max_listeners", &events::max_listeners, 1, 4, 16'384},
    {"max_nodes", &events::max_nodes, 1, 6, 16'384},
    {"event_id_max_value", &events::event_id_max_value, 0, 5, (1 << 24) - 1},
};

template <class Builder, class Settings>
void every_property_is_stored_and_compared(Builder builder, const Settings& settings) {
    auto creator = builder;
    for (const auto& each : settings) (creator.*each.set)(each.value);
    const auto service = creator.create();
    CHECK(builder.open());  // nothing was asked for
    CHECK(creator.open());  // just what is there
    for (const auto& each : settings) {
        CAPTURE(each.key);
        auto less = builder, more = builder;
        (less.*each.set)(each.value - 1);
        (more.*each.set)(each.value + 1);
        CHECK(less.open());
        CHECK(less.open_or_create());
        for (const auto& error :
             {caught([&] { return more.open(); }), caught([&] { return more.open_or_create(); })}) {
            CHECK(error.code() == errc::incompatible_property);
            CHECK(error.property() == each.key);
            CHECK(error.wanted() == "at least " + std::to_string(each.value + 1));
            CHECK(error.found() == std::to_string(each.value));
            CHECK(contains(error.what(), "\"camera\": " + each.key + ": " + error.wanted() +
                                             " wanted, " + error.found() + " found"));
        }
        std::error_code ec;
        CHECK_FALSE(more.open(ec));
        CHECK(ec == errc::incompatible_property);
    }
}

template <class Builder, class Settings>
void no_property_takes_what_cannot_be(Builder builder,
                                      const Settings& settings,
                                      const support::scratch_root& root) {
    for (const auto& each : settings) {
        std::vector<number> wrong{each.most + 1, number{1} << 32, number{1} << 63, ~number{0}};
        if (each.least > 0) wrong.push_back(each.least - 1);
        for (const auto value : wrong) {
            CAPTURE(each.key, value);
            auto bad = builder;
            (bad.*each.set)(value);
            for (const auto& error :
                 {caught([&] { return bad.create(); }), caught([&] { return bad.open(); }),
                  caught([&] { return bad.open_or_create(); })}) {
                CHECK(error.code() == errc::invalid_value);
                CHECK(error.code() == std::errc::invalid_argument);
                CHECK(error.property() == each.key);
                CHECK(contains(error.wanted(), std::to_string(each.least)));
                CHECK(contains(error.wanted(), std::to_string(each.most)));
                CHECK(error.found() == std::to_string(value));
                CHECK(contains(error.what(), each.key));
            }
        }
        auto largest = builder, smallest = builder;
        (largest.*each.set)(each.most);
        (smallest.*each.set)(each.least);
        CHECK(largest.create());
        CHECK(smallest.create());
    }
    CHECK(std::filesystem::is_empty(root.services()));
}

}  // namespace

TEST_CASE("every property of a publish-subscribe service is stored, and compared with what is "
          "asked for") {
    support::scratch_root root;
    const auto node = elkodon::node::create();
    every_property_is_stored_and_compared(node.service("camera").publish_subscribe<int>(),
                                          of_messages);
}

TEST_CASE("every property of an event service is stored, and compared with what is asked for") {
    support::scratch_root root;
    const auto node = elkodon::node::create();
    every_property_is_stored_and_compared(node.service("camera").event(), of_events);
}

TEST_CASE("no property takes a value that cannot be, and each takes its least and its largest") {
    support::scratch_root root;
    const auto node = elkodon::node::create();
    no_property_takes_what_cannot_be(node.service("camera").publish_subscribe<int>(), of_messages,
                                     root);
    no_property_takes_what_cannot_be(node.service("camera").event(), of_events, root);
}

TEST_CASE("the first who differs is told of the first difference, type before properties") {
    support::scratch_root root;
    const auto node = elkodon::node::create();
    const auto service = node.service("camera").publish_subscribe<int>().create();
    CHECK(caught([&] {
              return node.service("camera").publish_subscribe<char>().history_size(9).open();
          }).code() == errc::incompatible_type);
}

TEST_CASE("more chunks than can be numbered are an error of the publisher, not a small pool") {
    support::scratch_root root;
    const auto node = elkodon::node::create();
    // 16,384 × 2^20 = 2^34 borrow slots: nothing that 24 bits, or 32, could count.
    const auto [subscribers, borrowed] =
        GENERATE(std::pair<number, number>{16'384, 1 << 20},
                 std::pair<number, number>{4096, 1 << 20}, std::pair<number, number>{16, 1 << 20});
    auto service = node.service("camera")
                       .publish_subscribe<int>()
                       .max_subscribers(subscribers)
                       .subscriber_max_borrowed_samples(borrowed)
                       .create();
    const auto error = caught([&] { return service.publisher().create(); });
    CHECK(error.code() == errc::invalid_value);
    CHECK(contains(error.property(), "chunks"));
    CHECK(contains(error.wanted(), "16777215"));
}

TEST_CASE("no more publishers and subscribers than agreed, and a place that becomes free is taken "
          "again") {
    support::scratch_root root;
    const auto node = elkodon::node::create();
    auto service =
        node.service("camera").publish_subscribe<int>().max_publishers(2).max_subscribers(3).create();
    std::vector<elkodon::publisher<int>> publishers;
    std::vector<elkodon::subscriber<int>> subscribers;
    for (int round = 0; round < 3; ++round) {
        while (publishers.size() < 2) publishers.push_back(service.publisher().create());
        while (subscribers.size() < 3) subscribers.push_back(service.subscriber().create());
        const auto of_publishers = caught([&] { return service.publisher().create(); });
        CHECK(of_publishers.code() == errc::port_limit_reached);
        CHECK(of_publishers.property() == "max_publishers");
        CHECK(contains(of_publishers.found(), "2"));
        CHECK(contains(of_publishers.what(), "\"camera\""));
        const auto of_subscribers = caught([&] { return service.subscriber().create(); });
        CHECK(of_subscribers.code() == errc::port_limit_reached);
        CHECK(of_subscribers.property() == "max_subscribers");
        CHECK(contains(of_subscribers.found(), "3"));
        std::error_code ec;
        CHECK_FALSE(service.subscriber().create(ec));
        CHECK(ec == errc::port_limit_reached);
        publishers.erase(publishers.begin());
        subscribers.erase(subscribers.begin() + round);
    }
}

TEST_CASE(
    "no more notifiers and listeners than agreed, and a place that becomes free is taken again") {
    support::scratch_root root;
    const auto node = elkodon::node::create();
    auto service = node.service("bell").event().max_notifiers(2).max_listeners(1).create();
    auto first = service.notifier().create(), second = service.notifier().create();
    auto listener = service.listener().create();
    const auto of_notifiers = caught([&] { return service.notifier().create(); });
    CHECK(of_notifiers.code() == errc::port_limit_reached);
    CHECK(of_notifiers.property() == "max_notifiers");
    const auto of_listeners = caught([&] { return service.listener().create(); });
    CHECK(of_listeners.code() == errc::port_limit_reached);
    CHECK(of_listeners.property() == "max_listeners");
    first = {};
    CHECK(service.notifier().create());
    listener = {};
    listener = service.listener().create();
    second.notify();
    CHECK(listener.try_wait().size() == 1);
}

}  // namespace tests::properties_cases
