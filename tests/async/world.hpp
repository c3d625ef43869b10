// A domain of its own for each test: a root directory that no other test sees, gone with the object.
// Its liveness bound is an hour, so that no wake-up that was lost is made good by the clock.
#pragma once

#include <support/scratch_root.hpp>

#include <elkodon/elkodon.hpp>

#include <chrono>
#include <string>

namespace test {

/// Declared before everything that lives in it.
class world {
public:
    world() {
        config_.root = root_.path();
        config_.liveness_bound = std::chrono::hours(1);
        node_ = elkodon::node::create(config_);
    }
    world(const world&) = delete;
    world& operator=(const world&) = delete;

    const elkodon::configuration& configuration() const noexcept { return config_; }
    const elkodon::node& node() const noexcept { return node_; }

    template <class T>
    auto publish_subscribe(const std::string& name = "numbers") const {
        return node_.service(name).publish_subscribe<T>();
    }
    auto event(const std::string& name = "bells") const { return node_.service(name).event(); }

private:
    support::scratch_root root_;
    elkodon::configuration config_;
    elkodon::node node_;
};

}  // namespace test
