#include "http_front.hpp"

#include "event_streams.hpp"
#include "guarded_socket.hpp"
#include "page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

namespace machine_load {

using namespace std::chrono_literals;

namespace {

struct http_traits : restinio::traits_t<restinio::asio_timer_manager_t,
                                        restinio::null_logger_t,
                                        restinio::details::autodetect_request_handler_type,
                                        restinio::noop_strand_t,
                                        guarded_socket> {
    static constexpr bool use_connection_count_limiter = true;
};

using http_server = restinio::http_server_t<http_traits>;
using request_handle = restinio::request_handle_t;
using response_builder = restinio::response_builder_t<restinio::user_controlled_output_t>;

constexpr std::size_t max_connections = 64;
constexpr auto time_to_read = 5s;  // a request, as a whole
constexpr auto time_to_write = 5s;

// What the page may do: nothing but what is in it, and to talk to us.
constexpr std::string_view page_policy =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::uint64_t last_event_id(const restinio::http_request_header_t& header) {
    const auto text = header.get_field_or("Last-Event-ID", "");
    std::uint64_t id = 0;
    std::from_chars(text.data(), text.data() + text.size(), id);
    return id;
}

std::uint64_t microseconds_now() {
    return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch() / 1us);
}

// The path of "/events?x" and of "http://127.0.0.1:8080/events", which HTTP/1.1 allows too.
std::string_view path_of(std::string_view target) {
    if (target.starts_with("http://")) {
        const auto slash = target.find('/', 7);
        target = slash == target.npos ? "/" : target.substr(slash);
    }
    return target.substr(0, target.find('?'));
}

}  // namespace

class http_front::implementation {
public:
    implementation(asio::io_context& io, std::uint16_t port, std::function<std::string()> metrics)
        : metrics_{std::move(metrics)},
          sockets_{asio::use_service<live_sockets>(io)},
          streams_{[this](const auto& remote) { sockets_.close(remote); }},
          server_{restinio::external_io_context(io),
                  [&](auto& settings) { configure(settings, port); }} {
        server_.open_sync();
    }

    std::uint16_t port() const { return port_; }

    void send_event(std::string_view kind, std::string_view json) {
        // Rising, also over a restart of ours: a page that reconnects misses nothing.
        last_id_ = std::max(last_id_ + 1, microseconds_now());
        streams_.send(fmt::format("id: {}\n{}", last_id_, event_text(kind, json)), last_id_);
    }

    void send_passing_event(std::string_view kind, std::string_view json) {
        streams_.send(event_text(kind, json));
    }

    void stop() {
        streams_.end_all();
        server_.close_sync();
        // After the handlers that are due, so that what has just been answered is sent.
        asio::post(server_.io_context(), [this] { sockets_.close_all(); });
    }

private:
    static std::string event_text(std::string_view kind, std::string_view json) {
        return kind.empty() ? fmt::format("data: {}\n\n", json)
                            : fmt::format("event: {}\ndata: {}\n\n", kind, json);
    }

    void configure(restinio::server_settings_t<http_traits>& settings, std::uint16_t port) {
        request_guard::set_limits();
        settings.address("127.0.0.1")
            .port(port)
            .request_handler([this](request_handle request) { return answer(*request); })
            .acceptor_post_bind_hook(
                [this](auto& acceptor) { port_ = acceptor.local_endpoint().port(); })
            .max_parallel_connections(max_connections)
            .max_pipelined_requests(1)
            .read_next_http_message_timelimit(time_to_read)
            .write_http_response_timelimit(time_to_write)
            .incoming_http_msg_limits(restinio::incoming_http_msg_limits_t{}
                                          .max_url_size(request_guard::max_head)
                                          .max_body_size(request_guard::max_body))
            // A client that doesn't read fills this, not megabytes of the kernel's.
            .socket_options_setter([](auto& options) {
                options.set_option(asio::socket_base::send_buffer_size{64 * 1024});
            });
    }

    restinio::request_handling_status_t answer(restinio::request_t& request) {
        const auto& header = request.header();
        const auto path = path_of(header.request_target());
        if (path != "/" && path != "/events" && path != "/metrics.json") {
            return say(request, restinio::status_not_found());
        }
        if (header.method() != restinio::http_method_get() &&
            header.method() != restinio::http_method_head()) {
            return say(request, restinio::status_method_not_allowed());
        }
        if (path == "/events") return stream_events(request);
        return path == "/" ? send_page(request) : send_metrics(request);
    }

    // Each connection takes one request: what a client can make us keep is that.
    static response_builder respond(restinio::request_t& request,
                                    restinio::http_status_line_t status,
                                    std::string_view type) {
        auto response =
            request.create_response<restinio::user_controlled_output_t>(std::move(status));
        response.connection_close()
            .append_header_date_field()
            .append_header(restinio::http_field::content_type, std::string{type})
            .append_header(restinio::http_field::cache_control, "no-store")
            .append_header("X-Content-Type-Options", "nosniff");
        return response;
    }

    static restinio::request_handling_status_t say(restinio::request_t& request,
                                                   restinio::http_status_line_t status) {
        const auto text =
            fmt::format("{} {}\n", status.status_code().raw_code(), status.reason_phrase());
        auto response = respond(request, status, "text/plain; charset=utf-8");
        if (status.status_code() == restinio::status_code::method_not_allowed) {
            response.append_header(restinio::http_field::allow, "GET, HEAD");
        }
        return send_body(request, response, text);
    }

    static restinio::request_handling_status_t send_body(restinio::request_t& request,
                                                         response_builder& response,
                                                         std::string body) {
        response.set_content_length(body.size());
        if (request.header().method() != restinio::http_method_head())
            response.set_body(std::move(body));
        return response.done();
    }

    static restinio::request_handling_status_t send_page(restinio::request_t& request) {
        auto response = respond(request, restinio::status_ok(), "text/html; charset=utf-8");
        response.append_header("Content-Security-Policy", std::string{page_policy});
        return send_body(request, response, std::string{page});
    }

    restinio::request_handling_status_t send_metrics(restinio::request_t& request) {
        auto response = respond(request, restinio::status_ok(), "application/json");
        return send_body(request, response, metrics_() + "\n");
    }

    restinio::request_handling_status_t stream_events(restinio::request_t& request) {
        const auto& header = request.header();
        if (header.method() == restinio::http_method_head()) {
            auto response = respond(request, restinio::status_ok(), "text/event-stream");
            return response.done();
        }
        if (streams_.full()) return say(request, restinio::status_service_unavailable());

        const auto after = last_event_id(header);
        const auto remote = request.remote_endpoint();
        auto response = request.create_response<restinio::chunked_output_t>();
        response.append_header(restinio::http_field::content_type, "text/event-stream")
            .append_header(restinio::http_field::cache_control, "no-store")
            .append_header("X-Content-Type-Options", "nosniff");
        streams_.add(std::move(response), remote, after);
        return restinio::request_accepted();
    }

    std::function<std::string()> metrics_;
    live_sockets& sockets_;
    event_streams streams_;
    std::uint64_t last_id_ = 0;
    std::uint16_t port_ = 0;
    http_server server_;
};

http_front::http_front(asio::io_context& io,
                       std::uint16_t port,
                       std::function<std::string()> metrics)
    : implementation_{std::make_unique<implementation>(io, port, std::move(metrics))} {}

http_front::~http_front() = default;

std::uint16_t http_front::port() const { return implementation_->port(); }

void http_front::send_event(std::string_view kind, std::string_view json) {
    implementation_->send_event(kind, json);
}

void http_front::send_passing_event(std::string_view kind, std::string_view json) {
    implementation_->send_passing_event(kind, json);
}

void http_front::stop() { implementation_->stop(); }

}  // namespace machine_load
