// `elkodon list` and `elkodon watch`: which services and nodes there are, and how that changes.
#include "commands.hpp"

#include <elkodon/discovery.hpp>

#include <chrono>
#include <cstdio>
#include <thread>

namespace tools {
namespace {

const char* text(elkodon::messaging_pattern pattern) {
    return pattern == elkodon::messaging_pattern::event ? "event" : "publish-subscribe";
}

const char* text(elkodon::node_state state) {
    switch (state) {
        case elkodon::node_state::alive: return "alive";
        case elkodon::node_state::dead: return "dead";
        case elkodon::node_state::inaccessible: return "another user's";
        default: return "unknown";
    }
}

const char* text(elkodon::change::kind_type kind) {
    switch (kind) {
        case elkodon::change::appeared: return "appeared";
        case elkodon::change::gone: return "gone";
        case elkodon::change::died: return "died";
        default: return "some changes were missed";
    }
}

const char* text(elkodon::change::subject_type subject) {
    switch (subject) {
        case elkodon::change::service: return "service";
        case elkodon::change::node: return "node";
        default: return "port";
    }
}

}  // namespace

int list(const elkodon::configuration& config) {
    for (const auto& each : elkodon::list_services(config))
        std::printf("service %s %s %s\n", text(each.pattern), each.name.c_str(),
                    each.type.name.c_str());
    for (const auto& each : elkodon::list_nodes(config))
        std::printf("node %s %u %s %s\n", text(each.state), each.pid, each.executable.c_str(),
                    each.name.c_str());
    return 0;
}

int watch(const elkodon::configuration& config) {
    using namespace std::chrono_literals;

    auto node = elkodon::node::create(config);
    auto watch = node.watch().create();
    while (!elkodon::termination_requested()) {
        while (auto change = watch.receive())
            std::printf("%s %s %s\n", text(change.kind), text(change.subject),
                        change.subject == elkodon::change::node ? change.name.c_str()
                                                                : change.service_name.c_str());
        std::fflush(stdout);
        std::this_thread::sleep_for(100ms);
    }
    return 0;
}

}  // namespace tools
