// The clients of GET /events: each gets what was said in the last minute, then all as it comes.
// Bounded are the number of clients, the backlog, and what a client may leave unread.
#pragma once

#include <restinio/all.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <utility>

namespace machine_load {

class event_streams {
public:
    static constexpr std::size_t max_clients = 32;
    static constexpr std::size_t max_backlog = 660;  // a minute: 10 readings, 1 event a second
    static constexpr std::size_t max_unsent = 40;    // of one client: four seconds

    using response = restinio::response_builder_t<restinio::chunked_output_t>;
    using endpoint = restinio::endpoint_t;

    // close: ends the connection of a client that doesn't read.
    explicit event_streams(std::function<void(const endpoint&)> close) : close_{std::move(close)} {}

    bool full() const { return clients_.size() >= max_clients; }

    // The backlog after this id is sent at once.
    void add(response&& to, const endpoint& remote, std::uint64_t after_id);

    // Ids rise.
    void send(std::string event, std::uint64_t id);

    // Without a place in the backlog: a new client gets the last of these only.
    void send(std::string event);

    void end_all();

private:
    using text = std::shared_ptr<const std::string>;  // one copy for all clients

    struct entry {
        std::uint64_t id;
        text event;
    };

    struct client {
        response to;
        endpoint remote;
        std::size_t unsent = 0;
        bool gone = false;
    };

    using client_ptr = std::shared_ptr<client>;

    static void write(const client_ptr& to, text what);
    void send_to_all(const text& event);

    std::function<void(const endpoint&)> close_;
    std::deque<entry> backlog_;
    text last_passing_;
    std::list<client_ptr> clients_;
};

}  // namespace machine_load
