// A world of one event service, and what its tests say about ids.
// Nothing is shared.
#pragma once

#include "../caught.hpp"

#include <elkodon/elkodon.hpp>
#include <support/scratch_root.hpp>

#include <chrono>
#include <cstdint>
#include <vector>

namespace tests::events {

using elkodon::errc;
using elkodon::event_id;
using ids = std::vector<std::uint64_t>;
using namespace std::chrono_literals;

struct world {
    support::scratch_root root;
    elkodon::node node = elkodon::node::create();
    elkodon::event_builder bell() const { return node.service("bell").event(); }
};

inline ids of(const elkodon::event_ids& taken) {
    ids numbers;
    for (const auto id : taken) numbers.push_back(id.value());
    return numbers;
}

}  // namespace tests::events
