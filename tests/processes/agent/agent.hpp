// The agent: a participant that does what the lines on its stdin say, one answer a line, until stdin ends.
// The tests start many of them, talk to them, stop them and kill them.
#pragma once

#include <elkodon/elkodon.hpp>
#include <support/message.hpp>

#include <functional>
#include <map>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace agent {

using support::message;
using words = std::vector<std::string>;

/// All that an agent may have.
struct state {
    elkodon::configuration config = elkodon::configuration::load();  // of the node
    elkodon::node node;
    std::vector<std::pair<elkodon::node, elkodon::publish_subscribe_service<message>>> many_nodes;
    elkodon::publish_subscribe_service<message> numbers;
    elkodon::event_service bells;
    elkodon::publisher<message> publisher;
    elkodon::subscriber<message> subscriber;
    std::vector<elkodon::subscriber<message>> crowd;
    elkodon::notifier notifier;
    elkodon::listener listener;
    bool counting = false;  // the listener is: its answers say how often, as "7x2"
    std::vector<elkodon::listener> listeners;  // many of them
    std::vector<std::pair<std::uint64_t, elkodon::sample<message>>> held;
    int locked = -1;  // the directory of a service
};

/// Returns the answer; what it throws becomes "error: …".
using command = std::function<std::string(state&, const words&)>;
using command_table = std::map<std::string, command>;

void add_set_up(command_table& table);
void add_publishing(command_table& table);
void add_receiving(command_table& table);
void add_events(command_table& table);
void add_serving(command_table& table);
void add_idling(command_table& table);
void add_files(command_table& table);
void add_sleeping(command_table& table);

/// A line of answer before the last one.
void say(const std::string& line);

std::uint64_t number(const words& line, std::size_t index);

/// Throws what there is.
inline void must(std::error_code ec) {
    if (ec) throw std::system_error(ec);
}

/// Between these two signals a tracer looks closely.
void mark_begin();
void mark_end();

/// Receives in one of the ways in which users do, for ever or until `sink` returns false: "receive" polls;
/// "timed", "blocking" (and "blocking_on_eventfd"), "epoll", "wait_set" and "await" drain what is there and then sleep.
using sample_sink = std::function<bool(const elkodon::sample<message>&)>;
void receive_by(state& of, const std::string& way, const sample_sink& sink);
void receive_awaiting(state& of, const sample_sink& sink);

/// The same for events: "blocking…", "timed", "epoll", "wait_set", "await".
using ids_sink = std::function<bool(const elkodon::event_ids&)>;
void wait_by(state& of, const std::string& way, const ids_sink& sink);
void wait_awaiting(state& of, const ids_sink& sink);

}  // namespace agent
