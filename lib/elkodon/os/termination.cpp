// See termination.hpp.
#include <elkodon/base/atomic.hpp>
#include <elkodon/os/termination.hpp>

#include <csignal>

namespace elkodon {
namespace {

atomic<int> requested{0};
struct sigaction earlier_interrupt, earlier_terminate;

void chain(const struct sigaction& earlier, int signal, siginfo_t* info, void* context) {
    if (earlier.sa_flags & SA_SIGINFO) return earlier.sa_sigaction(signal, info, context);
    if (earlier.sa_handler != SIG_DFL && earlier.sa_handler != SIG_IGN) earlier.sa_handler(signal);
}

void on_signal(int signal, siginfo_t* info, void* context) {
    // relaxed: a flag; nothing is read through it.
    requested.store(1, std::memory_order_relaxed);
    chain(signal == SIGINT ? earlier_interrupt : earlier_terminate, signal, info, context);
}

bool install() noexcept {
    struct sigaction ours{};
    ours.sa_sigaction = on_signal;
    ours.sa_flags = SA_SIGINFO;
    sigemptyset(&ours.sa_mask);
    sigaction(SIGINT, nullptr, &earlier_interrupt);
    sigaction(SIGTERM, nullptr, &earlier_terminate);
    return sigaction(SIGINT, &ours, nullptr) == 0 && sigaction(SIGTERM, &ours, nullptr) == 0;
}

}  // namespace

bool termination_requested() noexcept {
    static const bool installed = install();
    // relaxed: as above.
    return installed && requested.load(std::memory_order_relaxed) != 0;
}

}  // namespace elkodon
