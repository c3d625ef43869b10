// How the agent receives: in all the ways in which users do.
#include "agent.hpp"

#include <array>
#include <chrono>
#include <fstream>
#include <span>
#include <stdexcept>
#include <sys/epoll.h>
#include <unistd.h>

namespace agent {
namespace {

std::string text_of(const elkodon::sample<message>& sample) {
    const auto value = support::number_in(*sample);
    return value == ~std::uint64_t{0} ? "torn" : std::to_string(value);
}

void check(const elkodon::sample<message>& sample) {
    if (sample.error() && sample.error() != elkodon::errc::overtaken)
        throw std::system_error(sample.error());
}

/// Everything that is there. False when the sink has had enough.
bool drain(state& own, const sample_sink& sink) {
    for (;;) {
        const auto sample = own.subscriber.receive();
        check(sample);
        if (!sample && !sample.error()) return true;
        if (sample && !sink(sample)) return false;
    }
}

void receive_behind_epoll(state& own, const sample_sink& sink) {
    const int set = epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{};
    event.events = EPOLLIN;
    epoll_ctl(set, EPOLL_CTL_ADD, own.subscriber.native_handle(), &event);
    while (drain(own, sink)) epoll_wait(set, &event, 1, -1);
    close(set);
}

std::string take(state& own, const words& line) {
    const auto count = number(line, 2);
    std::string first, last;
    std::uint64_t taken = 0;
    if (count == 0) return "none";
    receive_by(own, line.at(1), [&](const auto& sample) {
        const auto text = text_of(sample);
        if (taken == 0) first = text;
        if (taken > 0 && text != std::to_string(std::stoull(last) + 1))
            throw std::runtime_error("after " + last + " comes " + text);
        last = text;
        return ++taken < count;
    });
    return first + " " + last;
}

std::string drain_all(state& own, const words&) {
    std::string first, last;
    std::uint64_t taken = 0;
    drain(own, [&](const auto& sample) {
        last = text_of(sample);
        if (taken++ == 0) first = last;
        return true;
    });
    return taken == 0 ? "none" : first + " " + last;
}

std::string hold(state& own, const words&) {
    auto sample = own.subscriber.receive();
    check(sample);
    if (!sample) return "none";
    const auto value = support::number_in(*sample);
    own.held.emplace_back(value, std::move(sample));
    return std::to_string(value);
}

/// One look: a number, "none", or the error.
std::string receive(state& own, const words&) {
    const auto sample = own.subscriber.receive();
    if (sample) return text_of(sample);
    return sample.error() ? sample.error().message() : "none";
}

std::string check_held(state& own, const words&) {
    for (const auto& [value, sample] : own.held)
        if (!support::intact(*sample, value)) return "torn";
    return "intact " + std::to_string(own.held.size());
}

std::string stream(state& own, const words& line) {
    receive_by(own, line.at(1), [&](const auto& sample) {
        say(text_of(sample));
        return true;
    });
    return "ended";
}

/// Takes whatever comes from whomever, until the number of the line; none may be torn.
std::string watch(state& own, const words& line) {
    const auto last = number(line, 1);
    say("watching");
    for (;;) {
        const auto sample = own.subscriber.blocking_receive();
        check(sample);
        if (!sample) continue;
        if (text_of(sample) == "torn") throw std::runtime_error("torn");
        if (support::number_in(*sample) == last) return "ok";
    }
}

/// Takes all that comes, until all publishers have gone, and says where it ended. For a flood.
std::string follow(state& own, const words& line) {
    const auto& way = line.at(1);
    std::uint64_t last = 0, taken = 0;
    if (own.subscriber.untyped()->publisher_count() == 0) throw std::runtime_error("no publisher");
    say("following");  // from here on we have seen it
    const auto take_in = [&](const auto& sample) {
        const auto value = support::number_in(*sample);
        if (value == ~std::uint64_t{0})
            throw std::runtime_error("torn after " + std::to_string(last));
        if (value <= last)
            throw std::runtime_error(std::to_string(value) + " after " + std::to_string(last));
        last = value;
        ++taken;
        return true;
    };
    for (;;) {
        drain(own, take_in);
        // Gone, and only then empty: that is the end.
        if (own.subscriber.untyped()->publisher_count() == 0 && !own.subscriber.has_samples())
            break;
        if (way == "receive") continue;
        const auto sample = own.subscriber.timed_receive(std::chrono::milliseconds(20));
        check(sample);
        if (sample) take_in(sample);
    }
    return std::to_string(last) + " after " + std::to_string(taken);
}

/// Borrows while the publisher laps us: each sample is looked at when it comes and again before it goes. Until that has
/// happened `count` times: the publisher was a ring further when we came back.
std::string be_lapped(state& own, const words& line) {
    const auto wanted = number(line, 1), ring = number(line, 2);
    std::array<elkodon::sample<message>, 4> batch;
    std::uint64_t taken = 0, laps = 0, round = 0, last = 0;
    while (laps < wanted) {
        const auto room = ++round % 2 == 0 ? batch.size() : 1;
        const auto held =
            std::span(batch).first(own.subscriber.receive_many(std::span(batch).first(room)));
        if (held.empty()) continue;
        std::array<std::uint64_t, 4> seen{};
        for (std::size_t i = 0; i < held.size(); ++i) seen[i] = held[i]->words[0];
        for (int again = 0; again < 3; ++again)
            for (std::size_t i = 0; i < held.size(); ++i)
                // The numbers began at 1 when the sequences began with the ring's size.
                if (!support::intact(*held[i], seen[i]) || seen[i] != held[i].sequence() - ring + 1)
                    return "torn after " + std::to_string(taken);
        if (held.front().sequence() > last + ring) ++laps;
        last = held.back().sequence();
        taken += held.size();
        for (auto& each : held) each.reset();
    }
    return "whole " + std::to_string(taken) + " samples, " + std::to_string(own.subscriber.lost()) +
           " lost";
}

/// Writes a zero into every page of a mapped file whose path ends so: the system forbids it.
std::string scribble(state&, const words& line) {
    std::ifstream maps("/proc/self/maps");
    for (std::string text; std::getline(maps, text);) {
        const auto path = text.substr(text.rfind(' ') + 1);
        if (!path.ends_with(line.at(1))) continue;
        const auto begin = std::stoull(text, nullptr, 16);
        say("writing");
        *reinterpret_cast<volatile std::uint32_t*>(begin + number(line, 2)) = 0;
        return "written";
    }
    return "not mapped";
}

void receive_in_wait_set(state& own, const sample_sink& sink) {
    auto waits = own.node.wait_set().create();
    const auto numbers = waits.attach(own.subscriber);
    while (drain(own, sink)) waits.blocking_wait();
}

}  // namespace

void receive_by(state& own, const std::string& way, const sample_sink& sink) {
    if (way == "epoll") return receive_behind_epoll(own, sink);
    if (way == "await") return receive_awaiting(own, sink);
    if (way == "wait_set") return receive_in_wait_set(own, sink);
    while (drain(own, sink)) {
        elkodon::sample<message> sample;
        if (way.starts_with("blocking")) sample = own.subscriber.blocking_receive();
        else if (way == "timed") sample = own.subscriber.timed_receive(std::chrono::hours(1));
        else if (way != "receive") throw std::invalid_argument(way);
        check(sample);
        if (sample && !sink(sample)) return;
    }
}

void add_receiving(command_table& table) {
    table["take"] = take;
    table["drain"] = drain_all;
    table["hold"] = hold;
    table["check"] = check_held;
    table["stream"] = stream;
    table["follow"] = follow;
    table["watch"] = watch;
    table["receive"] = receive;
    table["be_lapped"] = be_lapped;
    table["scribble"] = scribble;
    table["lost"] = [](state& own, const words&) { return std::to_string(own.subscriber.lost()); };
    table["publishers"] = [](state& own, const words&) {
        return std::to_string(own.subscriber.untyped()->publisher_count());
    };
}

}  // namespace agent
