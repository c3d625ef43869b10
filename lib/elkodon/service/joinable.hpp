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
template <class Builder, class Service>
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

    /// What the service says about itself when it is created here; who opens it asks for nothing by this. A key may have
    /// several values. Up to 256 of them; keys of 1 to 255 bytes, values of up to 4,096, UTF-8 without NUL.
    auto& define_attribute(std::string key, std::string value) {
        wanted_.attributes.push_back({std::move(key), std::move(value)});
        return self();
    }
    /// What the service must say about itself: with this value, or with whatever. Opening throws
    /// incompatible_attribute, with both, otherwise; creating makes a service with that value.
    auto& require_attribute(std::string key, std::string value) {
        wanted_.required.push_back({std::move(key), std::move(value)});
        return self();
    }
    auto& require_attribute(std::string key) {
        wanted_.required_keys.push_back(std::move(key));
        return self();
    }

    /// Which users may look at the service when it is created here, and receive copies by a spectator: as the node is
    /// configured, the owner, unless set. They need the right to read the root, too.
    auto& readable_by(audience readers) {
        wanted_.readable_by = readers;
        return self();
    }

    /// Which users may take part in the service when it is created here, and read it: as the node is configured, the owner,
    /// unless set, and no more than that: they need a place in the root, too.
    auto& writable_by(audience writers) {
        wanted_.writable_by = writers;
        return self();
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
    Builder& self() noexcept { return static_cast<Builder&>(*this); }

    Service join(service::joining how) const {
        if (!member_) throw error(errc::closed, "join a service through an empty node");
        return Service(service::service_directory::join(member_, wanted_, how));
    }

    std::shared_ptr<service::membership> member_;
    service::static_configuration wanted_;
};

}  // namespace elkodon
