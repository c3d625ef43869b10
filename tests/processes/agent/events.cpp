// How the agent rings and listens.
#include "agent.hpp"

#include <chrono>
#include <poll.h>
#include <stdexcept>
#include <sys/epoll.h>
#include <thread>
#include <unistd.h>

namespace agent {
namespace {

std::string text_of(const state& own, const elkodon::event_ids& ids) {
    std::string text = "ids";
    for (const auto id : ids) {
        text.append(" ").append(std::to_string(id.value()));
        if (own.counting) text.append("x").append(std::to_string(ids.count(id)));
    }
    return text;
}

void check(const elkodon::event_ids& ids) {
    if (ids.error()) throw std::system_error(ids.error());
}

void ring(state& own, std::uint64_t id) {
    if (const auto ec = own.notifier.notify(elkodon::event_id{id})) throw std::system_error(ec);
}

void wait_behind_epoll(state& own, const ids_sink& sink) {
    const int set = epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{};
    event.events = EPOLLIN;
    epoll_ctl(set, EPOLL_CTL_ADD, own.listener.native_handle(), &event);
    for (;;) {
        const auto ids = own.listener.try_wait();
        check(ids);
        if (!ids) epoll_wait(set, &event, 1, -1);
        else if (!sink(ids)) break;
    }
    close(set);
}

void wait_in_wait_set(state& own, const ids_sink& sink) {
    auto waits = own.node.wait_set().create();
    const auto bells = waits.attach(own.listener);
    for (;;) {
        const auto ids = own.listener.try_wait();
        check(ids);
        if (!ids) waits.blocking_wait();
        else if (!sink(ids)) return;
    }
}

std::string hear(state& own, const words& line) {
    wait_by(own, line.at(1), [&](const auto& ids) {
        say(text_of(own, ids));
        return true;
    });
    return "ended";
}

// Sleeps behind the descriptors of all until each has heard something.
void hear_behind_descriptors(std::vector<elkodon::listener>& crowd) {
    std::vector<pollfd> waiting;
    for (auto& each : crowd) waiting.push_back({each.native_handle(), POLLIN, 0});
    for (std::size_t left = crowd.size(); left > 0;) {
        if (poll(waiting.data(), waiting.size(), -1) < 0) continue;
        for (std::size_t i = 0; i < waiting.size(); ++i) {
            if (waiting[i].fd < 0 || waiting[i].revents == 0) continue;
            const auto ids = crowd[i].try_wait();
            check(ids);
            if (!ids) continue;
            waiting[i].fd = -1;
            --left;
        }
    }
}

void hear_in_threads(std::vector<elkodon::listener>& crowd) {
    std::vector<std::thread> threads;
    for (auto& each : crowd) threads.emplace_back([&] { check(each.blocking_wait()); });
    for (auto& each : threads) each.join();
}

std::string all_hear(state& own, const words& line) {
    if (line.at(1) == "epoll") hear_behind_descriptors(own.listeners);
    else hear_in_threads(own.listeners);
    return "all " + std::to_string(own.listeners.size());
}

std::string marked_notify(state& own, const words& line) {
    say("prepared");
    mark_begin();
    ring(own, number(line, 1));
    mark_end();
    return "ok";
}

}  // namespace

void wait_by(state& own, const std::string& way, const ids_sink& sink) {
    if (way == "epoll") return wait_behind_epoll(own, sink);
    if (way == "await") return wait_awaiting(own, sink);
    if (way == "wait_set") return wait_in_wait_set(own, sink);
    for (;;) {
        const auto ids = way.starts_with("blocking")
                             ? own.listener.blocking_wait()
                             : own.listener.timed_wait(std::chrono::hours(1));
        check(ids);
        if (ids && !sink(ids)) return;
    }
}

void add_events(command_table& table) {
    table["notify"] = [](state& own, const words& line) { return ring(own, number(line, 1)), "ok"; };
    table["flood_notify"] = [](state& own, const words& line) -> std::string {
        say("flooding");
        for (;;) ring(own, number(line, 1));
    };
    table["marked_notify"] = marked_notify;
    table["try_wait"] = [](state& own, const words&) {
        const auto ids = own.listener.try_wait();
        check(ids);
        return text_of(own, ids);
    };
    table["hear"] = hear;
    table["hear_once"] = [](state& own, const words& line) {
        wait_by(own, line.at(1), [&](const auto& ids) { return say(text_of(own, ids)), false; });
        return "ok";
    };
    table["listeners"] = [](state& own, const words& line) {
        for (auto left = number(line, 1); left > 0; --left)
            own.listeners.push_back(own.bells.listener().create());
        return "ok";
    };
    table["all_hear"] = all_hear;
}

}  // namespace agent
