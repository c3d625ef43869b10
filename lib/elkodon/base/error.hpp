// What can go wrong, as codes for programs and as sentences for people.
// Nothing here lies in shared memory; nothing here is affected by another process.
#pragma once

#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

namespace elkodon {

/// Every error of the library. Where `std::errc` has a name for it, comparing with that holds too:
/// `ec == std::errc::no_such_file_or_directory` for `service_not_found`.
enum class errc {
    service_not_found = 1,  ///< `open`: no service of this name and pattern
    service_exists,         ///< `create`: the name is taken
    incompatible_type,      ///< the service carries another type
    incompatible_property,  ///< the service cannot give what was asked for
    invalid_name,           ///< empty, too long, with a NUL, or not UTF-8
    invalid_value,          ///< a property's value that cannot be
    invalid_root,           ///< the root directory is a link, not a directory, or another user's
    invalid_segment,        ///< a file that is not, or no longer, what it should be
    incompatible_layout,    ///< made by a build with another memory layout
    port_limit_reached,     ///< max_publishers, max_subscribers, max_notifiers or max_listeners
    out_of_space,           ///< the root's file system is full
    permission_denied,      ///< the system forbids it
    service_busy,           ///< somebody holds the service's lock for longer than anybody should
    loans_exhausted,        ///< publisher_max_loaned_samples loans are out already
    chunks_exhausted,       ///< a peer pins chunks: see the error's text for its process
    too_many_borrowed,      ///< subscriber_max_borrowed_samples samples are held already
    empty_loan,             ///< the loan was sent, dropped or moved away before
    foreign_loan,           ///< the loan belongs to another publisher
    event_id_out_of_range,  ///< above the service's event_id_max_value
    already_attached,       ///< the port waits somewhere else
    already_running,        ///< an operation of this kind is outstanding on this port
    closed,                 ///< the port was closed or moved away
    forked,                 ///< the port was inherited through fork: make a new one in the child
    overtaken,              ///< publishers lapped this subscriber twice in one look: look again
    membership_lost,  ///< the directory of the service, or of its domain, was taken away while in use
    buffer_full,      ///< a lossless subscriber is as far behind as it may be: nothing was sent
    evicted,  ///< this lossless subscriber stood still for longer than stall_timeout, and lost
    slice_too_long,  ///< longer than the publisher's chunks, which its allocation_strategy doesn't let grow
    incompatible_attribute,  ///< the service lacks an attribute that was required
    invalid_configuration,  ///< a configuration file with an unknown key, or a value that cannot be
    deadline_missed,        ///< the event service's deadline has passed without a notification
    listener_not_found,  ///< the listener that was to be notified has ended, or is of another service
    node_limit_reached,  ///< max_nodes nodes have the service open already
};

/// The category of `errc`, named "elkodon". Any thread.
const std::error_category& error_category() noexcept;

/// Any thread.
inline std::error_code make_error_code(errc code) noexcept {
    return {static_cast<int>(code), error_category()};
}

/// What set-up calls throw: which property clashed, with both values, in `what()` for people and in the
/// accessors for programs.
///
///     open "camera": history_size: at least 10 wanted, 4 found: incompatible property
class error : public std::system_error {
public:
    /// `doing` is the sentence's beginning: what was done to what, as `open "camera"`.
    error(std::error_code code, const std::string& doing) : std::system_error(code, doing) {}

    error(std::error_code code,
          const std::string& doing,
          std::string property,
          std::string wanted,
          std::string found)
        : std::system_error(
              code, doing + ": " + property + ": " + wanted + " wanted, " + found + " found"),
          property_(std::move(property)),
          wanted_(std::move(wanted)),
          found_(std::move(found)) {}

    /// The setting that clashed, or empty. Any thread, as the two below.
    const std::string& property() const noexcept { return property_; }
    const std::string& wanted() const noexcept { return wanted_; }
    const std::string& found() const noexcept { return found_; }

private:
    std::string property_, wanted_, found_;
};

/// Runs `set_up` and turns what it throws into `ec`: how every set-up call gets its non-throwing overload.
/// Returns an empty object then.
template <class F>
auto without_throwing(std::error_code& ec, F&& set_up) noexcept -> std::invoke_result_t<F> {
    try {
        ec.clear();
        return std::forward<F>(set_up)();
    } catch (const std::system_error& failure) {
        ec = failure.code();
    } catch (...) {
        ec = std::make_error_code(std::errc::not_enough_memory);
    }
    return {};
}

}  // namespace elkodon

template <>
struct std::is_error_code_enum<elkodon::errc> : std::true_type {};
