// The texts of the error codes and their kinship with std::errc.
// Nothing here is shared; a kill -9 leaves nothing.
#include <elkodon/base/error.hpp>

#include <optional>

namespace elkodon {
namespace {

const char* text_of(errc code) noexcept {
    switch (code) {
        case errc::service_not_found: return "service not found";
        case errc::service_exists: return "service exists already";
        case errc::incompatible_type: return "incompatible type";
        case errc::incompatible_property: return "incompatible property";
        case errc::invalid_name: return "invalid name";
        case errc::invalid_value: return "invalid value";
        case errc::invalid_root: return "invalid root directory";
        case errc::invalid_segment: return "invalid segment";
        case errc::incompatible_layout: return "incompatible memory layout: rebuild one side";
        case errc::port_limit_reached: return "no room for another port of this kind";
        case errc::out_of_space: return "out of space";
        case errc::permission_denied: return "permission denied";
        case errc::service_busy: return "the service's lock is held too long";
        case errc::loans_exhausted: return "all loans are out: send or drop one first";
        case errc::chunks_exhausted: return "no chunk is free: a peer holds on to what it borrowed";
        case errc::too_many_borrowed: return "too many samples borrowed: drop one first";
        case errc::empty_loan: return "the loan is empty: sent, dropped or moved away";
        case errc::foreign_loan: return "the loan belongs to another publisher";
        case errc::event_id_out_of_range: return "event id above the service's event_id_max_value";
        case errc::already_attached: return "the port waits somewhere else already";
        case errc::already_running: return "an operation is outstanding on this port";
        case errc::closed: return "the port is closed";
        case errc::forked:
            return "the port was inherited through fork: create a new one in the child";
        case errc::overtaken: return "overtaken while looking: look again";
        case errc::membership_lost: return "its directory was removed while in use";
        case errc::buffer_full: return "a lossless subscriber's buffer is full: nothing was sent";
        case errc::evicted:
            return "stood still for longer than the service's stall_timeout: messages were lost";
        case errc::incompatible_attribute: return "incompatible attribute";
        case errc::invalid_configuration: return "invalid configuration";
        case errc::deadline_missed:
            return "the service's deadline has passed without a notification";
        case errc::listener_not_found: return "no such listener: it has ended";
        case errc::node_limit_reached: return "max_nodes nodes have the service open already";
        case errc::slice_too_long:
            return "longer than the publisher's chunks: see initial_max_slice_len and "
                   "allocation_strategy";
    }
    return "unknown error";
}

std::optional<std::errc> kin_of(errc code) noexcept {
    switch (code) {
        case errc::service_not_found: return std::errc::no_such_file_or_directory;
        case errc::service_exists: return std::errc::file_exists;
        case errc::invalid_name:
        case errc::invalid_configuration:
        case errc::invalid_value: return std::errc::invalid_argument;
        case errc::out_of_space: return std::errc::no_space_on_device;
        case errc::permission_denied: return std::errc::permission_denied;
        case errc::service_busy: return std::errc::device_or_resource_busy;
        case errc::already_running: return std::errc::operation_in_progress;
        case errc::buffer_full: return std::errc::no_buffer_space;
        case errc::slice_too_long: return std::errc::message_size;
        case errc::deadline_missed: return std::errc::timed_out;
        case errc::event_id_out_of_range: return std::errc::result_out_of_range;
        default: return std::nullopt;
    }
}

class category final : public std::error_category {
    const char* name() const noexcept override { return "elkodon"; }

    std::string message(int value) const override { return text_of(static_cast<errc>(value)); }

    std::error_condition default_error_condition(int value) const noexcept override {
        if (auto kin = kin_of(static_cast<errc>(value))) return std::make_error_condition(*kin);
        return {value, *this};
    }
};

}  // namespace

const std::error_category& error_category() noexcept {
    static const category instance;
    return instance;
}

}  // namespace elkodon
