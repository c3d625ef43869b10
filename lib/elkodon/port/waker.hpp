// Waking whoever sleeps, after something was published: the waker's half of the wake protocol.
// The waker writes doorbells; it reads waiter bits, the generation and its peers' wake addresses.
// After its death between publishing and ringing, the sleeper's notice of it makes the sleeper look.
#pragma once

#include <elkodon/os/fence.hpp>
#include <elkodon/port/peer.hpp>

#include <bit>

namespace elkodon::port {

/// A peer that may sleep, with the bell that wakes it.
struct sleeper : peer {
    std::shared_ptr<segment::bell> bell;
    std::uint64_t doorbell = 0;
    std::uint32_t doorbell_slot = 0;
};

/// Reads where `who` wants to be woken, and connects to that bell. Returns our own failure to do so.
std::error_code look_up_bell(sleeper& who,
                             const layout::wake_address& address,
                             service::presence& self) noexcept;

/// The peers of one publisher or notifier, ready to be woken. `Peer` is a sleeper with `wake_address()`.
/// One at a time.
template <class Peer>
class waker {
public:
    waker(std::shared_ptr<service::service_directory> service,
          const peer_kind& kind,
          std::uint64_t most_peers)
        : service_(std::move(service)),
          kind_(kind),
          waiting_(service_->control().waiting),
          words_(static_cast<std::size_t>((most_peers + 63) / 64)) {}

    std::vector<std::unique_ptr<Peer>>& peers() noexcept { return peers_; }

    /// Whether the directory has changed since we read it. After a full fence, so that a newcomer who does
    /// not see what we published is one that we see.
    bool out_of_date() const noexcept {
        // sync[control.generation] seq_cst: see service_directory::bump_generation().
        return service_->control().generation.load(std::memory_order_seq_cst) != generation_;
    }

    /// Maps newcomers, lets go of who has provably ended, reads all wake addresses. On our own failure the
    /// next call tries again; `unmapped` is told as by refresh_roster().
    template <class Make, class Unmapped = silence>
    std::error_code refresh(Make&& make, Unmapped&& unmapped = {}) noexcept {
        // sync[control.generation] seq_cst: read before the directory, so that a later change is seen later.
        const auto generation = service_->control().generation.load(std::memory_order_seq_cst);
        auto failure = refresh_roster(peers_, *service_, kind_, make, unmapped);
        std::erase_if(peers_, [&](const auto& each) {
            return !each->named && has_ended(*each, service_->process());
        });
        for (auto& each : peers_)
            if (const auto other = look_up_bell(*each, each->wake_address(), service_->process()))
                failure = other;
        if (const auto other = index_peers()) failure = other;
        if (!failure) generation_ = generation;
        return failure;
    }

    /// Whether any waiter bit is set: all that publishing costs while everybody is awake. The caller has
    /// published, and fenced lightly since.
    bool anybody_waits() const noexcept {
        std::uint64_t any = 0;
        const auto* const waiting = waiting_;
        for (std::size_t word = 0, words = words_; word < words; ++word)
            // relaxed: ordered by the caller's fence; what it leads to is loaded after a full one.
            any |= waiting[word].load(fenced_relaxed);
        return any != 0;
    }

    /// Marks every known peer whose waiter bit is set, then rings each doorbell once. The caller has fenced
    /// fully since it published, and has refreshed if out_of_date().
    void wake() noexcept {
        wake([](const Peer&) { return true; });
    }
    /// The same, where `concerns(peer)`.
    template <class Concerns>
    void wake(Concerns&& concerns) noexcept {
        rung_.clear();
        for (std::size_t word = 0; word < words_; ++word) {
            // sync[control.waiting] seq_cst: the sleeper sets it, then looks at the data.
            auto bits = waiting_[word].load(std::memory_order_seq_cst);
            for (; bits != 0; bits &= bits - 1)
                mark(word * 64 + static_cast<std::size_t>(std::countr_zero(bits)), concerns);
        }
        for (auto* bell : rung_) bell->ring_if_armed();
    }

private:
    template <class Concerns>
    void mark(std::size_t slot, Concerns&& concerns) noexcept {
        auto* const peer = slot < by_slot_.size() ? by_slot_[slot] : nullptr;
        if (!peer || !peer->bell || !concerns(*peer)) return;
        peer->bell->mark(peer->doorbell_slot);
        if (std::find(rung_.begin(), rung_.end(), peer->bell.get()) == rung_.end())
            rung_.push_back(peer->bell.get());
    }

    std::error_code index_peers() noexcept try {
        by_slot_.assign(words_ * 64, nullptr);
        for (auto& each : peers_)
            if (each->named && each->slot < by_slot_.size()) by_slot_[each->slot] = each.get();
        rung_.reserve(peers_.size());  // so that waking allocates nothing
        return {};
    } catch (...) {
        return std::make_error_code(std::errc::not_enough_memory);
    }

    std::shared_ptr<service::service_directory> service_;
    peer_kind kind_;
    const atomic<std::uint64_t>* waiting_;  // on the control page, which service_ keeps mapped
    std::size_t words_;
    std::vector<std::unique_ptr<Peer>> peers_;
    std::vector<Peer*> by_slot_;
    std::vector<segment::bell*> rung_;
    std::uint64_t generation_ = ~std::uint64_t{0};
};

}  // namespace elkodon::port
