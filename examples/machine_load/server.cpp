// Awaits the publisher's readings and events, in two coroutines of one io_context on one thread,
// and serves them to browsers.
#include "http_front.hpp"
#include "services.hpp"
#include "statistics.hpp"

#include <elkodon/asio.hpp>
#include <elkodon/elkodon.hpp>

#include <asio.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

using namespace machine_load;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

namespace {

constexpr std::uint16_t default_port = 8080;

// A terminal that is gone is no reason to end.
void say(std::string_view line) {
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fputc('\n', stdout);
    std::fflush(stdout);
}

class load_server {
public:
    load_server(asio::io_context& io, std::optional<std::uint16_t> port)
        : io_{io},
          signals_{io, SIGINT, SIGTERM},
          tick_{io},
          node_{elkodon::node::create()},
          readings_{io, open_readings(node_).subscriber().create()},
          runnable_{io, open_runnable(node_).listener().create()} {
        listen(port);
        start(await_readings());
        start(await_events());
        start(say_status());
        signals_.async_wait([this](std::error_code error, int) {
            if (!error) stop();
        });
    }

    // What made the server end, if it wasn't asked to.
    std::exception_ptr failure() const { return failure_; }

    std::string summary() const { return "in all: " + to_line(seen_); }

private:
    asio::awaitable<void> await_readings() {
        for (;;) {
            auto sample = co_await readings_.async_receive(asio::use_awaitable);
            const auto resumed = clock_type::now();
            const clock_type::time_point published{std::chrono::nanoseconds{sample->published_ns}};
            // What is older is history: it waited for us, not on its way.
            if (published >= started_) seen_.latency.add(resumed - published);
            ++seen_.samples;
            seen_.lost = readings_.port().lost();
            current_.newest = *sample;  // a copy: we hold no borrowed sample while we wait
            http_->send_event("", to_json(*sample));
        }
    }

    asio::awaitable<void> await_events() {
        for (;;) {
            auto ids = co_await runnable_.async_wait(asio::use_awaitable);
            for (auto id : ids) {
                ++seen_.events;
                current_.runnable = id.value();
                const auto now_us = clock_type::now().time_since_epoch() / 1us;
                http_->send_event(
                    "runnable", fmt::format(R"({{"runnable":{},"at_us":{}}})", id.value(), now_us));
            }
        }
    }

    asio::awaitable<void> say_status() {
        for (auto due = clock_type::now();;) {
            due = std::max(due + 1s, clock_type::now());
            tick_.expires_at(due);
            co_await tick_.async_wait(asio::use_awaitable);
            say(to_line(seen_));
            http_->send_passing_event("statistics", to_json(seen_));
        }
    }

    // Takes any free port if it is only the default one that is in use.
    void listen(std::optional<std::uint16_t> wanted) {
        std::string remark;
        try {
            http_.emplace(io_, wanted.value_or(default_port),
                          [this] { return to_json(seen_, current_); });
        } catch (const std::system_error& error) {
            if (wanted || error.code() != asio::error::address_in_use) throw;
            http_.emplace(io_, std::uint16_t{0}, [this] { return to_json(seen_, current_); });
            remark = fmt::format("  (port {} is in use)", default_port);
        }
        say(fmt::format("http://127.0.0.1:{}/{}", http_->port(), remark));
    }

    // A coroutine goes on until stop() cancels what it waits for; if anything else ends it, we end.
    void start(asio::awaitable<void> coroutine) {
        asio::co_spawn(io_, std::move(coroutine), [this](std::exception_ptr ended) {
            if (stopping_) return;
            failure_ = ended;
            stop();
        });
    }

    // After this the io_context runs out of work.
    void stop() {
        stopping_ = true;
        signals_.cancel();
        tick_.cancel();
        readings_.close();
        runnable_.close();
        http_->stop();
    }

    asio::io_context& io_;
    asio::signal_set signals_;
    asio::steady_timer tick_;
    elkodon::node node_;
    clock_type::time_point started_ = clock_type::now();  // before the first subscription
    elkodon::async::subscriber<reading> readings_;
    elkodon::async::listener runnable_;
    statistics seen_;
    current_values current_;
    std::optional<http_front> http_;
    std::exception_ptr failure_;
    bool stopping_ = false;
};

std::optional<std::uint16_t> port_of(int count, char** arguments) {
    if (count == 1) return std::nullopt;
    const std::string_view option = arguments[1], value = count == 3 ? arguments[2] : "";
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), port);
    if (option != "--port" || value.empty() || error != std::errc{} ||
        end != value.data() + value.size()) {
        throw std::invalid_argument{"usage: machine_load_server [--port N]   (0: any free port)"};
    }
    return port;
}

// Asked twice to end, a terminal and a script may both do that, we still end in order: Asio gives
// the signals back to the system with the last signal_set.
void ignore_signals_from_now_on() {
    sigset_t both;
    sigemptyset(&both);
    sigaddset(&both, SIGINT);
    sigaddset(&both, SIGTERM);
    sigprocmask(SIG_BLOCK, &both, nullptr);
}

}  // namespace

int main(int count, char** arguments) {
    try {
        const auto port = port_of(count, arguments);
        std::signal(SIGPIPE, SIG_IGN);
        asio::io_context io{1};
        load_server server{io, port};
        io.run();
        ignore_signals_from_now_on();
        if (server.failure()) std::rethrow_exception(server.failure());
        say(server.summary());
    } catch (const std::exception& error) {
        fmt::print(stderr, "machine_load_server: {}\n", error.what());
        return 1;
    }
}
