// See mapping.hpp.
#include <elkodon/os/file.hpp>
#include <elkodon/os/mapping.hpp>

#include <cerrno>
#include <sys/mman.h>

namespace elkodon::os {

mapping::mapping(int file, std::uint64_t size, access mode, const std::string& doing)
    : size_(size) {
    const int protection = mode == access::read ? PROT_READ : PROT_READ | PROT_WRITE;
    void* begin = mmap(nullptr, size, protection, MAP_SHARED, file, 0);
    if (begin == MAP_FAILED) throw_errno(errno, doing);
    begin_ = static_cast<std::byte*>(begin);
}

mapping::~mapping() {
    if (begin_) munmap(begin_, size_);
}

void mapping::absent_in_children() const noexcept { madvise(begin_, size_, MADV_DONTFORK); }

}  // namespace elkodon::os
