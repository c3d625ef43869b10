// Looks at a request's bytes before RESTinio does, and knows what to answer to those that are none:
// RESTinio drops a connection without a word when its parser fails.
#pragma once

#include <http_parser.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace machine_load {

enum class refusal : unsigned short {
    none = 0,
    bad_request = 400,
    content_too_large = 413,
    header_fields_too_large = 431,
    version_not_supported = 505,
};

std::string answer_to(refusal why);  // a whole response, which closes the connection

// One request: no connection of this server takes a second one.
class request_guard {
public:
    static constexpr std::uint32_t max_head = 8 * 1024;  // request line and header fields
    static constexpr std::uint64_t max_body = 1024;      // nothing here wants one

    // The parser's limits belong to the process: once, before the first connection.
    static void set_limits() { http_parser_set_max_header_size(max_head); }

    request_guard();
    request_guard(const request_guard&) = delete;
    request_guard& operator=(const request_guard&) = delete;

    refusal look(std::string_view bytes);  // at what has come
    refusal look_at_end();                 // of the stream: was it amidst the request?

private:
    static const http_parser_settings& callbacks();
    static request_guard& of(http_parser* parser);
    static int on_header_field(http_parser* parser, const char* bytes, std::size_t size);
    static int on_header_value(http_parser* parser, const char* bytes, std::size_t size);
    static int on_headers_complete(http_parser* parser);
    static int on_body(http_parser* parser, const char* bytes, std::size_t size);
    static int on_message_complete(http_parser* parser);
    refusal verdict() const;
    refusal verdict_on_head() const;
    int refuse(refusal why);

    http_parser parser_;
    refusal why_ = refusal::none;  // what a callback found
    std::string field_;            // a name may come in pieces
    int hosts_ = 0;
    std::uint64_t body_size_ = 0;
    bool begun_ = false;
    bool complete_ = false;
};

}  // namespace machine_load
