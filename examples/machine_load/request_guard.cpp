#include "request_guard.hpp"

#include <fmt/format.h>

#include <limits>

#include <strings.h>

namespace machine_load {

namespace {

std::string_view status_of(refusal why) {
    switch (why) {
        case refusal::content_too_large: return "413 Content Too Large";
        case refusal::header_fields_too_large: return "431 Request Header Fields Too Large";
        case refusal::version_not_supported: return "505 HTTP Version Not Supported";
        case refusal::bad_request:
        case refusal::none: break;
    }
    return "400 Bad Request";
}

}  // namespace

std::string answer_to(refusal why) {
    const auto status = status_of(why);
    return fmt::format("HTTP/1.1 {0}\r\nConnection: close\r\nContent-Length: {1}\r\n"
                       "Content-Type: text/plain; charset=utf-8\r\n\r\n{0}\n",
                       status, status.size() + 1);
}

request_guard::request_guard() {
    http_parser_init(&parser_, HTTP_REQUEST);
    parser_.data = this;
}

refusal request_guard::look(std::string_view bytes) {
    if (complete_) return refusal::none;
    begun_ = begun_ || !bytes.empty();
    http_parser_execute(&parser_, &callbacks(), bytes.data(), bytes.size());
    return verdict();
}

refusal request_guard::look_at_end() {
    return begun_ && !complete_ ? refusal::bad_request : refusal::none;
}

refusal request_guard::verdict() const {
    if (why_ != refusal::none) return why_;
    switch (HTTP_PARSER_ERRNO(&parser_)) {
        case HPE_OK:
        case HPE_PAUSED: return refusal::none;
        case HPE_HEADER_OVERFLOW: return refusal::header_fields_too_large;
        default: return refusal::bad_request;
    }
}

refusal request_guard::verdict_on_head() const {
    constexpr auto unknown = std::numeric_limits<decltype(parser_.content_length)>::max();
    if (parser_.http_major != 1) return refusal::version_not_supported;
    if (parser_.http_minor > 0 && hosts_ != 1) return refusal::bad_request;
    if (parser_.content_length != unknown && parser_.content_length > max_body)
        return refusal::content_too_large;
    return refusal::none;
}

const http_parser_settings& request_guard::callbacks() {
    static const auto settings = [] {
        http_parser_settings made;
        http_parser_settings_init(&made);
        made.on_header_field = on_header_field;
        made.on_header_value = on_header_value;
        made.on_headers_complete = on_headers_complete;
        made.on_body = on_body;
        made.on_message_complete = on_message_complete;
        return made;
    }();
    return settings;
}

request_guard& request_guard::of(http_parser* parser) {
    return *static_cast<request_guard*>(parser->data);
}

int request_guard::on_header_field(http_parser* parser, const char* bytes, std::size_t size) {
    of(parser).field_.append(bytes, size);
    return 0;
}

// Called for each value, be it empty, and again for each further piece of it.
int request_guard::on_header_value(http_parser* parser, const char*, std::size_t) {
    auto& guard = of(parser);
    if (strcasecmp(guard.field_.c_str(), "host") == 0) ++guard.hosts_;
    guard.field_.clear();
    return 0;
}

int request_guard::on_headers_complete(http_parser* parser) {
    auto& guard = of(parser);
    return guard.refuse(guard.verdict_on_head());
}

int request_guard::on_body(http_parser* parser, const char*, std::size_t size) {
    auto& guard = of(parser);
    guard.body_size_ += size;
    return guard.refuse(guard.body_size_ > max_body ? refusal::content_too_large : refusal::none);
}

int request_guard::on_message_complete(http_parser* parser) {
    of(parser).complete_ = true;
    http_parser_pause(parser, 1);
    return 0;
}

// What a callback returns: anything but zero ends the parsing.
int request_guard::refuse(refusal why) {
    why_ = why;
    return why == refusal::none ? 0 : -1;
}

}  // namespace machine_load
