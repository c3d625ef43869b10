// See names.hpp.
#include <elkodon/base/error.hpp>
#include <elkodon/layout/constants.hpp>
#include <elkodon/service/names.hpp>

#include <algorithm>

namespace elkodon::service {
namespace {

bool plain(char c, bool first) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte != 0x7f && c != '/' && c != '%' && !(first && c == '.');
}

void append_hex(std::string& text, char c) {
    const auto byte = static_cast<unsigned char>(c);
    text += '%';
    text += "0123456789ABCDEF"[byte >> 4];
    text += "0123456789ABCDEF"[byte & 15];
}

// The length of the UTF-8 sequence at the beginning of `text`, or 0: overlong forms, surrogates and values
// above U+10FFFF are refused.
std::size_t sequence_length(std::string_view text) noexcept {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    if (at(0) < 0x80) return 1;
    const std::size_t length = at(0) >= 0xf0 ? 4 : at(0) >= 0xe0 ? 3 : 2;
    if (at(0) < 0xc2 || at(0) > 0xf4 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((at(i) & 0xc0) != 0x80) return 0;
    if (at(0) == 0xe0 && at(1) < 0xa0) return 0;
    if (at(0) == 0xed && at(1) > 0x9f) return 0;
    if (at(0) == 0xf0 && at(1) < 0x90) return 0;
    if (at(0) == 0xf4 && at(1) > 0x8f) return 0;
    return length;
}

int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
    while (!text.empty()) {
        const auto length = sequence_length(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

void check_port_name(std::string_view name, const std::string& doing) {
    if (name.size() > layout::longest_port_name)
        throw error(errc::invalid_name, doing, "length of the port's name",
                    "at most " + std::to_string(layout::longest_port_name) + " bytes",
                    std::to_string(name.size()));
    if (!is_utf8(name) || name.find('\0') != std::string_view::npos)
        throw error(errc::invalid_name, doing, "the port's name", "UTF-8 without NUL",
                    "other bytes");
}

std::string toml_string(std::string_view text) {
    std::string made = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') made += '\\';
        if (byte >= 0x20 && byte != 0x7f) {
            made += c;
            continue;
        }
        made += "\\u00";
        made += "0123456789ABCDEF"[byte >> 4];
        made += "0123456789ABCDEF"[byte & 15];
    }
    return made + '"';
}

std::string encode_name(std::string_view name, const std::string& doing) {
    if (name.empty())
        throw error(errc::invalid_name, doing, "length of the name", "1 byte or more", "0");
    if (name.find('\0') != std::string_view::npos)
        throw error(errc::invalid_name, doing, "the name", "no NUL in it",
                    "one at byte " + std::to_string(name.find('\0')));
    if (!is_utf8(name)) throw error(errc::invalid_name, doing, "the name", "UTF-8", "other bytes");
    std::string encoded;
    for (const char c : name) {
        if (plain(c, encoded.empty())) encoded += c;
        else append_hex(encoded, c);
    }
    if (encoded.size() > longest_encoded_name)
        throw error(errc::invalid_name, doing, "length of the name as a file name",
                    "at most " + std::to_string(longest_encoded_name) + " bytes",
                    std::to_string(encoded.size()));
    return encoded;
}

std::string decode_name(std::string_view encoded) {
    std::string name;
    for (std::size_t i = 0; i < encoded.size(); ++i) {
        if (encoded[i] == '%' && i + 2 < encoded.size() && hex_digit(encoded[i + 1]) >= 0 &&
            hex_digit(encoded[i + 2]) >= 0) {
            name += static_cast<char>(hex_digit(encoded[i + 1]) * 16 + hex_digit(encoded[i + 2]));
            i += 2;
        } else {
            name += encoded[i];
        }
    }
    return name;
}

std::string in_quotes(std::string_view name) {
    constexpr std::size_t most = 80;
    const bool utf8 = is_utf8(name);
    auto end = std::min(most, name.size());
    // Not in the middle of a character.
    while (utf8 && end < name.size() && (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80)
        --end;
    std::string text = "\"";
    for (const char c : name.substr(0, end)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !utf8)) append_hex(text, c);
        else text += c;
    }
    return text + (end < name.size() ? "…\"" : "\"");
}

}  // namespace elkodon::service
