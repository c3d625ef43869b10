// What the server has seen since its start; and how it is said, to people and as JSON.
#pragma once

#include "latency_histogram.hpp"
#include "reading.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace machine_load {

struct statistics {
    std::uint64_t samples = 0;
    std::uint64_t lost = 0;
    std::uint64_t events = 0;
    latency_histogram latency;  // from publishing to the resumed coroutine
};

struct current_values {
    std::optional<reading> newest;
    std::optional<std::uint64_t> runnable;  // the newest event's id
};

std::string to_line(const statistics& seen);
std::string to_json(const statistics& seen);
std::string to_json(const reading& from);
std::string to_json(const statistics& seen, const current_values& current);

}  // namespace machine_load
