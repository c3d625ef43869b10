// `elkodon tap`: reads any publish-subscribe service, whatever it carries, as an observer.
#include "commands.hpp"

#include <chrono>
#include <cstdio>
#include <string>

namespace tools {
namespace {

void print(std::span<const std::byte> bytes, std::size_t most) {
    for (const auto byte : bytes.first(std::min(bytes.size(), most)))
        std::printf(" %02x", std::to_integer<unsigned>(byte));
    std::printf(bytes.size() > most ? " …\n" : "\n");
    std::fflush(stdout);
}

}  // namespace

int tap(const elkodon::configuration& config, const tap_options& options) {
    using namespace std::chrono_literals;

    auto node = elkodon::node::create(config);
    auto service = node.service(options.service).publish_subscribe<elkodon::untyped>().open();
    const auto type = service.type();
    auto subscriber = service.subscriber().observer().create();
    std::printf("%s: %s%s, %llu bytes, alignment %llu\n", options.service.c_str(),
                type.name.c_str(), type.slice ? "[]" : "",
                static_cast<unsigned long long>(type.size),
                static_cast<unsigned long long>(type.alignment));
    std::fflush(stdout);

    std::uint64_t printed = 0, lost = 0;
    while (!elkodon::termination_requested() && (options.count == 0 || printed < options.count)) {
        auto sample = subscriber.timed_receive(100ms);  // as long as Ctrl-C may take
        if (sample.error()) throw std::system_error(sample.error());
        if (const auto now = subscriber.lost(); now != lost) {
            std::printf("(%llu lost)\n", static_cast<unsigned long long>(now - lost));
            lost = now;
        }
        if (!sample) continue;
        std::printf("%s %llu:", sample.publisher_id().to_string().c_str(),
                    static_cast<unsigned long long>(sample.sequence()));
        print(sample.bytes(), options.bytes);
        ++printed;
    }
    return 0;
}

}  // namespace tools
