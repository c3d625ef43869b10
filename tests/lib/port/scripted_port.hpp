// A port without a service behind it: the test says when it has news, and learns who looks.
#pragma once

#include <elkodon/port/waiting_port.hpp>
#include <elkodon/service/properties.hpp>
#include <support/scratch_root.hpp>

#include <functional>
#include <memory>
#include <optional>

namespace tests::scripted {

// A service in which nobody but the test publishes.
struct world {
    explicit world(elkodon::configuration how = elkodon::configuration::load())
        : config(std::move(how)) {}

    support::scratch_root root;
    elkodon::configuration config;
    std::shared_ptr<elkodon::service::membership> node = elkodon::service::membership::join(config);
    std::shared_ptr<elkodon::service::service_directory> service =
        elkodon::service::service_directory::join(
            node,
            {"bells", elkodon::service::pattern::event, {}, elkodon::service::event_properties()},
            elkodon::service::joining::create);
};

// A port that has news when the test says so, and counts who looks.
class scripted_port final : public elkodon::port::waiting_port {
public:
    explicit scripted_port(const world& in, std::optional<elkodon::wait_strategy> strategy = {})
        : waiting_port(in.service, false, strategy) {
        say_cold_at(cold_, 1);
    }
    ~scripted_port() override { stop_waiting(); }

    bool has_news() noexcept override {
        ++looks;
        if (on_look) on_look();
        return news;
    }
    void look_at_peers() noexcept override { ++looks_at_peers; }

    bool is_cold() const { return cold_.load() != 0; }
    // The user takes all that is there.
    void take(int messages = 1) {
        news = false;
        for (int i = 0; i < messages; ++i) count_taken();
    }

    bool news = false;
    int looks = 0, looks_at_peers = 0;
    std::function<void()> on_look;

    elkodon::layout::wake_address& wake_address() noexcept override { return address_; }

private:
    void watch_peers() override {}

    elkodon::layout::wake_address address_{};
    elkodon::atomic<std::uint64_t> cold_{0};
};

}  // namespace tests::scripted
