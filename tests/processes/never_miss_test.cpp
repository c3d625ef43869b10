// Who drains and then sleeps never misses a message that was sent before, whatever the order of loans: the publisher
// here sends its loans so that announcements prove wrong in every way, and waits for the receiver's answer to each
// message before it goes on. It sends at instants that aim at the receiver's way into its sleep. A missed wake, or a look
// that finds nothing, is a hang. Agents whose waits leave out their last look have to be found out.
#include "participants.hpp"

#include <elkodon/elkodon.hpp>
#include <support/message.hpp>

#include <random>

namespace tests::never_miss_cases {

using namespace test;

namespace {

constexpr std::size_t buffer = 8, loaned = 3;

/// Loans, drops and sends in an order that a seed decides.
class erratic_publisher {
public:
    erratic_publisher(unsigned seed, child& receiver) : random_(seed), receiver_(receiver) {
        const auto node = elkodon::node::create();
        publisher_ = node.service("numbers")
                         .publish_subscribe<support::message>()
                         .open_or_create()
                         .publisher()
                         .create();
    }

    void send(std::uint64_t count) {
        while (next_ <= count) act();
        while (answered_ + 1 < next_) hear();
    }

private:
    void act() {
        switch (random_() % 6) {
            case 0:
            case 1: return loan();
            case 2: return drop();
            case 3: return send_copy();
            default: return send_one();
        }
    }

    void loan() {
        if (loans_.size() < loaned) loans_.push_back(publisher_.loan_uninit());
    }

    void drop() {
        if (!loans_.empty()) take().reset();
    }

    void send_copy() {
        if (loans_.size() == loaned) return;
        support::message copy;
        support::fill(copy, next_);
        REQUIRE_FALSE(publisher_.send_copy(copy));
        sent();
    }

    void send_one() {
        if (loans_.empty()) return;
        auto chosen = take();
        support::fill(*chosen, next_);
        REQUIRE_FALSE(publisher_.send(std::move(chosen)));
        sent();
    }

    elkodon::loan<support::message> take() {
        const auto which = static_cast<std::ptrdiff_t>(random_() % loans_.size());
        auto chosen = std::move(loans_[static_cast<std::size_t>(which)]);
        loans_.erase(loans_.begin() + which);
        return chosen;
    }

    // One at a time, so that the receiver is about to sleep, or several, the last of which comes while it does that.
    void sent() {
        ++next_;
        spin(std::chrono::nanoseconds(random_() % (std::uint64_t{1} << random_() % 16)));
        const bool wait_for_all = random_() % 2 != 0;
        while (next_ - answered_ > buffer || (wait_for_all && answered_ + 1 < next_)) hear();
    }

    void hear() {
        const auto heard = receiver_.line();
        REQUIRE(heard == std::to_string(++answered_));
    }

    std::mt19937 random_;
    child& receiver_;
    elkodon::publisher<support::message> publisher_;
    std::vector<elkodon::loan<support::message>> loans_;
    std::uint64_t next_ = 1, answered_ = 0;
};

const std::string open_numbers = "open_or_create numbers buffer=8 loaned=3 borrowed=2";

}  // namespace

namespace {

void stream_erratically(const std::string& way,
                        unsigned seed,
                        const support::start_options& options) {
    scratch_root root;
    auto receiver = sleeper(way, {open_numbers, "subscriber"}, "3600000", options);
    receiver.tell("stream " + way);
    erratic_publisher(seed, receiver).send(1500);
}

}  // namespace

TEST_CASE("who drains and then sleeps never misses a message, whatever the order in which loans "
          "were sent") {
    for (const auto& way : all_ways()) {
        for (unsigned seed = 1; seed <= static_cast<unsigned>(rounds(10)); ++seed) {
            INFO(way << ", seed " << seed);
            stream_erratically(way, seed, {});
        }
    }
}

TEST_CASE(
    "a receiver that doesn't look once more before it sleeps is found out by that, in each way") {
    support::start_options mutant;
    mutant.agent = "process_agent_mutant";
    mutant.patience = std::chrono::seconds(5);
    // Rooms of many ports look so shortly before their last look that only a race in one process meets the time between
    // (lib wait race, async wait race).
    for (const std::string way : {"blocking", "timed", "blocking_on_eventfd", "epoll"}) {
        INFO(way);
        bool found = false;
        for (unsigned seed = 1; !found && seed <= 400; ++seed) {
            try {
                stream_erratically(way, seed, mutant);
            } catch (const std::runtime_error& hang) {
                found = std::string(hang.what()).find("hangs") != std::string::npos;
                if (!found) throw;
            }
        }
        CHECK(found);
    }
}

TEST_CASE("the same while another subscriber keeps the pool as small as it gets") {
    for (const auto& way : sleeping_ways) {
        INFO(way);
        scratch_root root;
        auto receiver = sleeper(way, {open_numbers + " subscribers=2", "subscriber"});
        auto holder = participant({open_numbers, "subscriber"});
        auto publisher = participant({open_numbers, "publisher", "publish 1 2"});
        REQUIRE(holder.ask("hold") == "1");
        REQUIRE(holder.ask("hold") == "2");
        REQUIRE(receiver.ask("take receive 2") == "1 2");
        must(publisher, "drop all");
        receiver.tell("stream " + way);
        erratic_publisher(7, receiver).send(1500);
        CHECK(holder.ask("check") == "intact 2");
    }
}

}  // namespace tests::never_miss_cases
