// The demo's HTTP side, on its owner's io_context and on 127.0.0.1 only: GET /, GET /events,
// GET /metrics.json.
#pragma once

#include <asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace machine_load {

class http_front {
public:
    // Port 0: any free one. Throws std::system_error, address_in_use for example.
    http_front(asio::io_context& io, std::uint16_t port, std::function<std::string()> metrics);
    ~http_front();
    http_front(const http_front&) = delete;
    http_front& operator=(const http_front&) = delete;

    std::uint16_t port() const;

    // To all who listen to /events, and to those who come within the next minute.
    void send_event(std::string_view kind, std::string_view json);

    // To those who listen just now; who comes later gets the last of them.
    void send_passing_event(std::string_view kind, std::string_view json);

    // Ends all connections; the io_context then runs out of work.
    void stop();

private:
    class implementation;
    std::unique_ptr<implementation> implementation_;
};

}  // namespace machine_load
