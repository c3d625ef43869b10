#include "statistics.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>

namespace machine_load {

namespace {

double percentile_us(const statistics& seen, double share) {
    return std::chrono::duration<double, std::micro>{seen.latency.percentile(share)}.count();
}

}  // namespace

std::string to_line(const statistics& seen) {
    return fmt::format("samples {}, lost {}, events {}, latency p50 {:.1f} µs, p99 {:.1f} µs",
                       seen.samples, seen.lost, seen.events, percentile_us(seen, 0.5),
                       percentile_us(seen, 0.99));
}

std::string to_json(const statistics& seen) {
    return fmt::format(
        R"({{"samples":{},"lost":{},"events":{},"latency_us":{{"p50":{:.1f},"p99":{:.1f}}}}})",
        seen.samples, seen.lost, seen.events, percentile_us(seen, 0.5), percentile_us(seen, 0.99));
}

std::string to_json(const reading& from) {
    const auto count = std::min<std::size_t>(from.core_count, from.core_busy.size());
    const auto cores = std::span{from.core_busy}.first(count);
    return fmt::format(
        R"({{"number":{},"published_us":{},"cpu":{{"busy":{:.3f},"cores":[{:.3f}]}},)"
        R"("memory":{{"total":{},"available":{}}},)"
        R"("network":{{"received":{},"sent":{},"received_rate":{:.0f},"sent_rate":{:.0f}}},)"
        R"("load":[{:.2f}],"tasks":{{"runnable":{},"total":{}}}}})",
        from.number, from.published_ns / 1000, from.busy, fmt::join(cores, ","), from.memory_total,
        from.memory_available, from.received_total, from.sent_total, from.received_rate,
        from.sent_rate, fmt::join(from.load, ","), from.tasks_runnable, from.tasks_total);
}

std::string to_json(const statistics& seen, const current_values& current) {
    return fmt::format(R"({{"reading":{},"runnable":{},"statistics":{}}})",
                       current.newest ? to_json(*current.newest) : "null",
                       current.runnable ? std::to_string(*current.runnable) : "null",
                       to_json(seen));
}

}  // namespace machine_load
