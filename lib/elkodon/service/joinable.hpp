// How services are had: the last step of every builder, with and without exceptions.
// The creator writes the static configuration; ports write the control page.
// After a kill -9 memberships and ports of the dead stay until somebody cleans up.
#pragma once

#include <elkodon/base/error.hpp>
#include <elkodon/service/service_directory.hpp>

#include <bit>
#include <memory>
#include <utility>

namespace elkodon {

/// The three ways to have a service, each with its non-throwing overload. One at a time.
template <class Service>
class joinable {
public:
    /// Makes the service; service_exists when somebody has it open.
    Service create() const { return join(service::joining::create); }
    Service create(std::error_code& ec) const noexcept {
        return without_throwing(ec, [&] { return create(); });
    }

    /// Opens what is there; service_not_found, incompatible_type or incompatible_property otherwise. Only
    /// properties that were set are compared: the service must offer at least as much.
    Service open() const { return join(service::joining::open); }
    Service open(std::error_code& ec) const noexcept {
        return without_throwing(ec, [&] { return open(); });
    }

    /// Opens, or makes when nobody has it open.
    Service open_or_create() const { return join(service::joining::open_or_create); }
    Service open_or_create(std::error_code& ec) const noexcept {
        return without_throwing(ec, [&] { return open_or_create(); });
    }

protected:
    joinable(std::shared_ptr<service::membership> member, service::static_configuration wanted)
        : member_(std::move(member)), wanted_(std::move(wanted)) {}

    void ask(std::string_view key, std::uint64_t value) noexcept { wanted_.ask(key, value); }

    // A wrong one is left to be found when the service is made: no less than the type's own, and no right one.
    void align(std::uint64_t bytes) noexcept {
        auto& now = wanted_.type.alignment;
        if (bytes > now || !std::has_single_bit(bytes)) now = bytes;
    }

private:
    Service join(service::joining how) const {
        if (!member_) throw error(errc::closed, "join a service through an empty node");
        return Service(service::service_directory::join(member_, wanted_, how));
    }

    std::shared_ptr<service::membership> member_;
    service::static_configuration wanted_;
};

}  // namespace elkodon
