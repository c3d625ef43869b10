// See fence.hpp.
#include <elkodon/os/fence.hpp>

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace elkodon::os {
namespace {

bool membarrier(int command) noexcept { return syscall(SYS_membarrier, command, 0, 0) == 0; }

}  // namespace

bool register_light_fences() noexcept {
    static const bool registered = [] {
        const bool both = membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) &&
                          membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED);
        internal_fence::light_is_full = !both;
        return both;
    }();
    return registered;
}

bool heavy_fence() noexcept {
    full_fence();
    return membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED);
}

void heavy_fence_in_process() noexcept {
    full_fence();
    if (!membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED)) membarrier(MEMBARRIER_CMD_GLOBAL);
}

}  // namespace elkodon::os
