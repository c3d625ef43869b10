#include "event_streams.hpp"

#include <utility>

namespace machine_load {

void event_streams::add(response&& to, const endpoint& remote, std::uint64_t after_id) {
    std::string first = "retry: 1000\n\n";
    for (const auto& [id, event] : backlog_) {
        if (id > after_id) first += *event;
    }
    if (last_passing_) first += *last_passing_;
    const auto& added = clients_.emplace_back(std::make_shared<client>(std::move(to), remote));
    write(added, std::make_shared<const std::string>(std::move(first)));
}

void event_streams::send(std::string event, std::uint64_t id) {
    auto shared = std::make_shared<const std::string>(std::move(event));
    send_to_all(shared);
    backlog_.push_back({.id = id, .event = std::move(shared)});
    if (backlog_.size() > max_backlog) backlog_.pop_front();
}

void event_streams::send(std::string event) {
    last_passing_ = std::make_shared<const std::string>(std::move(event));
    send_to_all(last_passing_);
}

// RESTinio may call back at once, so nobody is removed while we go through them.
void event_streams::send_to_all(const text& event) {
    for (const auto& each : clients_) {
        if (each->unsent >= max_unsent) {
            each->gone = true;
            close_(each->remote);
        }
        if (!each->gone) write(each, event);
    }
    clients_.remove_if([](const client_ptr& each) { return each->gone; });
}

void event_streams::write(const client_ptr& to, text what) {
    ++to->unsent;
    to->to.append_chunk(std::move(what))
        .flush([weak = std::weak_ptr{to}](const asio::error_code& error) {
            if (auto written = weak.lock()) {
                --written->unsent;
                written->gone = written->gone || error;
            }
        });
}

void event_streams::end_all() {
    for (const auto& each : clients_) {
        if (!each->gone) each->to.done();
    }
    clients_.clear();
}

}  // namespace machine_load
