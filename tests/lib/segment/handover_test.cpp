// The handover of the eventfd, among peers that don't keep to it: nobody hangs, nothing is leaked, and the honest still
// wake each other.
#include "../caught.hpp"

#include <elkodon/os/process.hpp>
#include <elkodon/segment/bell.hpp>
#include <elkodon/segment/doorbell.hpp>
#include <support/scratch_root.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace tests::handover_cases {
namespace {

namespace os = elkodon::os;
namespace layout = elkodon::layout;
namespace segment = elkodon::segment;
using os::wait_end;
using namespace std::chrono_literals;

constexpr elkodon::process_id process{5};

std::size_t open_files() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

bool readable(int file) {
    return os::wait_readable(file, std::chrono::steady_clock::now()) == wait_end::woken;
}

struct directory {
    support::scratch_root root;
    os::fd doorbells = os::open_directory(AT_FDCWD, root.path());

    std::shared_ptr<segment::bell> bell(elkodon::doorbell_id id) const {
        std::error_code failure;
        auto made = segment::bell::open(doorbells.get(), process, id, failure);
        REQUIRE_FALSE(failure);
        REQUIRE(made);
        return made;
    }
};

/// An honest owner.
struct honest_owner : directory {
    segment::doorbell owner{{nullptr, doorbells.get(), doorbells.get(), process, 1h}};

    std::string socket() const {
        return segment::socket_name(segment::doorbell_name(process, owner.id()));
    }
    std::shared_ptr<segment::bell> bell() const { return directory::bell(owner.id()); }

    /// A connection of somebody who doesn't keep to anything.
    os::fd intruder() const {
        os::fd made;
        REQUIRE(os::connect_to(doorbells.get(), socket(), made) == os::connecting::connected);
        return made;
    }
    void look() {
        owner.drain();
        owner.disarm();
        owner.serve();
    }
    /// Until nothing more is there to be served.
    void settle() {
        for (int round = 0; round < 1000 && readable(owner.descriptor()); ++round) look();
        REQUIRE_FALSE(readable(owner.descriptor()));
    }
    /// The honest rings, and the owner hears of that alone.
    void is_woken_by(segment::bell& bell, std::uint32_t slot) {
        owner.arm();
        bell.mark(slot);
        bell.ring_if_armed();
        CHECK(owner.sleep(std::chrono::steady_clock::now() + 1min) == wait_end::woken);
        CHECK(owner.rung());
        look();
        std::size_t found = ~std::size_t{0};
        owner.ready().take([&](std::size_t each) { found = each; });
        CHECK(found == slot);
        settle();
    }
};

/// A doorbell whose owner does what the test does.
struct hostile_owner : directory {
    elkodon::doorbell_id id{77};
    segment::own_segment memory{doorbells.get(),
                                {layout::segment_kind::doorbell, elkodon::port_id{77}, process},
                                sizeof(layout::doorbell_segment),
                                "make a hostile doorbell"};
    os::fd listener;

    hostile_owner() {
        const auto name = segment::doorbell_name(process, id);
        listener = os::listen_at(doorbells.get(), segment::socket_name(name));
        memory.as<layout::doorbell_segment>().backend =
            static_cast<std::uint32_t>(layout::doorbell_kind::eventfd);
        memory.link(doorbells.get(), name);
    }
    os::fd accept() const {
        bool exhausted = false;
        auto connection = os::accept_one(listener.get(), exhausted);
        REQUIRE(connection);
        return connection;
    }
    void arm(std::uint64_t epoch) {
        memory.as<layout::doorbell_segment>().armed =
            layout::armed_word(epoch, layout::armed_state::armed);
    }
    bool rung() {
        return layout::armed_state_of(memory.as<layout::doorbell_segment>().armed) ==
               layout::armed_state::rung;
    }
};

/// What an owner might hand over that is no eventfd.
std::vector<os::fd> wrong_files() {
    std::vector<os::fd> all;
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    for (const int each : ends) all.emplace_back(each);
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    for (const int each : ends) all.emplace_back(each);
    all.emplace_back(open("/dev/null", O_RDWR | O_CLOEXEC));
    all.emplace_back(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    all.emplace_back(open("/proc/self/mem", O_RDWR | O_CLOEXEC));
    all.push_back(os::make_timer());
    os::poll_set set;
    all.emplace_back(fcntl(set.get(), F_DUPFD_CLOEXEC, 0));
    return all;
}

/// One message with all of these.
void send_all(int connection, const std::vector<os::fd>& files) {
    char byte = 1;
    iovec piece{&byte, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(16 * sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(files.size() * sizeof(int));
    auto* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(files.size() * sizeof(int));
    for (std::size_t i = 0; i < files.size(); ++i) {
        const int number = files[i].get();
        std::memcpy(CMSG_DATA(header) + i * sizeof(int), &number, sizeof number);
    }
    REQUIRE(sendmsg(connection, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == 1);
}

}  // namespace

TEST_CASE("peers that connect and say nothing don't keep the honest from waking the owner") {
    honest_owner here;
    const auto early = here.bell();
    std::vector<os::fd> silent;
    for (int i = 0; i < 300; ++i) silent.push_back(here.intruder());
    here.settle();
    const auto late = here.bell();
    here.settle();
    here.is_woken_by(*early, 1);
    here.is_woken_by(*late, 2);
    silent.clear();  // and when they all go
    here.settle();
    here.is_woken_by(*early, 3);
}

TEST_CASE("peers that send what nobody asked for wake the owner, and leave nothing with him",
          "[no emulator]") {
    honest_owner here;
    const auto bell = here.bell();
    auto intruder = here.intruder();
    here.settle();
    const auto files = wrong_files();
    const auto before = open_files();
    const std::array<char, 3000> noise{};
    for (int round = 0; round < 50; ++round) {
        while (send(intruder.get(), noise.data(), noise.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {}
        here.settle();
        for (const auto& each : files) os::send_byte(intruder.get(), each.get());
        send_all(intruder.get(), files);
        here.settle();
        shutdown(intruder.get(), round % 2 == 0 ? SHUT_RD : SHUT_WR);
        intruder = here.intruder();
        here.settle();
    }
    CHECK(open_files() == before);
    here.is_woken_by(*bell, 1);
}

TEST_CASE(
    "an eventfd that an intruder has saturated is rung already, and nobody waits to ring it") {
    honest_owner here;
    const auto bell = here.bell();
    const auto intruder = here.intruder();
    here.settle();
    const auto handed = os::receive_bytes(intruder.get());
    REQUIRE(handed.passenger);
    const std::uint64_t most = ~std::uint64_t{1};
    REQUIRE(write(handed.passenger.get(), &most, sizeof most) == sizeof most);
    here.owner.arm();
    bell->mark(1);
    bell->ring_if_armed();  // saturated: rung already
    CHECK(here.owner.rung());
    here.settle();
    here.owner.ready().take([](std::size_t) {});
    here.is_woken_by(*bell, 2);
}

TEST_CASE("a full backlog is a ring, and nobody waits for room in it") {
    os::raise_file_limit(20'000);
    honest_owner here;
    const auto early = here.bell();
    here.settle();
    std::vector<os::fd> crowd;
    for (;;) {
        os::fd next;
        const auto how = os::connect_to(here.doorbells.get(), here.socket(), next);
        if (how != os::connecting::connected) {
            REQUIRE(how == os::connecting::full);
            break;
        }
        crowd.push_back(std::move(next));
    }
    const auto late = here.bell();  // comes, and doesn't get in
    here.owner.arm();
    late->mark(3);
    late->ring_if_armed();
    CHECK(here.owner.rung());
    CHECK(here.owner.sleep({}) == wait_end::woken);
    here.look();
    std::size_t found = 0;
    here.owner.ready().take([&](std::size_t each) { found = each; });
    CHECK(found == 3);
    crowd.clear();
    here.settle();
    here.is_woken_by(*early, 4);
    here.is_woken_by(*late, 5);  // by a connection of its own now
    here.is_woken_by(*late, 6);
}

TEST_CASE("an owner that never accepts is rung by whoever has connected, as often as he arms") {
    hostile_owner here;
    const auto bell = here.bell(here.id);
    for (std::uint64_t epoch = 1; epoch <= 20'000; ++epoch) {  // more bytes than a socket holds
        here.arm(epoch);
        bell->mark(1);
        bell->ring_if_armed();
        REQUIRE(here.rung());
    }
    CHECK(readable(here.listener.get()));
}

TEST_CASE("an owner that accepts and hands nothing over is rung with bytes") {
    hostile_owner here;
    const auto bell = here.bell(here.id);
    const auto connection = here.accept();
    CHECK_FALSE(readable(connection.get()));
    for (std::uint64_t epoch = 1; epoch <= 20'000; ++epoch) {
        here.arm(epoch);
        bell->ring_if_armed();
        REQUIRE(here.rung());
        if (epoch < 4) {
            CHECK(os::receive_bytes(connection.get()).any);
            CHECK_FALSE(readable(connection.get()));
        }
    }
}

TEST_CASE("an owner that closes each connection is connected to anew with each ring") {
    hostile_owner here;
    const auto bell = here.bell(here.id);
    const auto before = open_files();
    for (std::uint64_t epoch = 1; epoch <= 100; ++epoch) {
        here.accept().reset();
        here.arm(epoch);
        bell->ring_if_armed();
        REQUIRE(here.rung());
        REQUIRE(readable(here.listener.get()));
    }
    CHECK(open_files() <= before + 1);
}

TEST_CASE("whatever an owner hands over that is no eventfd is closed, and he is rung with bytes",
          "[no emulator]") {
    hostile_owner here;
    const auto files = wrong_files();
    const auto bell = here.bell(here.id);
    auto connection = here.accept();
    const auto before = open_files();
    std::uint64_t epoch = 0;
    const auto is_rung_with_a_byte = [&] {
        here.arm(++epoch);
        bell->ring_if_armed();
        CHECK(here.rung());
        CHECK(os::receive_bytes(connection.get()).any);
    };
    for (const auto& each : files) {
        REQUIRE(os::send_byte(connection.get(), each.get()));
        is_rung_with_a_byte();
    }
    send_all(connection.get(), files);
    is_rung_with_a_byte();
    CHECK(open_files() == before);
    // At last a right one, behind many wrong bytes; blocking, and saturated.
    const os::fd right(eventfd(0, EFD_CLOEXEC));
    const std::uint64_t most = ~std::uint64_t{1};
    REQUIRE(write(right.get(), &most, sizeof most) == sizeof most);
    REQUIRE(os::send_byte(connection.get(), right.get()));
    here.arm(++epoch);
    bell->ring_if_armed();
    CHECK(here.rung());
    CHECK_FALSE(os::receive_bytes(connection.get()).any);
    CHECK((fcntl(right.get(), F_GETFL) & O_NONBLOCK) != 0);
}

TEST_CASE("an owner whose socket has gone, or is another kind of file, is rung into the void") {
    hostile_owner here;
    const auto name = segment::socket_name(segment::doorbell_name(process, here.id));
    os::unlink_name(here.doorbells.get(), name);
    const bool has_a_file = GENERATE(false, true);
    if (has_a_file) {
        const os::fd file(
            openat(here.doorbells.get(), name.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
        REQUIRE(file);
    }
    const auto bell = here.bell(here.id);
    for (std::uint64_t epoch = 1; epoch <= 100; ++epoch) {
        here.arm(epoch);
        bell->mark(1);
        bell->ring_if_armed();
        CHECK(here.rung());
    }
}

}  // namespace tests::handover_cases
