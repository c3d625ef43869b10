// Who only looks at a publish-subscribe service, with the right to read its files and no other: copies of messages,
// each checked after it was made. Nothing of anybody is written, so nobody knows of it, waits for it, or wakes it.
// After anybody's kill -9 it goes on: what it has mapped stays valid.
#pragma once

#include <elkodon/lockfree/pool.hpp>
#include <elkodon/segment/foreign_segment.hpp>
#include <elkodon/service/configuration.hpp>
#include <elkodon/service/static_configuration.hpp>

#include <memory>
#include <vector>

namespace elkodon::port {

/// One at a time.
class spectator_port {
public:
    /// Throws service_not_found, permission_denied, incompatible_…, and what the system says.
    spectator_port(const configuration& config, const service::static_configuration& wanted);

    /// Copies the next message of any publisher, all publishers in fair turn. False when nothing is there.
    bool receive(std::byte* into) noexcept;

    /// Messages that were overwritten before, or while, we copied them. Only grows.
    std::uint64_t lost() const noexcept { return lost_; }

private:
    struct publisher {
        segment::foreign_segment memory;
        lockfree::pool pool;
        std::uint64_t mask = 0;
        std::uint64_t position = 0;
        std::uint32_t slot = 0;
        bool named = true;
    };

    void refresh();
    bool take(publisher& from, std::byte* into) noexcept;
    bool copy(const publisher& from, std::uint64_t slot, std::byte* into) const noexcept;

    type_details type_;
    layout::user_header prefix_;  // what lies before each payload
    os::fd directory_;
    std::uint32_t owner_ = 0;
    segment::foreign_segment control_;
    std::uint64_t generation_ = ~std::uint64_t{0};
    std::vector<std::unique_ptr<publisher>> publishers_;
    std::size_t turn_ = 0;
    std::uint64_t lost_ = 0;
};

}  // namespace elkodon::port
