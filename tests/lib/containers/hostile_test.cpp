// Containers whose bytes are anything, and change while they are read. A received object ends where its page ends, and
// behind it is nothing: whoever reads outside gets SIGSEGV, also without a sanitizer.
#include <elkodon/elkodon.hpp>
#include <elkodon/fmt.hpp>
#include <support/catch.hpp>

#include <algorithm>
#include <cstring>
#include <random>
#include <stop_token>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>

namespace tests::hostile_cases {
namespace {

using text = elkodon::static_string<8>;
using reading = elkodon::variant<std::uint32_t, text>;
using readings = elkodon::static_vector<elkodon::optional<reading>, 4>;
using table = elkodon::static_map<text, elkodon::static_vector<float, 3>, 5>;

/// A T that lies at the end of a read-only page, and the same bytes where its publisher writes them.
template <class T>
class hostile {
    static_assert(sizeof(T) <= 4096 && 4096 % alignof(T) == 0);

public:
    hostile() {
        const int file = ::memfd_create("hostile", MFD_CLOEXEC);
        REQUIRE(file >= 0);
        REQUIRE(::ftruncate(file, 4096) == 0);
        written_ = static_cast<std::byte*>(
            ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
        REQUIRE(written_ != MAP_FAILED);
        read_ = static_cast<std::byte*>(
            ::mmap(nullptr, 3 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        REQUIRE(read_ != MAP_FAILED);
        REQUIRE(::mmap(read_ + 4096, 4096, PROT_READ, MAP_SHARED | MAP_FIXED, file, 0) !=
                MAP_FAILED);
        ::close(file);
    }
    ~hostile() {
        ::munmap(written_, 4096);
        ::munmap(read_, 3 * 4096);
    }
    hostile(const hostile&) = delete;
    hostile& operator=(const hostile&) = delete;

    const T& received() const { return *reinterpret_cast<const T*>(read_ + 4096 + offset); }
    std::byte* bytes() { return written_ + offset; }
    bool holds(const void* address, std::size_t size) const {
        const auto at = reinterpret_cast<std::uintptr_t>(address);
        const auto begin = reinterpret_cast<std::uintptr_t>(&received());
        return at >= begin && at + size <= begin + sizeof(T);
    }

private:
    // As far back as the alignment allows.
    static constexpr std::size_t offset = 4096 - sizeof(T);
    std::byte* written_;
    std::byte* read_;
};

void look_at(const reading&);
void look_at(float) {}
void look_at(std::uint32_t) {}

void look_at(const text& of) {
    REQUIRE(of.size() <= 8);
    REQUIRE(of.view().size() <= 8);
    std::size_t count = 0;
    for (const char each : of) count += each != 0;
    if (!of.empty()) count += of.back() == of.front();
    REQUIRE(count <= 9);
    static_cast<void>(of == of);
    static_cast<void>(of < "text");
    static_cast<void>(std::hash<text>{}(of));
    auto copy = of;
    REQUIRE(std::strlen(copy.c_str()) <= 8);
    static_cast<void>(copy.try_append("x"));
    copy.pop_back();
    copy.clear();
}

template <class T>
void look_at(const elkodon::optional<T>& of) {
    if (of) look_at(*of);
    static_cast<void>(of == of);
    static_cast<void>(of <=> of);
    try {
        look_at(of.value());
    } catch (const std::bad_optional_access&) {}
    static_cast<void>(of.value_or(T()));
}

void look_at(const reading& of) {
    static_cast<void>(of == of);
    static_cast<void>(of <=> of);
    static_cast<void>(holds_alternative<text>(of));
    if (const auto* number = get_if<0>(&of)) look_at(*number);
    if (const auto* string = get_if<text>(&of)) look_at(*string);
    try {
        visit([](const auto& value) { look_at(value); }, of);
        look_at(get<1>(of));
    } catch (const std::bad_variant_access&) {}
}

template <class T, std::size_t N>
void look_at(const elkodon::static_vector<T, N>& of) {
    REQUIRE(of.size() <= N);
    std::size_t count = 0;
    for (const auto& each : of) ++count, look_at(each);
    REQUIRE(count <= N);
    for (std::size_t i = 0; i < of.size(); ++i) look_at(of[i]);
    if (!of.empty()) look_at(of.front()), look_at(of.back());
    if (!of.empty()) look_at(*of.rbegin()), look_at(*std::prev(of.end()));
    if (const auto at = std::ranges::find(of, T()); at != of.end()) look_at(*at);
    try {
        look_at(of.at(N - 1));
    } catch (const std::out_of_range&) {}
    static_cast<void>(of == of);
    static_cast<void>(of <=> of);
    auto copy = of;
    static_cast<void>(copy.try_push_back(T()));
    copy.erase(copy.begin());
    copy.insert(copy.begin(), T());
    copy.pop_back();
    copy.resize(N);
}

void look_at(const table& of) {
    REQUIRE(of.size() <= 5);
    for (const auto& [key, value] : of) look_at(key), look_at(value);
    for (const auto* key : {"", "a", "m", "\xff\xff\xff"}) {
        if (const auto at = of.find(key); at != of.end()) look_at(at->second);
        if (const auto at = of.lower_bound(key); at != of.end()) look_at(at->second);
        static_cast<void>(of.contains(key));
        try {
            look_at(of.at(key));
        } catch (const std::out_of_range&) {}
    }
    if (const auto entries = of.view(); !entries.empty())
        static_cast<void>(of.find(entries[0].first));
    static_cast<void>(of == of);
    static_cast<void>(of <=> of);
    auto copy = of;
    copy.erase("a");
    copy.erase(copy.begin());
    copy["m"] = {1, 2};
    copy.erase(copy.begin());
    copy.insert_or_assign("n", elkodon::static_vector<float, 3>());
    copy.clear();
}

struct everything {
    readings recent;
    table positions;
    text name;
};

void look_at(const everything& of) {
    look_at(of.recent);
    look_at(of.positions);
    look_at(of.name);
    REQUIRE_FALSE(
        fmt::format("{} {} {}", of.recent, of.positions, elkodon::optional<text>(of.name)).empty());
}

void fill(std::byte* bytes, std::size_t size, std::mt19937& random) {
    // Small numbers too: they are the sizes and flags that get further inside.
    const bool small = random() % 2 == 0;
    for (std::size_t i = 0; i < size; ++i)
        bytes[i] = static_cast<std::byte>(small ? random() % 4 * (random() % 3 == 0) : random());
}

}  // namespace

TEST_CASE("whatever the bytes of a received container are, nothing outside of it is read") {
    hostile<everything> here;
    for (int each = 0; each < 256; ++each) {
        std::memset(here.bytes(), each, sizeof(everything));
        look_at(here.received());
    }
    std::mt19937 random(20'240'501);
    for (int round = 0; round < 2'000; ++round) {
        fill(here.bytes(), sizeof(everything), random);
        look_at(here.received());
    }
}

TEST_CASE("a received container that is written while it is read is never left") {
    hostile<everything> here;
    const std::jthread publisher([&](std::stop_token stop) {
        std::mt19937 random(7);
        while (!stop.stop_requested()) fill(here.bytes(), sizeof(everything), random);
    });
    for (int round = 0; round < 2'000; ++round) look_at(here.received());
}

TEST_CASE("an iterator that is compared with another size's end still finds a slot of its own") {
    using numbers = elkodon::static_vector<std::uint32_t, 4>;
    hostile<numbers> here;
    const auto set_size = [&](std::uint32_t size) { std::memcpy(here.bytes(), &size, 4); };
    const auto& vector = here.received();
    set_size(~0u);
    CHECK(vector.full());
    const auto full = vector.end();
    set_size(0);
    CHECK(full != vector.end());
    CHECK(here.holds(&*full, sizeof(std::uint32_t)));
    CHECK(here.holds(full.operator->(), sizeof(std::uint32_t)));
    CHECK(here.holds(&full[3], sizeof(std::uint32_t)));
    CHECK(here.holds(&*std::prev(vector.end()), sizeof(std::uint32_t)));
    CHECK(here.holds(&vector.back(), sizeof(std::uint32_t)));
    CHECK(here.holds(&vector[~std::size_t{0}], sizeof(std::uint32_t)));
}

TEST_CASE("a static map whose keys are in no order, or all the same, is searched to an end") {
    using numbers = elkodon::static_map<std::uint32_t, std::uint32_t, 1000>;
    static_assert(sizeof(numbers) == 4 + 8 * 1000);
    auto map = std::make_unique<numbers>();
    std::mt19937 random(3);
    for (int round = 0; round < 20; ++round) {
        const auto size = static_cast<std::uint32_t>(random());
        std::memcpy(static_cast<void*>(map.get()), &size, 4);
        for (auto& entry : *map)
            entry.first = round == 0 ? 5 : static_cast<std::uint32_t>(random());
        for (int look = 0; look < 1000; ++look) {
            const auto key = static_cast<std::uint32_t>(random());
            const auto at = std::as_const(*map).lower_bound(key);
            CHECK(at - map->cbegin() <= 1000);
            static_cast<void>(map->contains(key));
        }
    }
}

}  // namespace tests::hostile_cases
