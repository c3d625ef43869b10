// How fast messages follow each other: whether they are a stream.
// Its publisher's own; nothing in here is shared.
// After a kill -9 it is gone with the publisher.
#pragma once

#include <chrono>
#include <cstdint>

namespace elkodon::port {

/// Reads the clock once in a few messages: each time would cost as much as sending. Owner thread.
class pace {
public:
    /// Counts a message. Whether the last few came at less than `stream` on average.
    bool is_stream() noexcept {
        if (++count_ == look_each) look_at_the_clock();
        return is_stream_;
    }

private:
    using clock = std::chrono::steady_clock;
    static constexpr std::uint32_t look_each = 32;
    // A stream that isn't helped along takes 25 to 90 ns for a message, a question and its answer 120 and more.
    static constexpr std::chrono::nanoseconds stream{100};

    [[gnu::noinline]] void look_at_the_clock() noexcept {
        const auto now = clock::now();
        is_stream_ = now - last_look_ < look_each * stream;
        last_look_ = now;
        count_ = 0;
    }

    clock::time_point last_look_{};
    std::uint32_t count_ = 0;
    bool is_stream_ = false;
};

}  // namespace elkodon::port
