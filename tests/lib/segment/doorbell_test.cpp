#include "../caught.hpp"

#include <elkodon/segment/bell.hpp>
#include <elkodon/segment/doorbell.hpp>
#include <support/scratch_root.hpp>

#include <fcntl.h>
#include <vector>

namespace tests::doorbell_cases {
namespace {

namespace os = elkodon::os;
namespace layout = elkodon::layout;
using namespace std::chrono_literals;

struct place {
    support::scratch_root root;
    os::fd doorbells = os::open_directory(AT_FDCWD, root.path());
    elkodon::process_id process{5};
    elkodon::segment::doorbell owner{{nullptr, doorbells.get(), doorbells.get(), process, 1000ms}};

    std::shared_ptr<elkodon::segment::bell> bell() {
        std::error_code failure;
        auto made = elkodon::segment::bell::open(doorbells.get(), process, owner.id(), failure);
        REQUIRE(made);
        return made;
    }
    bool readable() {
        return os::wait_readable(owner.descriptor(), std::chrono::steady_clock::now());
    }
    std::vector<std::size_t> ready() {
        std::vector<std::size_t> slots;
        owner.ready().take([&](std::size_t slot) { slots.push_back(slot); });
        return slots;
    }
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

}  // namespace

TEST_CASE("a newcomer wakes the owner by connecting, and afterwards rings with the eventfd that he "
          "was handed") {
    place here;
    CHECK_FALSE(here.readable());
    const auto bell = here.bell();
    CHECK(here.readable());
    const auto notices = here.owner.notices();
    here.look();
    CHECK(here.owner.notices() == notices + 1);
    CHECK_FALSE(here.readable());
    for (int round = 0; round < 3; ++round) {
        here.owner.arm();
        CHECK_FALSE(here.owner.rung());
        bell->mark(7);
        bell->ring_if_armed();
        CHECK(here.owner.rung());
        CHECK(os::wait_readable(here.owner.ring_descriptor(), std::chrono::steady_clock::now()));
        CHECK(here.owner.ready().any());
        here.look();
        CHECK(here.ready() == std::vector<std::size_t>{7});
        CHECK_FALSE(here.readable());
    }
}

TEST_CASE("who isn't yet admitted rings all the same") {
    place here;
    const auto bell = here.bell();
    here.owner.arm();
    bell->mark(1);
    bell->ring_if_armed();  // the connection has not been accepted
    CHECK(here.readable());
    here.look();
    CHECK(here.ready() == std::vector<std::size_t>{1});
}

TEST_CASE("an owner that is awake is marked and not rung") {
    place here;
    const auto bell = here.bell();
    here.look();
    bell->mark(3);
    bell->ring_if_armed();
    CHECK_FALSE(here.readable());
    CHECK(here.ready() == std::vector<std::size_t>{3});
}

TEST_CASE("one ring is enough for a sleep, whoever comes next sees that it was rung") {
    place here;
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
    place here;
    here.owner.arm();
    const auto first = here.memory().armed.load();
    here.owner.disarm();
    CHECK(layout::armed_state_of(here.memory().armed.load()) == layout::armed_state::idle);
    here.owner.arm();
    CHECK(here.memory().armed.load() != first);
    CHECK(layout::armed_state_of(here.memory().armed.load()) == layout::armed_state::armed);
}

TEST_CASE("a waker that goes is noticed") {
    place here;
    auto bell = here.bell();
    here.look();
    const auto notices = here.owner.notices();
    bell.reset();
    CHECK(here.readable());
    here.look();
    CHECK(here.owner.notices() == notices + 1);
    CHECK_FALSE(here.readable());
}

TEST_CASE("whatever a scribbler writes into a doorbell, its owner finds no slot that isn't there, "
          "and goes on") {
    place here;
    const auto bell = here.bell();
    here.look();
    auto& memory = here.memory();
    memory.summary[0] = ~std::uint64_t{0};
    memory.summary[layout::ready_summaries - 1] = ~std::uint64_t{0};
    for (auto& leaf : memory.leaves) leaf = ~std::uint64_t{0};
    memory.armed = ~std::uint64_t{0};
    bell->ring_if_armed();
    here.look();
    for (const auto slot : here.ready()) REQUIRE(slot < layout::max_ports);
    here.owner.arm();
    bell->mark(9);
    bell->ring_if_armed();
    CHECK(here.readable());
    bell->mark(layout::max_ports);
    bell->mark(~0U);
    here.look();
    here.owner.ready().take_all([](std::size_t slot) { REQUIRE(slot < layout::max_ports); });
}

TEST_CASE("the slots of a doorbell are given out once each, and again when they are free") {
    place here;
    CHECK(here.owner.take_slot() == 0u);
    CHECK(here.owner.take_slot() == 1u);
    here.owner.free_slot(0);
    CHECK(here.owner.take_slot() == 0u);
    CHECK(here.owner.take_slot() == 2u);
}

TEST_CASE("a doorbell's files go with it, and a bell that is left rings into the void") {
    support::scratch_root root;
    const auto directory = os::open_directory(AT_FDCWD, root.path());
    std::shared_ptr<elkodon::segment::bell> bell;
    std::error_code failure;
    elkodon::doorbell_id id;
    {
        elkodon::segment::doorbell owner(
            {nullptr, directory.get(), directory.get(), elkodon::process_id(5), 1000ms});
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

}  // namespace tests::doorbell_cases
