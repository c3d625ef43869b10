// The socket type of this demo's RESTinio traits: Asio's own, with two things added.
// What comes in passes a request_guard; what that refuses is answered here, and RESTinio sees the
// end of the stream. All sockets of an io_context are known to its live_sockets, so that a slow
// one, or all of them, can be closed.
#pragma once

#include "request_guard.hpp"

#include <asio.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <set>
#include <system_error>
#include <utility>

namespace machine_load {

using tcp_socket = asio::ip::tcp::socket;

class live_sockets : public asio::execution_context::service {
public:
    static inline asio::execution_context::id id;

    explicit live_sockets(asio::execution_context& context) : service{context} {}

    void add(tcp_socket* socket) { sockets_.insert(socket); }
    void remove(tcp_socket* socket) { sockets_.erase(socket); }

    void close(const asio::ip::tcp::endpoint& remote);
    void close_all();

private:
    void shutdown() override {}

    std::set<tcp_socket*> sockets_;
};

class guarded_socket : public tcp_socket {
public:
    explicit guarded_socket(asio::io_context& io)
        : tcp_socket{io}, sockets_{asio::use_service<live_sockets>(io)} {
        sockets_.add(this);
    }

    // What is left behind is as good as new, as with Asio's: RESTinio accepts into it again.
    guarded_socket(guarded_socket&& other)
        : tcp_socket{std::move(other)},
          sockets_{other.sockets_},
          guard_{std::exchange(other.guard_, std::make_unique<request_guard>())} {
        sockets_.add(this);
    }

    ~guarded_socket() { sockets_.remove(this); }

    // Called by RESTinio, which keeps the connection, and so this socket, alive in the handler.
    template <class Handler>
    void async_read_some(asio::mutable_buffer into, Handler&& handler) {
        auto done = [handler = std::forward<Handler>(handler)](std::exception_ptr failed,
                                                               arrival got) mutable {
            if (failed) std::rethrow_exception(failed);
            handler(got.error, got.size);
        };
        asio::co_spawn(get_executor(), read_guarded(into), std::move(done));
    }

private:
    struct arrival {
        std::error_code error;
        std::size_t size = 0;
    };

    asio::awaitable<arrival> read_guarded(asio::mutable_buffer into);
    asio::awaitable<void> refuse(refusal why);

    live_sockets& sockets_;
    std::unique_ptr<request_guard> guard_ = std::make_unique<request_guard>();
};

}  // namespace machine_load
