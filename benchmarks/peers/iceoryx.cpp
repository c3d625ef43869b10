// iceoryx 2.0: an untyped publisher and subscriber each way, both sides poll. Starts RouDi for itself and ends it.
#include "bytes.hpp"

#include <iceoryx_hoofs/log/logmanager.hpp>
#include <iceoryx_posh/popo/untyped_publisher.hpp>
#include <iceoryx_posh/popo/untyped_subscriber.hpp>
#include <iceoryx_posh/runtime/posh_runtime.hpp>

#include <fcntl.h>

namespace {

class roudi {
public:
    roudi() : pid_(fork()) {
        if (pid_ < 0) bench::fail("fork");
        if (pid_ > 0) return;
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        const int nowhere = open("/dev/null", O_WRONLY);
        dup2(nowhere, STDOUT_FILENO);
        dup2(nowhere, STDERR_FILENO);
        execlp("iox-roudi", "iox-roudi", "--log-level", "off", nullptr);
        bench::fail("iox-roudi");
    }
    ~roudi() {
        signal(SIGTERM, SIG_IGN);  // RouDi passes it on to whoever has registered
        kill(pid_, SIGTERM);
        while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {}
        // It stumbles over the process that has just ended, and leaves these two.
        for (const char* name : {"/iceoryx_mgmt", "/root"}) shm_unlink(name);
    }

private:
    pid_t pid_;
};

iox::capro::ServiceDescription service(bool pings) {
    return {"elkodon", "benchmark",
            pings ? iox::capro::IdString_t("ping") : iox::capro::IdString_t("pong")};
}

class end_of_line {
public:
    end_of_line(bool asks, std::size_t size)
        : size_(static_cast<std::uint32_t>(size)),
          publisher_(service(asks)),
          subscriber_(service(!asks),
                      iox::popo::SubscriberOptions{.queueCapacity = 1U, .historyRequest = 0U}) {
        while (!publisher_.hasSubscribers() ||
               subscriber_.getSubscriptionState() != iox::SubscribeState::SUBSCRIBED) {}
    }

    void send(std::uint64_t number) {
        publisher_.loan(size_, 8)
            .and_then([&](void* payload) {
                auto* const bytes = static_cast<std::byte*>(payload);
                std::memcpy(bytes, &number, sizeof number);
                std::memcpy(bytes + size_ - sizeof number, &number, sizeof number);
                publisher_.publish(payload);
            })
            .or_else([](auto&) { bench::require(false, "a loan"); });
    }
    void receive(std::uint64_t number) {
        for (bool taken = false; !taken;)
            subscriber_.take().and_then([&](const void* payload) {
                const auto* const bytes = static_cast<const std::byte*>(payload);
                bench::require(
                    std::memcmp(bytes, &number, sizeof number) == 0 &&
                        std::memcmp(bytes + size_ - sizeof number, &number, sizeof number) == 0,
                    "the next number");
                subscriber_.release(payload);
                taken = true;
            });
    }

private:
    std::uint32_t size_;
    iox::popo::UntypedPublisher publisher_;
    iox::popo::UntypedSubscriber subscriber_;
};

}  // namespace

int main(int argc, char** argv) {
    const bench::arguments args{argc, argv};
    const roudi daemon;
    return bench::main_of_ping_pong(args, [&](bool asks) {
        iox::log::LogManager::GetLogManager().SetDefaultLogLevel(iox::log::LogLevel::kOff);
        const std::string name = "elkodon-benchmark-" + std::to_string(getpid());
        iox::runtime::PoshRuntime::initRuntime({iox::cxx::TruncateToCapacity, name});
        return end_of_line{asks, args.number("size", 64)};
    });
}
