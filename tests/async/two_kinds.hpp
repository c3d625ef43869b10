// What a subscriber and a listener promise alike is tested with both: the two kinds, behind one face.
// Each brings its world, its service, and the port at the other end.
#pragma once

#include "world.hpp"

#include <elkodon/asio.hpp>

#include <cstdint>
#include <system_error>
#include <utility>

namespace test {

/// What a handler was called with, and how often.
template <class Result>
struct outcome {
    int calls = 0;
    std::error_code error;
    Result result;

    auto handler() {
        return [this](std::error_code ec, Result taken) {
            ++calls;
            error = ec;
            result = std::move(taken);
        };
    }
};

/// An awaited subscriber, and a publisher.
struct samples {
    using result = elkodon::sample<std::uint64_t>;
    template <class Executor>
    using basic_object = elkodon::async::basic_subscriber<std::uint64_t, Executor>;
    using object = basic_object<asio::any_io_executor>;

    elkodon::subscriber<std::uint64_t> port() const { return service.subscriber().create(); }
    void send(std::uint64_t value) {
        if (const auto error = publisher.send_copy(value)) throw std::system_error(error, "send");
    }

    template <class Object, class Token>
    static auto begin(Object& object, Token&& token) {
        return object.async_receive(std::forward<Token>(token));
    }
    static bool is(const result& taken, std::uint64_t value) { return taken && *taken == value; }

    /// What a port that was given back finds, without waiting.
    static bool finds(elkodon::subscriber<std::uint64_t>& port, std::uint64_t value) {
        return is(port.receive(), value);
    }

    test::world world;
    elkodon::publish_subscribe_service<std::uint64_t> service =
        world.publish_subscribe<std::uint64_t>().max_subscribers(4).open_or_create();
    elkodon::publisher<std::uint64_t> publisher = service.publisher().create();
};

/// An awaited listener, and a notifier.
struct events {
    using result = elkodon::event_ids;
    template <class Executor>
    using basic_object = elkodon::async::basic_listener<Executor>;
    using object = basic_object<asio::any_io_executor>;

    elkodon::listener port() const { return service.listener().create(); }
    void send(std::uint64_t value) {
        if (const auto error = notifier.notify(elkodon::event_id{value}))
            throw std::system_error(error, "notify");
    }

    template <class Object, class Token>
    static auto begin(Object& object, Token&& token) {
        return object.async_wait(std::forward<Token>(token));
    }
    static bool is(const result& taken, std::uint64_t value) {
        return taken.size() == 1 && *taken.begin() == elkodon::event_id{value};
    }
    static bool finds(elkodon::listener& port, std::uint64_t value) {
        return is(port.try_wait(), value);
    }

    test::world world;
    elkodon::event_service service = world.event().max_listeners(4).open_or_create();
    elkodon::notifier notifier = service.notifier().create();
};

}  // namespace test
