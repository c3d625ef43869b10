// Every operation of the I/O objects, behind one face: what all of them promise is tested with each.
// `begin(object, token)` begins it, `satisfy()` brings what it waits for, `is_good(results…)` is true of what it gives then.
#pragma once

#include "two_kinds.hpp"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace test::operation {

struct receive : samples {
    void satisfy() { send(7); }
    static bool is_good(const result& taken) { return is(taken, 7); }
};

struct receive_many : receive {
    template <class Object, class Token>
    auto begin(Object& at, Token&& token) {
        return at.async_receive_many(batch, std::forward<Token>(token));
    }
    bool is_good(std::size_t count) const { return count == 1 && *batch[0] == 7; }
    std::array<elkodon::sample<std::uint64_t>, 2> batch;
};

struct wait_for_samples : receive {
    template <class Object, class Token>
    static auto begin(Object& at, Token&& token) {
        return at.async_wait(std::forward<Token>(token));
    }
    static bool is_good() { return true; }
};

struct wait_for_ids : events {
    void satisfy() { send(7); }
    static bool is_good(const result& taken) { return is(taken, 7); }
};

struct wait_for_one_id : wait_for_ids {
    template <class Object, class Token>
    static auto begin(Object& at, Token&& token) {
        return at.async_wait_one(std::forward<Token>(token));
    }
};

struct awaited_publisher {
    template <class Executor>
    using basic_object = elkodon::async::basic_publisher<std::uint64_t, Executor>;
    using object = basic_object<asio::any_io_executor>;

    elkodon::publisher<std::uint64_t> port() { return service.publisher().create(); }

    test::world world;
    elkodon::publish_subscribe_service<std::uint64_t> service =
        world.publish_subscribe<std::uint64_t>()
            .enable_safe_overflow(false)
            .subscriber_max_buffer_size(1)
            .history_size(0)
            .max_publishers(4)
            .publisher_max_loaned_samples(2)
            .create();
    std::vector<elkodon::subscriber<std::uint64_t>> readers;
};

struct loan : awaited_publisher {
    using result = elkodon::loan<std::uint64_t>;
    elkodon::publisher<std::uint64_t> port() {
        auto made = awaited_publisher::port();
        for (auto& each : held) each = made.loan();
        return made;
    }
    template <class Object, class Token>
    static auto begin(Object& at, Token&& token) {
        return at.async_loan(std::forward<Token>(token));
    }
    void satisfy() { held[0].reset(); }
    static bool is_good(const result& taken) { return taken && *taken == 0; }
    std::array<result, 2> held;
};

struct send : awaited_publisher {
    using result = elkodon::loan<std::uint64_t>;
    send() { readers.push_back(service.subscriber().create()); }
    elkodon::publisher<std::uint64_t> port() {
        auto made = awaited_publisher::port();
        made.send_copy(1);
        return made;
    }
    template <class Object, class Token>
    static auto begin(Object& at, Token&& token) {
        return at.async_send(at.is_open() ? at.port().loan() : result(), std::forward<Token>(token));
    }
    void satisfy() { readers[0].receive(); }
    static bool is_good(const result& left) { return !left; }
};

struct wait_for_subscribers : awaited_publisher {
    template <class Object, class Token>
    static auto begin(Object& at, Token&& token) {
        return at.async_wait_subscribers(1, std::forward<Token>(token));
    }
    void satisfy() {
        if (readers.empty()) readers.push_back(service.subscriber().create());
    }
    static bool is_good() { return true; }
};

struct wait_in_set {
    using result = elkodon::wait_result;
    template <class Executor>
    using basic_object = elkodon::async::basic_wait_set<Executor>;
    using object = basic_object<asio::any_io_executor>;

    elkodon::wait_set port() {
        auto made = numbers.world.node().wait_set().create();
        attached = made.attach(reader);
        return made;
    }
    template <class Object, class Token>
    static auto begin(Object& at, Token&& token) {
        return at.async_wait(std::forward<Token>(token));
    }
    void satisfy() { numbers.send(7); }
    bool is_good(const result& ready) const { return ready.contains(attached); }

    samples numbers;
    elkodon::subscriber<std::uint64_t> reader = numbers.port();
    elkodon::attachment attached;
};

struct receive_change {
    using result = elkodon::change;
    template <class Executor>
    using basic_object = elkodon::async::basic_watch<Executor>;
    using object = basic_object<asio::any_io_executor>;

    elkodon::watch port() {
        auto watch = world.node().watch().create();
        while (watch.receive()) {}
        return watch;
    }
    template <class Object, class Token>
    static auto begin(Object& at, Token&& token) {
        return at.async_receive(std::forward<Token>(token));
    }
    void satisfy() {
        made.push_back(
            world.publish_subscribe<std::uint64_t>("new " + std::to_string(made.size())).create());
    }
    static bool is_good(const result& told) { return told.kind == elkodon::change::appeared; }

    test::world world;
    std::vector<elkodon::publish_subscribe_service<std::uint64_t>> made;
};

}  // namespace test::operation
