// See mapping.hpp.
#include <elkodon/base/atomic.hpp>
#include <elkodon/os/file.hpp>
#include <elkodon/os/mapping.hpp>

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

mapping::mapping(int file, std::uint64_t size, access mode, const std::string& doing)
    : begin_(fences_as_orders ? lasting_mappings::instance().of(file, size, doing)
                              : map(file, size, mode, doing)),
      size_(size) {}

mapping::~mapping() {
    if (begin_ && !fences_as_orders) munmap(begin_, size_);
}

void mapping::absent_in_children() const noexcept { madvise(begin_, size_, MADV_DONTFORK); }

}  // namespace elkodon::os
