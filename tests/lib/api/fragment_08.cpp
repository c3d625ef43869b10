// Fragment 8 of the API by example: notifier and listener, ids and a deadline.
#include <elkodon/elkodon.hpp>
#include <elkodon/fmt.hpp>
#include <support/catch.hpp>
#include <support/scratch_root.hpp>

#include <cstdio>
#include <fmt/format.h>

namespace tests::fragment_08 {

using namespace std::chrono_literals;

TEST_CASE("API 8: notifier and listener, ids and a deadline") {
    support::scratch_root root;
    auto node = elkodon::node::create();
    std::uint64_t counter = 998;
    int turns = 0, late = 0;
    std::string printed;

    // 8  notifier and listener, ids and a deadline
    auto event =
        node.service("MyEventName").event().event_id_max_value(999).deadline(2s).open_or_create();
    auto notifier = event.notifier().create();
    if (auto error = notifier.notify(elkodon::event_id{counter++ % 1000}))
        fmt::print(stderr, "{}\n", error.message());
    auto listener = event.listener().create();
    while (!elkodon::termination_requested() && late == 0) {
        if (++turns <= 3) {
            static_cast<void>(notifier.notify(elkodon::event_id{counter++ % 1000}));  // elsewhere
            static_cast<void>(notifier.notify());
        }
        auto ids = listener.timed_wait(1s);  // a set: notification is not count
        for (auto id : ids) printed += fmt::format("event was triggered with id: {}\n", id);
        if (ids.error() == elkodon::errc::deadline_missed) ++late;
    }

    CHECK(turns > 3);
    CHECK(printed == "event was triggered with id: 0\n"
                     "event was triggered with id: 999\n"
                     "event was triggered with id: 0\n"
                     "event was triggered with id: 0\n"
                     "event was triggered with id: 1\n");
}

}  // namespace tests::fragment_08
