// Counts durations, any number of them, without allocation: a bucket is at most 1/32 as wide as
// what it holds.
#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace machine_load {

class latency_histogram {
public:
    void add(std::chrono::nanoseconds latency) {
        const auto count = latency.count();
        ++buckets_[bucket_of(count > 0 ? static_cast<std::uint64_t>(count) : 0)];
        ++count_;
    }

    std::uint64_t count() const { return count_; }

    // The least duration that this share of all didn't exceed, as exact as the buckets are.
    std::chrono::nanoseconds percentile(double share) const {
        const auto wanted = share * static_cast<double>(count_);
        std::uint64_t seen = 0;
        for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
            seen += buckets_[bucket];
            if (seen > 0 && static_cast<double>(seen) >= wanted) return middle_of(bucket);
        }
        return {};
    }

private:
    // Values below 64 have a bucket each; from there on each power of two is divided by 32.
    static constexpr unsigned sub_bits = 5;
    static constexpr std::size_t bucket_count = (64 - sub_bits + 1) << sub_bits;

    static std::size_t bucket_of(std::uint64_t value) {
        const auto width = static_cast<unsigned>(std::bit_width(value));
        const auto shift = width > sub_bits + 1 ? width - sub_bits - 1 : 0;
        return (std::size_t{shift} << sub_bits) + static_cast<std::size_t>(value >> shift);
    }

    static std::chrono::nanoseconds middle_of(std::size_t bucket) {
        const auto shift = bucket < (2U << sub_bits) ? 0 : (bucket >> sub_bits) - 1;
        const auto lowest = (bucket - (shift << sub_bits)) << shift;
        return std::chrono::nanoseconds{lowest + (std::size_t{1} << shift) / 2};
    }

    std::array<std::uint64_t, bucket_count> buckets_{};
    std::uint64_t count_ = 0;
};

}  // namespace machine_load
