// Peers that can't be mapped, for a failure of our own: no address space is left.
#include "caught.hpp"
#include "child.hpp"
#include "numbers.hpp"

#include <elkodon/node.hpp>
#include <support/scratch_root.hpp>

#include <optional>
#include <string>
#include <sys/resource.h>
#include <vector>

#ifndef __SANITIZE_ADDRESS__  // the sanitizer's own memory has no such limit

namespace tests::degradation_cases {
namespace {

using elkodon::degradation;
using elkodon::errc;

// A stack that has to grow needs address space, too.
[[gnu::noinline]] void touch_the_stack() {
    volatile char deep[256 * 1024];
    for (std::size_t i = 0; i < sizeof deep; i += 1024) deep[i] = 0;
}

/// As long as it lives this process can map nothing.
class no_address_space {
public:
    no_address_space() {
        // What listing a directory takes comes from what is free already.
        std::vector<std::string> few(4, std::string(64 * 1024, ' '));
        few.clear();
        touch_the_stack();
        REQUIRE(getrlimit(RLIMIT_AS, &before_) == 0);
        rlimit little = before_;
        little.rlim_cur = 1;  // what is mapped stays, nothing is added
        REQUIRE(setrlimit(RLIMIT_AS, &little) == 0);
    }
    ~no_address_space() { setrlimit(RLIMIT_AS, &before_); }

private:
    rlimit before_{};
};

struct large {
    number value;
    std::byte rest[16 * 1024 * 1024];
};

struct asked {
    explicit asked(degradation what) : says(what) {}

    degradation says;
    int times = 0;
    elkodon::port_id peer;
    std::error_code error;

    elkodon::degradation_handler handler() {
        return [this](const elkodon::degradation_info& info) noexcept {
            ++times;
            peer = info.peer;
            error = info.error;
            return says;
        };
    }
};

struct world {
    support::scratch_root root;
    elkodon::node node = elkodon::node::create();
    auto numbers() const { return node.service("numbers").publish_subscribe<number>(); }
};

}  // namespace

TEST_CASE("a subscriber that can't be mapped makes loans fail, unless the handler says otherwise",
          "[own mappings]") {
    world here;
    const bool with_handler = GENERATE(true, false);
    asked handler(degradation::fail);
    auto service = here.numbers().create();
    auto builder = service.publisher();
    if (with_handler) builder.degradation_handler(handler.handler());
    auto publisher = builder.create();
    std::optional<elkodon::subscriber<number>> newcomer = service.subscriber().create();
    REQUIRE_FALSE(publisher.send_copy(1));
    // Until chunks become few the publisher doesn't look.
    std::error_code ec;
    {
        const no_address_space now;
        for (int i = 0; i < 1000 && !ec; ++i) ec = publisher.send_copy(2);
    }
    CHECK(ec == std::errc::not_enough_memory);
    CHECK((handler.times > 0) == with_handler);
    if (with_handler) {
        CHECK(handler.peer == newcomer->id());
        CHECK(handler.error == std::errc::not_enough_memory);
    }
    CHECK_FALSE(publisher.send_copy(3));
}

TEST_CASE("ignored, an unmapped subscriber receives all the same, and what it may hold is never "
          "used again",
          "[own mappings]") {
    world here;
    asked handler(degradation::ignore);
    auto service = here.numbers().subscriber_max_borrowed_samples(2).create();
    auto publisher = service.publisher().degradation_handler(handler.handler()).create();
    auto newcomer = service.subscriber().create();
    REQUIRE_FALSE(publisher.send_copy(1));
    const auto held = newcomer.receive();
    std::error_code ec;
    number sent = 0;
    {
        const no_address_space now;
        for (; sent < 1000; ++sent)
            if ((ec = publisher.send_copy(100 + sent))) break;
    }
    // All that was free was used, and then nothing more.
    CHECK(ec == std::errc::not_enough_memory);
    CHECK(sent > 8);
    CHECK(handler.times > 0);
    CHECK(*held == 1);
    CHECK_FALSE(publisher.send_copy(7));
    CHECK(*held == 1);
    values got = drain(newcomer);
    REQUIRE_FALSE(got.empty());
    CHECK(got.back() == 7);
}

TEST_CASE(
    "a publisher that can't be mapped makes receive say why, unless the handler says otherwise",
    "[own mappings]") {
    world here;
    const bool ignored = GENERATE(true, false);
    asked handler(ignored ? degradation::ignore : degradation::fail);
    auto service = here.numbers().create();
    auto subscriber = service.subscriber().degradation_handler(handler.handler()).create();
    auto known = service.publisher().create();
    REQUIRE_FALSE(known.send_copy(1));
    CHECK(*subscriber.receive() == 1);
    auto newcomer = service.publisher().create();
    REQUIRE_FALSE(newcomer.send_copy(5));
    REQUIRE_FALSE(known.send_copy(2));
    number got = 0;
    std::error_code why;
    bool news = false;
    {
        const no_address_space now;
        if (const auto sample = subscriber.receive()) got = *sample;
        why = subscriber.receive().error();
        news = subscriber.has_samples();
    }
    CHECK(got == 2);
    if (ignored) CHECK_FALSE(why);
    else CHECK(why == std::errc::not_enough_memory);
    CHECK(news == !ignored);
    CHECK(handler.peer == newcomer.id());
    CHECK(*subscriber.receive() == 5);
    CHECK(subscriber.lost() == 0);
}

TEST_CASE("a port is not made while a peer can't be mapped, unless the handler says otherwise",
          "[own mappings]") {
    // A child: an address space that is full would be the test program's, too.
    world here;
    auto service =
        here.node.service("large").publish_subscribe<large>().subscriber_max_buffer_size(2).create();
    auto publisher = service.publisher().create();
    const auto said = in_child([&]() -> std::string {
        const auto node = elkodon::node::create();
        auto same =
            node.service("large").publish_subscribe<large>().subscriber_max_buffer_size(2).open();
        rlimit little{};
        getrlimit(RLIMIT_AS, &little);
        little.rlim_cur =
            200UL << 20;  // room for a subscriber's own segment, not for the publisher's
        if (setrlimit(RLIMIT_AS, &little) != 0) return "no limit";
        std::error_code ec;
        if (same.subscriber().create(ec)) return "made";
        if (ec != std::errc::not_enough_memory) return "not made: " + ec.message();
        asked handler(degradation::ignore);
        auto made = same.subscriber().degradation_handler(handler.handler()).create(ec);
        if (!made) return "refused: " + ec.message();
        if (handler.peer != publisher.id()) return "whose it is";
        const auto nothing = made.receive();
        return nothing || nothing.error() ? "something" : "";
    });
    CHECK(said == "");
}

}  // namespace tests::degradation_cases

#endif
