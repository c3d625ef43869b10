// What set-up costs, in nanoseconds: `what=create` a service that is not there, or `what=open` one that is.
#include "common.hpp"

#include <elkodon/elkodon.hpp>

namespace {

using payload = std::uint64_t;

template <class Step>
void measure(std::uint64_t count, Step step) {
    std::vector<std::uint64_t> times;
    for (std::uint64_t i = 0; i < count; ++i) {
        const double before = bench::nanoseconds();
        step(i);
        times.push_back(static_cast<std::uint64_t>(bench::nanoseconds() - before));
    }
    std::printf("{\"unit\": \"ns\", \"p50\": %.0f, \"p99\": %.0f}\n", bench::percentile(times, 50),
                bench::percentile(times, 99));
}

std::string name(std::uint64_t number) { return "benchmark/" + std::to_string(number); }

void create(const elkodon::node& node, std::uint64_t count) {
    std::vector<elkodon::publish_subscribe_service<payload>> kept;
    kept.reserve(count);
    measure(count, [&](std::uint64_t i) {
        kept.push_back(node.service(name(i)).publish_subscribe<payload>().create());
    });
}

void open(const elkodon::node& node, std::uint64_t count) {
    const auto kept = node.service(name(0)).publish_subscribe<payload>().create();
    measure(count, [&](std::uint64_t) {
        bench::require(bool(node.service(name(0)).publish_subscribe<payload>().open()), "open");
    });
}

}  // namespace

int main(int argc, char** argv) {
    const bench::arguments args{argc, argv};
    bench::pin(args.cores().first);
    const auto count = args.number("count", 300);
    const auto node = elkodon::node::create();
    args.text("what", "create") == "create" ? create(node, count) : open(node, count);
}
