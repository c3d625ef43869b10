// See mapping.hpp.
#include <elkodon/base/atomic.hpp>
#include <elkodon/os/file.hpp>
#include <elkodon/os/mapping.hpp>
#include <elkodon/os/process.hpp>

#include <cerrno>
#include <map>
#include <mutex>
#include <sys/mman.h>
#include <utility>

namespace elkodon::os {
namespace {

std::byte* map(int file, std::uint64_t size, access mode, const std::string& doing) {
    const int protection = mode == access::read ? PROT_READ : PROT_READ | PROT_WRITE;
    void* begin = mmap(nullptr, size, protection, MAP_SHARED, file, 0);
    if (begin == MAP_FAILED) throw_errno(errno, doing);
    return static_cast<std::byte*>(begin);
}

constexpr std::uint64_t huge_page = 2 * 1024 * 1024;
constexpr int collapse =
    25;  // MADV_COLLAPSE, since Linux 6.1; the C library of Debian 12 doesn't name it

// At an address that a huge page can have: the kernel chooses one that only a small page needs.
std::byte* map_aligned(int file, std::uint64_t size, access mode, const std::string& doing) {
    void* const room =
        mmap(nullptr, size + huge_page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED) throw_errno(errno, doing);
    const auto begin = reinterpret_cast<std::uintptr_t>(room);
    const auto aligned = (begin + huge_page - 1) / huge_page * huge_page;
    const int protection = mode == access::read ? PROT_READ : PROT_READ | PROT_WRITE;
    void* const there = reinterpret_cast<void*>(aligned);
    if (mmap(there, size, protection, MAP_SHARED | MAP_FIXED, file, 0) == MAP_FAILED) {
        const int number = errno;
        munmap(room, size + huge_page);
        throw_errno(number, doing);
    }
    const auto end = aligned + (size + 4095) / 4096 * 4096;
    if (aligned > begin) munmap(room, aligned - begin);
    if (begin + size + huge_page > end)
        munmap(reinterpret_cast<void*>(end), begin + size + huge_page - end);
    return static_cast<std::byte*>(there);
}

std::byte* map(int file, std::uint64_t size, access mode, const std::string& doing, paging how) {
    const bool huge = how.huge && size >= huge_page;
    std::byte* const begin =
        huge ? map_aligned(file, size, mode, doing) : map(file, size, mode, doing);
    if (huge) {
        // The pages are there already, and small: the file was allocated when it was made.
        madvise(begin, size, MADV_HUGEPAGE);
        madvise(begin, size / huge_page * huge_page, collapse);
    }
    // Before Linux 5.14 there is no such advice: then the pages are at least in memory.
    const int populate = mode == access::read ? MADV_POPULATE_READ : MADV_POPULATE_WRITE;
    if (how.prefault && madvise(begin, size, populate) != 0) madvise(begin, size, MADV_WILLNEED);
    return begin;
}

// ThreadSanitizer goes by addresses: with two mappings of one page it would miss every race between two ports of one
// process, and invent others. In its builds a process maps each file once, for writing, and for good.
class lasting_mappings {
public:
    static lasting_mappings& instance() {
        static auto* const one =
            new lasting_mappings;  // ports with static storage outlive everything
        return *one;
    }

    std::byte* of(int file, std::uint64_t size, const std::string& doing) {
        const auto identity = facts_of(file, doing).identity;
        const std::lock_guard lock(mutex_);
        auto& begin = known_[{identity, size}];
        if (!begin) begin = map(file, size, access::read_write, doing);
        return begin;
    }

private:
    std::mutex mutex_;
    std::map<std::pair<file_identity, std::uint64_t>, std::byte*> known_;
};

}  // namespace

mapping::mapping(int file, std::uint64_t size, access mode, const std::string& doing, paging how)
    : begin_(fences_as_orders ? lasting_mappings::instance().of(file, size, doing)
                              : map(file, size, mode, doing, how)),
      size_(size) {}

mapping::~mapping() {
    if (!begin_ || fences_as_orders) return;
    if (absent_after_fork_of_.value_or(fork_generation()) != fork_generation()) return;
    munmap(begin_, size_);
}

void mapping::absent_in_children() noexcept {
    if (madvise(begin_, size_, MADV_DONTFORK) == 0) absent_after_fork_of_ = fork_generation();
}

}  // namespace elkodon::os
