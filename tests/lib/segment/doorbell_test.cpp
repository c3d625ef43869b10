// One suite over both backends: what a doorbell is to its owner and to wakers doesn't depend on what the owner sleeps on.
#include "../caught.hpp"

#include <elkodon/os/futex.hpp>
#include <elkodon/segment/bell.hpp>
#include <elkodon/segment/doorbell.hpp>
#include <support/scratch_root.hpp>

#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <pthread.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace tests::doorbell_cases {
namespace {

namespace os = elkodon::os;
namespace layout = elkodon::layout;
using kind = layout::doorbell_kind;
using clock_type = std::chrono::steady_clock;
using os::wait_end;
using namespace std::chrono_literals;

/// A doorbell of either kind, and wakers of it.
struct place {
    explicit place(kind which, std::chrono::milliseconds liveness_bound = 1h, bool distrust = false)
        : owner({nullptr, doorbells.get(), doorbells.get(), process, liveness_bound, distrust},
                which) {}

    support::scratch_root root;
    os::fd doorbells = os::open_directory(AT_FDCWD, root.path());
    elkodon::process_id process{5};
    elkodon::segment::doorbell owner;

    /// A new one each time, as other processes would have.
    std::shared_ptr<elkodon::segment::bell> bell() {
        std::error_code failure;
        auto made = elkodon::segment::bell::open(doorbells.get(), process, owner.id(), failure);
        REQUIRE(made);
        return made;
    }
    /// Whether the owner, armed, would sleep on.
    bool sleeps() { return owner.sleep(clock_type::now()) == wait_end::time_over; }
    std::vector<std::size_t> ready() {
        std::vector<std::size_t> slots;
        owner.ready().take([&](std::size_t slot) { slots.push_back(slot); });
        return slots;
    }
    /// Awake.
    void look() {
        owner.drain();
        owner.disarm();
        owner.serve();
    }
    layout::doorbell_segment& memory() { return map.as<layout::doorbell_segment>(); }
    elkodon::segment::foreign_segment map =
        elkodon::segment::foreign_segment::map(doorbells.get(),
                                               elkodon::segment::doorbell_name(process, owner.id()),
                                               layout::segment_kind::doorbell,
                                               os::access::read_write,
                                               sizeof(layout::doorbell_segment));
};

std::size_t open_files() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

bool asleep(pid_t thread) {
    std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/stat");
    std::string line;
    std::getline(file, line);
    const auto end = line.rfind(')');
    return end != std::string::npos && line.size() > end + 2 && line[end + 2] == 'S';
}

/// The owner, armed, in a thread of its own that sleeps.
class sleeping_owner {
public:
    explicit sleeping_owner(elkodon::segment::doorbell& owner,
                            std::optional<clock_type::time_point> until = {}) {
        owner.arm();
        thread_ = std::thread([&owner, until, this] {
            number_ = gettid();
            end_ = owner.sleep(until);
        });
        while (number_ == 0 || !asleep(number_)) std::this_thread::yield();
    }
    ~sleeping_owner() {
        if (thread_.joinable()) thread_.join();
    }
    sleeping_owner(const sleeping_owner&) = delete;
    sleeping_owner& operator=(const sleeping_owner&) = delete;

    wait_end end() {
        thread_.join();
        return end_;
    }
    void signal(int number) { pthread_kill(thread_.native_handle(), number); }
    bool is_asleep() const { return asleep(number_); }

private:
    std::thread thread_;
    std::atomic<pid_t> number_{0};
    wait_end end_ = wait_end::refused;
};

std::atomic<int> signals{0};
void count_signal(int) { signals.fetch_add(1); }

kind either() { return GENERATE(kind::futex, kind::eventfd); }

}  // namespace

TEST_CASE("who sleeps is woken by one ring, and finds the mark") {
    place here(either());
    const auto bell = here.bell();
    here.look();
    for (std::uint32_t round = 0; round < 3; ++round) {
        sleeping_owner sleeper(here.owner);
        CHECK_FALSE(here.owner.rung());
        bell->mark(7 + round);
        bell->ring_if_armed();
        CHECK(sleeper.end() == wait_end::woken);
        CHECK(here.owner.rung());
        CHECK(here.owner.ready().any());
        here.look();
        CHECK(here.ready() == std::vector<std::size_t>{7 + round});
        here.owner.arm();
        CHECK(here.sleeps());
        here.look();
    }
}

TEST_CASE("a ring between arming and sleeping is not lost") {
    place here(either());
    const auto bell = here.bell();
    here.look();
    here.owner.arm();
    CHECK(here.sleeps());
    bell->mark(3);
    bell->ring_if_armed();
    CHECK(here.owner.sleep({}) == wait_end::woken);
    here.look();
    CHECK(here.ready() == std::vector<std::size_t>{3});
}

TEST_CASE("who isn't yet admitted rings all the same") {
    place here(either());
    const auto bell = here.bell();
    here.owner.arm();
    bell->mark(1);
    bell->ring_if_armed();  // whatever connection there is has not been accepted
    CHECK_FALSE(here.sleeps());
    here.look();
    CHECK(here.ready() == std::vector<std::size_t>{1});
}

TEST_CASE("an owner that is awake is marked and not rung") {
    place here(either());
    const auto bell = here.bell();
    here.look();
    bell->mark(3);
    bell->ring_if_armed();
    CHECK_FALSE(layout::armed_state_of(here.memory().armed.load()) == layout::armed_state::rung);
    CHECK(here.ready() == std::vector<std::size_t>{3});
    here.owner.arm();
    CHECK(here.sleeps());
}

TEST_CASE("one ring is enough for a sleep, whoever comes next sees that it was rung") {
    place here(either());
    const auto first = here.bell(), second = here.bell();
    here.look();
    here.owner.arm();
    first->mark(1);
    first->ring_if_armed();
    const auto word = here.memory().armed.load();
    second->mark(2);
    second->ring_if_armed();
    CHECK(here.memory().armed.load() == word);
    CHECK(layout::armed_state_of(word) == layout::armed_state::rung);
    here.look();
    CHECK(here.ready() == std::vector<std::size_t>{1, 2});
}

TEST_CASE("every arming has an epoch of its own, so that a late exchange misses it") {
    place here(either());
    here.owner.arm();
    const auto first = here.memory().armed.load();
    here.owner.disarm();
    CHECK(layout::armed_state_of(here.memory().armed.load()) == layout::armed_state::idle);
    here.owner.arm();
    CHECK(here.memory().armed.load() != first);
    CHECK(layout::armed_state_of(here.memory().armed.load()) == layout::armed_state::armed);
}

TEST_CASE("a late ring by a futex wakes the next sleep in vain, and leaves the word a state") {
    place here(kind::futex);
    const auto bell = here.bell();
    here.owner.arm();
    here.owner.disarm();
    os::set_and_wake(here.memory().armed, 2);  // of a waker that saw the arming before
    here.owner.arm();
    CHECK(here.sleeps());
    os::set_and_wake(here.memory().armed, 2);
    CHECK(here.owner.sleep({}) == wait_end::woken);
    CHECK(here.owner.rung());
    here.look();
    here.owner.arm();
    CHECK(here.sleeps());
}

TEST_CASE("the owner can ring itself, before the sleep and in it") {
    place here(either());
    here.owner.arm();
    here.owner.ring_ourselves();
    CHECK(here.owner.sleep({}) == wait_end::woken);
    here.look();
    sleeping_owner sleeper(here.owner);
    here.owner.ring_ourselves();
    CHECK(sleeper.end() == wait_end::woken);
}

TEST_CASE("a sleep ends when its time is over, not earlier, and signals don't end it") {
    struct sigaction handler{}, before{};
    handler.sa_handler = count_signal;
    REQUIRE(sigaction(SIGUSR1, &handler, &before) == 0);
    place here(either());
    for (const auto time : {0ms, 1ms, 20ms}) {
        here.owner.arm();
        const auto begin = clock_type::now();
        CHECK(here.owner.sleep(begin + time) == wait_end::time_over);
        CHECK(clock_type::now() - begin >= time);
        here.look();
    }
    const bool with_a_time = GENERATE(false, true);
    sleeping_owner sleeper(here.owner,
                           with_a_time ? std::optional(clock_type::now() + std::chrono::hours(1))
                                       : std::nullopt);
    for (int i = 0; i < 20; ++i) {
        const int sent = signals.load();
        sleeper.signal(SIGUSR1);
        // ThreadSanitizer keeps a signal back until the thread makes a call that it knows: no futex.
        while (!elkodon::fences_as_orders && signals.load() == sent) std::this_thread::yield();
        while (!sleeper.is_asleep()) std::this_thread::yield();
    }
    here.owner.ring_ourselves();
    CHECK(sleeper.end() == wait_end::woken);
    sigaction(SIGUSR1, &before, nullptr);
}

TEST_CASE(
    "a futex sleeper looks again once a liveness bound, and so does everybody who distrusts its "
    "peers, though nobody has rung") {
    const auto which = either();
    place here(which, 20ms, which == kind::eventfd);
    for (int round = 0; round < 3; ++round) {
        const auto before = here.owner.notices();
        while (here.owner.notices() == before) {
            here.owner.arm();
            CHECK(here.owner.sleep({}) == wait_end::woken);
            here.look();
        }
    }
    const auto begin = clock_type::now();  // a time that is over first is over
    here.owner.arm();
    CHECK(here.owner.sleep(begin) != wait_end::refused);
}

TEST_CASE("a sleep that was asked to end early ends then, and says that all is to be looked at") {
    place here(either());
    const auto before = here.owner.notices();
    here.owner.arm();
    here.owner.look_again_after(1ms);
    here.owner.look_again_after(24h);
    CHECK(here.owner.sleep({}) == wait_end::woken);
    here.look();
    CHECK(here.owner.notices() > before);
    here.owner.arm();
    CHECK(here.sleeps());
}

TEST_CASE("a futex doorbell has no descriptor and no socket, and neither has who rings it") {
    const auto before = [] {
        support::scratch_root root;
        const auto directory = os::open_directory(AT_FDCWD, root.path());
        return open_files();
    }();
    place here(kind::futex);
    const auto bell = here.bell();
    here.owner.arm();
    bell->mark(1);
    bell->ring_if_armed();
    here.look();
    CHECK(open_files() == before);
    CHECK_FALSE(here.owner.has_descriptors());
    CHECK(here.root.listing().empty());
    CHECK(std::distance(std::filesystem::directory_iterator(here.root.path()), {}) == 1);
    here.owner.watch(elkodon::process_id(77));
    CHECK(open_files() == before);
}

TEST_CASE("a newcomer wakes the owner by connecting, and afterwards rings with the eventfd that he "
          "was handed") {
    place here(kind::eventfd);
    here.owner.arm();
    CHECK(here.sleeps());
    const auto bell = here.bell();
    CHECK_FALSE(here.sleeps());
    const auto notices = here.owner.notices();
    here.look();
    CHECK(here.owner.notices() == notices + 1);
    CHECK(here.sleeps());
    for (int round = 0; round < 3; ++round) {
        here.owner.arm();
        bell->mark(7);
        bell->ring_if_armed();
        CHECK(os::wait_readable(here.owner.ring_descriptor(), clock_type::now()) == wait_end::woken);
        here.look();
        CHECK(here.ready() == std::vector<std::size_t>{7});
        CHECK(here.sleeps());
    }
}

TEST_CASE("a waker that goes is noticed") {
    place here(kind::eventfd);
    auto bell = here.bell();
    here.look();
    const auto notices = here.owner.notices();
    bell.reset();
    CHECK_FALSE(here.sleeps());
    here.look();
    CHECK(here.owner.notices() == notices + 1);
    CHECK(here.sleeps());
}

TEST_CASE("whatever a scribbler writes into a doorbell, its owner finds no slot that isn't there, "
          "and goes on") {
    place here(either());
    const auto bell = here.bell();
    here.look();
    auto& memory = here.memory();
    memory.summary[0] = ~std::uint64_t{0};
    memory.summary[layout::ready_summaries - 1] = ~std::uint64_t{0};
    for (auto& leaf : memory.leaves) leaf = ~std::uint64_t{0};
    memory.armed = ~std::uint64_t{0};
    memory.backend = 0;
    bell->ring_if_armed();
    CHECK(here.owner.sleep(clock_type::now()) != wait_end::refused);
    here.look();
    for (const auto slot : here.ready()) REQUIRE(slot < layout::max_ports);
    here.owner.arm();
    bell->mark(9);
    bell->ring_if_armed();
    CHECK_FALSE(here.sleeps());
    bell->mark(layout::max_ports);
    bell->mark(~0U);
    here.look();
    here.owner.ready().take_all([](std::size_t slot) { REQUIRE(slot < layout::max_ports); });
}

TEST_CASE(
    "a doorbell that says it is of another kind is rung as that, and one of no kind is none") {
    place here(either());
    std::error_code failure;
    const auto open = [&] {
        return elkodon::segment::bell::open(here.doorbells.get(), here.process, here.owner.id(),
                                            failure);
    };
    for (const std::uint32_t none : {0U, 3U, 77U, ~0U}) {
        here.memory().backend = none;
        CHECK_FALSE(open());
        CHECK_FALSE(failure);
    }
    for (const auto other : {kind::futex, kind::eventfd}) {
        here.memory().backend = static_cast<std::uint32_t>(other);
        const auto bell = open();
        REQUIRE(bell);
        here.owner.arm();
        bell->mark(1);
        bell->ring_if_armed();
        here.look();
        CHECK(here.ready() == std::vector<std::size_t>{1});
    }
}

TEST_CASE("the slots of a doorbell are given out once each, and again when they are free") {
    place here(either());
    CHECK(here.owner.take_slot() == 0u);
    CHECK(here.owner.take_slot() == 1u);
    here.owner.free_slot(0);
    CHECK(here.owner.take_slot() == 0u);
    CHECK(here.owner.take_slot() == 2u);
}

TEST_CASE("a doorbell's files go with it, and a bell that is left rings into the void") {
    const auto which = either();
    support::scratch_root root;
    const auto directory = os::open_directory(AT_FDCWD, root.path());
    std::shared_ptr<elkodon::segment::bell> bell;
    std::error_code failure;
    elkodon::doorbell_id id;
    {
        elkodon::segment::doorbell owner(
            {nullptr, directory.get(), directory.get(), elkodon::process_id(5), 1000ms}, which);
        id = owner.id();
        bell = elkodon::segment::bell::open(directory.get(), elkodon::process_id(5), id, failure);
        owner.arm();
    }
    CHECK(std::filesystem::is_empty(root.path()));
    REQUIRE(bell);
    for (int i = 0; i < 3; ++i) {
        bell->mark(1);
        bell->ring_if_armed();
    }
    CHECK_FALSE(elkodon::segment::bell::open(directory.get(), elkodon::process_id(5), id, failure));
    CHECK_FALSE(failure);
}

TEST_CASE("the choice for a thread: a futex unless somebody wants an eventfd") {
    using elkodon::doorbell_backend;
    using elkodon::segment::kind_for_a_thread;
    CHECK(os::has_futexes());
    CHECK(kind_for_a_thread(doorbell_backend::automatic) == kind::futex);
    CHECK(kind_for_a_thread(doorbell_backend::futex) == kind::futex);
    CHECK(kind_for_a_thread(doorbell_backend::eventfd) == kind::eventfd);
}

}  // namespace tests::doorbell_cases
