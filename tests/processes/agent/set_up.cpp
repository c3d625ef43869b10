// Nodes, services and ports of the agent, and how it gives them up.
#include "agent.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <grp.h>
#include <stdexcept>
#include <string_view>
#include <sys/file.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace agent {
namespace {

template <class Builder>
void ask_for(Builder& builder, const words& line) {
    for (std::size_t i = 2; i < line.size(); ++i) {
        const auto equals = line[i].find('=');
        const auto key = line[i].substr(0, equals);
        const auto value = std::stoull(line[i].substr(equals + 1));
        if constexpr (requires { builder.history_size(value); }) {
            if (key == "buffer") builder.subscriber_max_buffer_size(value);
            else if (key == "history") builder.history_size(value);
            else if (key == "borrowed") builder.subscriber_max_borrowed_samples(value);
            else if (key == "loaned") builder.publisher_max_loaned_samples(value);
            else if (key == "lossless") builder.enable_safe_overflow(value == 0);
            else if (key == "stall") builder.stall_timeout(std::chrono::milliseconds(value));
            else if (key == "publishers") builder.max_publishers(value);
            else if (key == "subscribers") builder.max_subscribers(value);
            else throw std::invalid_argument(key);
        } else {
            if (key == "max") builder.event_id_max_value(value);
            else if (key == "created") builder.notifier_created_event(elkodon::event_id(value));
            else if (key == "dropped") builder.notifier_dropped_event(elkodon::event_id(value));
            else if (key == "dead") builder.notifier_dead_event(elkodon::event_id(value));
            else if (key == "deadline") builder.deadline(std::chrono::milliseconds(value));
            else if (key == "nodes") builder.max_nodes(value);
            else if (key == "notifiers") builder.max_notifiers(value);
            else if (key == "listeners") builder.max_listeners(value);
            else throw std::invalid_argument(key);
        }
    }
}

void need_node(state& own) {
    if (!own.node) own.node = elkodon::node::create(own.config);
}

/// Before there is a node: how it is to be made.
std::string configure(state& own, const words& line) {
    const auto &key = line.at(1), &value = line.at(2);
    if (key == "liveness_bound") {
        own.config.liveness_bound = std::chrono::milliseconds(number(line, 2));
    } else if (key == "doorbell") {
        own.config.doorbell = value == "eventfd" ? elkodon::doorbell_backend::eventfd
                                                 : elkodon::doorbell_backend::futex;
    } else if (key == "wait_strategy") {
        using strategy = elkodon::wait_strategy;
        own.config.wait_strategy = value == "block"  ? strategy::block()
                                   : value == "busy" ? strategy::busy()
                                                     : strategy::adaptive();
    } else if (key == "clean_up") {
        own.config.clean_up = {value == "on_creation", value == "on_opening",
                               value == "on_destruction"};
    } else if (key == "rights.write") {
        own.config.rights.write = value == "everyone" ? elkodon::audience::everyone
                                  : value == "group"  ? elkodon::audience::group
                                                      : elkodon::audience::owner;
    } else {
        throw std::invalid_argument(key);
    }
    return "ok";
}

/// As another user, with this group: before there is a node.
std::string become(state&, const words& line) {
    const auto user = static_cast<uid_t>(number(line, 1));
    const auto group = static_cast<gid_t>(number(line, 2));
    if (setgroups(0, nullptr) != 0 || setgid(group) != 0 || setuid(user) != 0) return "refused";
    // Becoming another user takes both away; a sanitizer looks at its own process at the end.
    prctl(PR_SET_DUMPABLE, 1);
    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 ? "ok" : "it might outlive the test";
}

template <class Builder>
auto join(const Builder& builder, std::string_view how) {
    if (how.starts_with("create")) return builder.create();
    if (how.starts_with("open_or_create")) return builder.open_or_create();
    return builder.open();
}

std::string join_numbers(state& own, const words& line) {
    need_node(own);
    auto builder = own.node.service(line.at(1)).publish_subscribe<message>();
    ask_for(builder, line);
    own.numbers = join(builder, line[0]);
    return "ok";
}

std::string join_bells(state& own, const words& line) {
    need_node(own);
    auto builder = own.node.service(line.at(1)).event();
    ask_for(builder, line);
    own.bells = join(builder, line[0]);
    return "ok";
}

std::string drop(state& own, const words& line) {
    const auto& what = line.at(1);
    const bool all = what == "all";
    if (all || what == "held") own.held.clear();
    if (all || what == "publisher") own.publisher = {};
    if (all || what == "subscriber") own.subscriber = {};
    if (all || what == "notifier") own.notifier = {};
    if (all || what == "listener") own.listener = {};
    if (all || what == "listeners") own.listeners.clear();
    if (all || what == "numbers") own.numbers = {};
    if (all || what == "bells") own.bells = {};
    if (all || what == "node") own.node = {};
    return "ok";
}

/// Holds the lock of a service's directory, as somebody would who stands still while joining.
std::string lock(state& own, const words& line) {
    const auto path = std::string(std::getenv("ELKODON_ROOT")) + "/default/services/" + line.at(1);
    own.locked = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return flock(own.locked, LOCK_EX) == 0 ? "ok" : "not locked";
}

std::string await_gun(state&, const words&) {
    say("ready");
    char byte = 0;
    while (read(3, &byte, 1) > 0) {}
    return "go";
}

/// What other parts of a program do: nodes, services and ports that come and go.
std::string churn(state&, const words& line) {
    for (auto left = number(line, 1); left > 0; --left) {
        const auto node = elkodon::node::create();
        const auto name = "elsewhere/" + std::to_string(left % 7);
        const auto service = node.service(name).publish_subscribe<std::uint64_t>().open_or_create();
        auto publisher = service.publisher().create();
        auto subscriber = service.subscriber().create();
        publisher.send_copy(left);
        const auto sample = subscriber.receive();
        if (!sample || *sample != left) return "lost in churn";
        std::error_code none;
        const auto absent = node.service("nowhere").event().open(none);
        if (none != elkodon::errc::service_not_found) return "found nowhere: " + none.message();
    }
    return "ok";
}

/// Further nodes, each with a service open that they share.
std::string many_nodes(state& own, const words& line) {
    for (auto left = number(line, 1); left > 0; --left) {
        auto node = elkodon::node::create(own.config);
        auto service = node.service("crowded").publish_subscribe<message>().open_or_create();
        own.many_nodes.emplace_back(std::move(node), std::move(service));
    }
    return "ok";
}

/// Joins and leaves again and again, so that services come and go under everybody's hands.
std::string come_and_go(state& own, const words& line) {
    need_node(own);
    for (auto left = number(line, 2); left > 0; --left) {
        auto service = own.node.service(line.at(1)).publish_subscribe<message>().open_or_create();
        auto publisher = service.publisher().create();
        if (const auto ec = publisher.send_copy({})) return "error: " + ec.message();
    }
    return "ok";
}

}  // namespace

void add_set_up(command_table& table) {
    table["configure"] = configure;
    table["become"] = become;
    table["node"] = [](state& own, const words&) { return need_node(own), "ok"; };
    table["local_node"] = [](state& own, const words&) {
        own.node = elkodon::node::create_local();
        return "ok";
    };
    for (const auto* how : {"create", "open", "open_or_create"}) {
        table[how] = join_numbers;
        table[std::string(how) + "_event"] = join_bells;
    }
    table["publisher"] = [](state& own, const words&) {
        own.publisher = own.numbers.publisher().create();
        return "ok";
    };
    table["subscriber"] = [](state& own, const words&) {
        own.subscriber = own.numbers.subscriber().create();
        return "ok";
    };
    table["observer"] = [](state& own, const words&) {
        own.subscriber = own.numbers.subscriber().observer().create();
        return "ok";
    };
    table["crowd"] = [](state& own, const words& line) {
        for (auto left = number(line, 1); left > 0; --left)
            own.crowd.push_back(own.numbers.subscriber().create());
        return "ok";
    };
    table["crowd_waits_behind"] = [](state& own, const words& line) {
        for (auto left = number(line, 1); left > 0; --left) own.crowd.at(left - 1).native_handle();
        return "ok";
    };
    table["crowd_takes"] = [](state& own, const words& line) {
        std::uint64_t taken = 0;
        for (auto& each : own.crowd)
            if (const auto sample = each.receive())
                taken += support::intact(*sample, number(line, 1));
        return std::to_string(taken);
    };
    table["notifier"] = [](state& own, const words& line) {
        auto builder = own.bells.notifier();
        if (line.size() > 1) builder.skip_own_node();
        own.notifier = builder.create();
        return "ok";
    };
    table["listener"] = [](state& own, const words& line) {
        auto builder = own.bells.listener();
        own.counting = line.size() > 1;
        if (own.counting) builder.counting();
        own.listener = builder.create();
        return "ok";
    };
    table["drop"] = drop;
    table["gun"] = await_gun;
    table["many_nodes"] = many_nodes;
    table["churn"] = churn;
    table["lock"] = lock;
    table["unlock"] = [](state& own, const words&) {
        return close(std::exchange(own.locked, -1)) == 0 ? "ok" : "not locked";
    };
    table["come_and_go"] = come_and_go;
}

}  // namespace agent
