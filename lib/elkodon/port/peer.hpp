// The ports at the other end of a service, as one port knows them.
// Their owners write them; we map them read-only and keep them by their file, never by name or slot.
// A dead peer stays known until we have our own proof of its end.
#pragma once

#include <elkodon/base/degradation.hpp>
#include <elkodon/base/log.hpp>
#include <elkodon/segment/doorbell.hpp>
#include <elkodon/service/service_directory.hpp>

#include <algorithm>
#include <memory>
#include <vector>

namespace elkodon::port {

/// One port at the other end.
struct peer {
    segment::foreign_segment memory;
    std::uint32_t slot = 0;
    bool named = true;   ///< the directory still has its name
    bool ended = false;  ///< closed or dead
};

/// Which files are peers, and what a peer's segment must be at least.
struct peer_kind {
    service::port_kind port;
    layout::segment_kind segment;
    std::uint64_t least_size;
    os::paging how = {};
};

/// For who has nothing to say about a peer that can't be mapped.
struct silence {
    void operator()(port_id, std::error_code) const noexcept {}
};

/// What a port's handler says, over all peers of one attempt. One at a time.
class degradation_verdict {
public:
    explicit degradation_verdict(const degradation_handler& asks) noexcept : asks_(asks) {}

    void operator()(port_id peer, std::error_code why) {
        any_ = true;
        const auto what = asks_ ? asks_({peer, why}) : degradation::fail;
        if (what == degradation::fail) ignored_ = false;
        if (what == degradation::warn)
            say(log_level::warn,
                [&] { return "port " + peer.to_string() + " can't be mapped: " + why.message(); });
    }

    /// Whether somebody could not be mapped, and nobody minds.
    bool ignored() const noexcept { return any_ && ignored_; }

private:
    const degradation_handler& asks_;
    bool any_ = false;
    bool ignored_ = true;
};

/// Brings `roster` up to the directory: keeps who is known, maps newcomers, marks who has lost its name.
/// `make(foreign_segment, slot)` returns a new peer, or null for what is no participant. Returns our own
/// failure to map somebody: then the roster is incomplete, and `unmapped(port, why)` was told of each. One at a time.
template <class Peer, class Make, class Unmapped = silence>
std::error_code refresh_roster(std::vector<std::unique_ptr<Peer>>& roster,
                               const service::service_directory& service,
                               const peer_kind& kind,
                               Make&& make,
                               Unmapped&& unmapped = {}) noexcept try {
    std::error_code failure;
    const auto entries = service.list(kind.port);
    for (auto& known : roster) known->named = false;
    for (const auto& entry : entries) {
        const auto known = std::find_if(roster.begin(), roster.end(), [&](const auto& each) {
            return each->slot == entry.slot && each->memory.file().inode == entry.inode;
        });
        if (known != roster.end()) {
            (*known)->named = true;
            continue;
        }
        auto memory = segment::foreign_segment::map(
            service.descriptor(), service::port_name(kind.port, entry.slot), kind.segment,
            os::access::read, kind.least_size, std::nullopt, kind.how);
        if (memory.why_absent() == segment::absence::our_failure) {
            failure = memory.failure();
            unmapped(memory.port(), failure);
        }
        const auto why = memory.why_absent();
        if (why == segment::absence::not_a_member || why == segment::absence::other_layout)
            say(log_level::warn, [&] {
                return service::port_name(kind.port, entry.slot) + " in " + service.title() +
                       " is passed over: " +
                       (why == segment::absence::other_layout
                            ? "a build with another layout made it"
                            : "it is damaged, or another user's");
            });
        if (!memory) continue;
        if (auto made = make(std::move(memory), entry.slot)) roster.push_back(std::move(made));
    }
    return failure;
} catch (const std::system_error& failure) {
    return failure.code();
} catch (...) {
    return std::make_error_code(std::errc::not_enough_memory);
}

/// Our own proof that a peer has ended: it says so itself, or its process' lock is free.
inline bool has_ended(const peer& other, const service::presence& self) noexcept {
    return other.memory.closed() || !self.alive(other.memory.process());
}

/// Watches the processes of all that haven't ended, where we wait. Throws what watching throws.
template <class Peer>
void watch_roster(segment::doorbell* bell, const std::vector<std::unique_ptr<Peer>>& roster) {
    if (!bell) return;
    for (const auto& each : roster)
        if (!each->ended) bell->watch(each->memory.process());
}

/// Asks all that haven't ended whether they have; `end(peer)` is told of each. Whether any has.
template <class Peer, class End>
bool end_the_ended(const std::vector<std::unique_ptr<Peer>>& roster,
                   const service::presence& self,
                   End&& end) noexcept {
    bool any = false;
    for (const auto& each : roster) {
        if (each->ended || !has_ended(*each, self)) continue;
        end(*each);
        any = true;
    }
    return any;
}

}  // namespace elkodon::port
