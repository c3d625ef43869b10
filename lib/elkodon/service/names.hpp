// How the names of services and domains become file names: readable with ls, and never able to leave
// their directory. Nothing is written here.
#pragma once

#include <string>
#include <string_view>

namespace elkodon::service {

/// The longest file name that a name may become, before the pattern's suffix. '/', '%', control characters
/// and a leading '.' take three bytes each, everything else one.
inline constexpr std::size_t longest_encoded_name = 220;

/// Any UTF-8 without NUL, percent-encoded where the file system needs it. Throws errc::invalid_name for
/// what is empty, too long, not UTF-8, or has a NUL; `doing` begins the sentence.
std::string encode_name(std::string_view name, const std::string& doing);

/// The other way; what was never encoded comes back as it is.
std::string decode_name(std::string_view encoded);

/// Whether it is UTF-8, without overlong forms and surrogates.
bool is_utf8(std::string_view text) noexcept;

/// Throws errc::invalid_name for what can't be a port's name: longer than 64 bytes, not UTF-8, or with a NUL.
void check_port_name(std::string_view name, const std::string& doing);

/// `text` as TOML writes it, in double quotes.
std::string toml_string(std::string_view text);

/// `name` for messages: at most 80 bytes, quoted, control characters escaped.
std::string in_quotes(std::string_view name);

}  // namespace elkodon::service
