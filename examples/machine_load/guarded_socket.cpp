#include "guarded_socket.hpp"

#include <array>
#include <string>

namespace machine_load {

void live_sockets::close(const asio::ip::tcp::endpoint& remote) {
    for (auto* socket : sockets_) {
        std::error_code none;  // that is one that isn't connected: not the one
        if (socket->remote_endpoint(none) == remote && !none) socket->close(none);
    }
}

void live_sockets::close_all() {
    for (auto* socket : sockets_) {
        std::error_code ignored;  // closed it is in any case
        socket->close(ignored);
    }
}

asio::awaitable<guarded_socket::arrival> guarded_socket::read_guarded(asio::mutable_buffer into) {
    arrival got;
    auto token = asio::redirect_error(asio::use_awaitable, got.error);
    got.size = co_await tcp_socket::async_read_some(into, token);

    auto why = refusal::none;
    if (!got.error) why = guard_->look({static_cast<const char*>(into.data()), got.size});
    if (got.error == asio::error::eof) why = guard_->look_at_end();
    if (why != refusal::none) {
        co_await refuse(why);
        got = {.error = asio::error::eof, .size = 0};
    }
    co_return got;
}

// Whoever still sends when we close gets a reset, and may never read the answer: so what comes is
// drained, up to a size. RESTinio's time limit for a request goes on meanwhile, and closes the
// socket under us.
asio::awaitable<void> guarded_socket::refuse(refusal why) {
    std::error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    const auto answer = answer_to(why);
    co_await asio::async_write(static_cast<tcp_socket&>(*this), asio::buffer(answer), token);
    if (!error) shutdown(shutdown_send, error);

    std::array<char, 4096> drained;
    constexpr std::size_t most = 256 * 1024;
    for (std::size_t size = 0; !error && size < most;) {
        size += co_await tcp_socket::async_read_some(asio::buffer(drained), token);
    }
}

}  // namespace machine_load
