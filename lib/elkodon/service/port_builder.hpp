// How ports are made: the last step of every builder, with and without exceptions.
// Nothing here is shared.
#pragma once

#include <elkodon/base/error.hpp>
#include <elkodon/service/service_directory.hpp>

#include <memory>
#include <string>
#include <utility>

namespace elkodon {

/// How a port is made: `create()` throws `error`, `create(ec)` doesn't.
template <class Builder, class Port>
class port_builder {
public:
    /// Throws: port_limit_reached, out_of_space, invalid_value, closed, forked, and what the system says. Any thread.
    Port create() const {
        if (!directory_) throw error(errc::closed, "create a port of an empty service");
        return static_cast<const Builder*>(this)->make(directory_);
    }
    Port create(std::error_code& ec) const noexcept {
        return without_throwing(ec, [&] { return create(); });
    }

    /// For people and lists: up to 64 bytes of UTF-8 without NUL, need not be unique. Creating throws invalid_name.
    Builder& name(std::string port) {
        name_ = std::move(port);
        return static_cast<Builder&>(*this);
    }

protected:
    explicit port_builder(std::shared_ptr<service::service_directory> directory) noexcept
        : directory_(std::move(directory)) {}

    /// The node's; null without a service.
    const elkodon::configuration* defaults() const noexcept {
        return directory_ ? &directory_->settings() : nullptr;
    }

    const std::string& port_name() const noexcept { return name_; }

    /// The service; empty when it is.
    const std::shared_ptr<service::service_directory>& directory() const noexcept {
        return directory_;
    }

private:
    std::shared_ptr<service::service_directory> directory_;
    std::string name_;
};

}  // namespace elkodon
