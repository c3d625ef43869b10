#include "../caught.hpp"

#include <elkodon/layout/fingerprint.hpp>
#include <elkodon/os/file.hpp>
#include <elkodon/segment/foreign_segment.hpp>
#include <support/scratch_root.hpp>
#include <support/skip.hpp>

#include <cstring>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tests::segment_cases {
namespace {

namespace layout = elkodon::layout;
namespace os = elkodon::os;
using elkodon::segment::absence;
using elkodon::segment::foreign_segment;
using elkodon::segment::own_segment;

constexpr std::uint64_t size = 2 * layout::page;
constexpr auto kind = layout::segment_kind::subscriber;

// A directory with one segment in it, named "port".
struct place {
    place()
        : own(directory.get(),
              {kind, elkodon::port_id(77), elkodon::process_id(88)},
              size,
              "create a segment") {
        std::strcpy(reinterpret_cast<char*>(own.data()) + sizeof(layout::segment_header),
                    "contents");
    }

    std::string path(const std::string& name) const { return root.path() / name; }
    foreign_segment map(const std::string& name = "port", std::uint64_t least = 0) const {
        return foreign_segment::map(directory.get(), name, kind, os::access::read, least);
    }
    template <class T>
    void spoil(std::size_t offset, T value) const {
        const os::fd file(open(path("port").c_str(), O_RDWR | O_CLOEXEC));
        REQUIRE(pwrite(file.get(), &value, sizeof value, static_cast<off_t>(offset)) ==
                sizeof value);
    }

    support::scratch_root root;
    os::fd directory = os::open_directory(AT_FDCWD, root.path());
    own_segment own;
};

}  // namespace

TEST_CASE("a segment has no name until it is complete, and then all that was written") {
    place here;
    CHECK(std::filesystem::is_empty(here.root.path()));
    CHECK(here.map().why_absent() == absence::no_such_name);
    REQUIRE(here.own.link(here.directory.get(), "port"));
    const auto found = here.map("port", size);
    REQUIRE(found);
    CHECK(found.why_absent() == absence::none);
    CHECK(found.size() == size);
    CHECK(found.port() == elkodon::port_id(77));
    CHECK(found.process() == elkodon::process_id(88));
    CHECK(found.pid() == static_cast<std::uint32_t>(getpid()));
    CHECK(found.file() == here.own.file());
    CHECK(std::string(reinterpret_cast<const char*>(found.data()) +
                      sizeof(layout::segment_header)) == "contents");
}

TEST_CASE("a name is given once: whoever comes second is told, and can take another") {
    place here;
    own_segment second(here.directory.get(), {kind, elkodon::port_id(78), elkodon::process_id(88)},
                       size, "create");
    REQUIRE(here.own.link(here.directory.get(), "port"));
    CHECK_FALSE(second.link(here.directory.get(), "port"));
    CHECK(here.map().port() == elkodon::port_id(77));
    CHECK(second.link(here.directory.get(), "other"));
    CHECK(here.map("other").port() == elkodon::port_id(78));
    CHECK_THROWS_AS(second.link(here.directory.get(), "third"),
                    std::system_error);  // it has its name
}

TEST_CASE("all bytes of a segment are allocated when it is created") {
    place here;
    here.own.link(here.directory.get(), "port");
    struct stat status{};
    REQUIRE(stat(here.path("port").c_str(), &status) == 0);
    CHECK(status.st_size == static_cast<off_t>(size));
    CHECK(status.st_blocks * 512 >= static_cast<off_t>(size));
    CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("the mapping of a segment outlives its owner, and says that he has closed it") {
    foreign_segment found;
    {
        place here;
        here.own.link(here.directory.get(), "port");
        found = here.map();
        CHECK_FALSE(found.closed());
        here.own.mark_closed();
        CHECK(here.map().closed());  // one that was closed is still a segment
    }
    CHECK(found.closed());
    CHECK(std::string(reinterpret_cast<const char*>(found.data()) +
                      sizeof(layout::segment_header)) == "contents");
}

TEST_CASE("another user's segment is no participant", "[privileged]") {
    place here;
    here.own.link(here.directory.get(), "port");
    if (geteuid() != 0) return support::skip("only root can give a file away");
    REQUIRE(chown(here.path("port").c_str(), 12345, 12345) == 0);
    CHECK(here.map().why_absent() == absence::not_a_member);
}

TEST_CASE("a file that is not the segment it should be is no participant") {
    place here;
    here.own.link(here.directory.get(), "port");
    REQUIRE(here.map());
    const auto bad = [&] { return here.map().why_absent(); };
    SECTION("another kind") {
        here.spoil(offsetof(layout::segment_header, kind), layout::segment_kind::publisher);
        CHECK(bad() == absence::not_a_member);
    }
    SECTION("another magic") {
        here.spoil(offsetof(layout::segment_header, magic), layout::magic + 1);
        CHECK(bad() == absence::not_a_member);
    }
    SECTION("another layout version") {
        here.spoil(offsetof(layout::segment_header, version), layout::version + 1);
        CHECK(bad() == absence::other_layout);
    }
    SECTION("another fingerprint") {
        here.spoil(offsetof(layout::segment_header, fingerprint), layout::fingerprint ^ 1);
        CHECK(bad() == absence::other_layout);
    }
    SECTION("another size than it says") {
        here.spoil(offsetof(layout::segment_header, size), size + layout::page);
        CHECK(bad() == absence::not_a_member);
    }
    SECTION("not ready") {
        here.spoil(offsetof(layout::segment_header, state), layout::segment_state::making);
        CHECK(bad() == absence::not_a_member);
    }
    SECTION("a state that doesn't exist") {
        here.spoil(offsetof(layout::segment_header, state), std::uint32_t{3});
        CHECK(bad() == absence::not_a_member);
    }
    SECTION("truncated by a page") {
        REQUIRE(truncate(here.path("port").c_str(), static_cast<off_t>(size - layout::page)) == 0);
        CHECK(bad() == absence::not_a_member);
    }
    SECTION("truncated within the header") {
        REQUIRE(truncate(here.path("port").c_str(), sizeof(layout::segment_header) - 1) == 0);
        CHECK(bad() == absence::not_a_member);
    }
    SECTION("empty") {
        REQUIRE(truncate(here.path("port").c_str(), 0) == 0);
        CHECK(bad() == absence::not_a_member);
    }
    SECTION("longer") {
        REQUIRE(truncate(here.path("port").c_str(), static_cast<off_t>(size + layout::page)) == 0);
        CHECK(bad() == absence::not_a_member);
    }
    SECTION("smaller than what is needed") {
        CHECK(here.map("port", size + 1).why_absent() == absence::not_a_member);
        CHECK(here.map("port", size).why_absent() == absence::none);
    }
}

TEST_CASE("what isn't a regular file is no participant, and nobody waits for it") {
    place here;
    here.own.link(here.directory.get(), "target");
    SECTION("a FIFO that nobody writes") { REQUIRE(mkfifo(here.path("port").c_str(), 0600) == 0); }
    SECTION("a link to a good segment") {
        REQUIRE(symlink("target", here.path("port").c_str()) == 0);
    }
    SECTION("a link that leads nowhere") {
        REQUIRE(symlink("nowhere", here.path("port").c_str()) == 0);
    }
    SECTION("a directory") { REQUIRE(mkdir(here.path("port").c_str(), 0700) == 0); }
    for (const auto mode : {os::access::read, os::access::read_write}) {
        const auto found = foreign_segment::map(here.directory.get(), "port", kind, mode, 0);
        CHECK_FALSE(found);
        CHECK(found.why_absent() == absence::not_a_member);
    }
}

TEST_CASE("a failure of our own to map somebody is not taken for nobody there") {
    place here;
    here.own.link(here.directory.get(), "port");
    rlimit before{};
    REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
    const rlimit none{0, before.rlim_max};
    REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
    const auto found = here.map();
    REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(found.why_absent() == absence::our_failure);
    CHECK(found.failure() == std::errc::too_many_files_open);
    CHECK(here.map());
}

TEST_CASE("what a segment says of its owner can be read without mapping it, and only a segment "
          "says anything") {
    place here;
    const auto look = [&](const char* name) {
        return elkodon::segment::glimpse_at(here.directory.get(), name,
                                            sizeof(layout::segment_header));
    };
    here.own.link(here.directory.get(), "port");
    const auto found = look("port");
    CHECK(found.process == elkodon::process_id(88));
    CHECK(found.file == here.own.file());
    CHECK_FALSE(found.closed);
    CHECK_FALSE(found.unreadable);
    CHECK(std::memcmp(&found.word, "contents", 8) == 0);
    here.own.mark_closed();
    CHECK(look("port").closed);

    write_to(here.path("text"), std::string(4096, 'x'));
    write_to(here.path("short"), "ELKODON1");
    REQUIRE(mkfifo(here.path("fifo").c_str(), 0600) == 0);
    for (const auto* name : {"nothing", "text", "short", "fifo"}) {
        CAPTURE(name);
        CHECK_FALSE(look(name).process);
        CHECK_FALSE(look(name).unreadable);
    }
    REQUIRE(symlink("port", here.path("link").c_str()) == 0);
    CHECK_FALSE(look("link").process);
}

TEST_CASE("a name is removed only while it is that very file") {
    place here;
    here.own.link(here.directory.get(), "port");
    const auto old = here.own.file();
    REQUIRE(rename(here.path("port").c_str(), here.path("elsewhere").c_str()) == 0);
    own_segment successor(here.directory.get(),
                          {kind, elkodon::port_id(78), elkodon::process_id(89)}, size, "create");
    successor.link(here.directory.get(), "port");
    CHECK_FALSE(os::unlink_if(here.directory.get(), "port", old));
    CHECK(here.map().port() == elkodon::port_id(78));
    CHECK(os::unlink_if(here.directory.get(), "port", successor.file()));
    CHECK(here.map().why_absent() == absence::no_such_name);
}

}  // namespace tests::segment_cases
