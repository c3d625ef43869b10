// What sending costs the publisher: `subscribers=1024` of a service for `most=1024`, awake, none of them polled. Nanoseconds a loan and a
// send, in blocks of 4,096: long enough for each to have its share of the scans for chunks that came back.
#include "message.hpp"

#include <elkodon/elkodon.hpp>

#include <sys/resource.h>

namespace {

using payload = bench::message<64>;

bench::throughput measure(const bench::arguments& args) {
    const auto subscribers = args.number("subscribers", 1);
    const auto count = args.number("count", 2'000'000);
    const rlimit descriptors{8192, 8192};
    setrlimit(RLIMIT_NOFILE, &descriptors);
    bench::pin(args.cores().first);
    auto node = elkodon::node::create();
    auto service =
        node.service("benchmark/send")
            .publish_subscribe<payload>()
            .max_publishers(1)
            .max_subscribers(static_cast<std::uint32_t>(args.number("most", subscribers)))
            .create();
    std::vector<elkodon::subscriber<payload>> attached;
    for (std::uint64_t i = 0; i < subscribers; ++i)
        attached.push_back(service.subscriber().create());
    auto publisher = service.publisher().create();
    bench::throughput rate{count, args.milliseconds()};
    for (std::uint64_t i = 1; i <= count; ++i) {
        auto loan = publisher.loan_uninit();
        loan->write(i);
        bench::require(!publisher.send(std::move(loan)), "send");
        if (!rate.add(i)) break;
    }
    return rate;
}

}  // namespace

int main(int argc, char** argv) {
    const bench::arguments args{argc, argv};
    auto rate = measure(args);
    std::printf("{\"unit\": \"ns\", \"p50\": %.2f, \"p99\": %.2f}\n", 1e9 / rate.per_second(50),
                1e9 / rate.per_second(99));
}
