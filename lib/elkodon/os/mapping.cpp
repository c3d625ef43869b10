// See mapping.hpp.
#include <elkodon/base/atomic.hpp>
#include <elkodon/os/file.hpp>
#include <elkodon/os/mapping.hpp>

#include <cerrno>
#include <map>
#include <mutex>
#include <sys/mman.h>

namespace elkodon::os {
namespace {

std::byte* map(int file, std::uint64_t size, access mode, const std::string& doing) {
    const int protection = mode == access::read ? PROT_READ : PROT_READ | PROT_WRITE;
    void* begin = mmap(nullptr, size, protection, MAP_SHARED, file, 0);
    if (begin == MAP_FAILED) throw_errno(errno, doing);
    return static_cast<std::byte*>(begin);
}

// ThreadSanitizer goes by addresses: with two mappings of one page it would miss every race between two ports of one
// process. In its builds a process maps each file once, for writing.
class shared_mappings {
public:
    static shared_mappings& instance() {
        static auto* const one =
            new shared_mappings;  // ports with static storage outlive everything
        return *one;
    }

    std::byte* take(int file, std::uint64_t size, const std::string& doing) {
        const auto identity = facts_of(file, doing).identity;
        const std::lock_guard lock(mutex_);
        for (auto& [begin, known] : entries_)
            if (known.file == identity && known.size == size) return ++known.users, begin;
        auto* const begin = map(file, size, access::read_write, doing);
        entries_[begin] = {identity, size, 1};
        return begin;
    }

    /// Whether the last user has gone.
    bool give_back(std::byte* begin) {
        const std::lock_guard lock(mutex_);
        const auto found = entries_.find(begin);
        if (--found->second.users > 0) return false;
        entries_.erase(found);
        return true;
    }

private:
    struct entry {
        file_identity file;
        std::uint64_t size = 0;
        int users = 0;
    };
    std::mutex mutex_;
    std::map<std::byte*, entry> entries_;
};

}  // namespace

mapping::mapping(int file, std::uint64_t size, access mode, const std::string& doing)
    : begin_(fences_as_orders ? shared_mappings::instance().take(file, size, doing)
                              : map(file, size, mode, doing)),
      size_(size) {}

mapping::~mapping() {
    if (!begin_) return;
    if (fences_as_orders && !shared_mappings::instance().give_back(begin_)) return;
    munmap(begin_, size_);
}

void mapping::absent_in_children() const noexcept { madvise(begin_, size_, MADV_DONTFORK); }

}  // namespace elkodon::os
