// See notifier_port.hpp.
#include <elkodon/port/notifier_port.hpp>
#include <elkodon/service/names.hpp>
#include <elkodon/service/properties.hpp>

namespace elkodon::port {
namespace {

constexpr peer_kind listener_kind{service::port_kind::listener, layout::segment_kind::listener,
                                  sizeof(layout::listener_segment)};

}  // namespace

notifier_port::notifier_port(std::shared_ptr<service::service_directory> service,
                             const notifier_settings& settings)
    : service_(std::move(service)),
      id_(os::random_number()),
      fork_generation_(os::fork_generation()),
      settings_(settings),
      id_count_(static_cast<std::uint32_t>(service_->configuration()[service::key::event_id_max]) +
                1),
      deadline_(*service_),
      waker_(service_, listener_kind, service_->configuration()[service::key::max_listeners]) {
    const auto doing = "create a notifier of " + service_->title();
    if (!service_->process().ours()) throw error(errc::forked, doing);
    if (settings.default_id.value() >= id_count_)
        throw error(errc::event_id_out_of_range, doing, "default event id",
                    "at most " + std::to_string(id_count_ - 1),
                    std::to_string(settings.default_id.value()));
    service::check_port_name(settings.name, doing);
    segment_ = segment::own_segment(
        service_->descriptor(),
        {layout::segment_kind::notifier, id_, service_->process().id(), settings.name},
        layout::page, doing);
    slot_ = service_->claim(service::port_kind::notifier, segment_, service::key::max_notifiers);
    // Connect before the first ring: our death between setting an id and ringing is then noticed.
    if (const auto failure = refresh()) {
        segment_.mark_closed();
        service_->release(service::port_kind::notifier, slot_, segment_.file());
        throw error(failure, doing + ": map its listeners");
    }
    ring_if_set(service::key::notifier_created);
}

notifier_port::~notifier_port() {
    if (fork_generation_ != os::fork_generation()) return;
    // Before we say that we have closed: who is killed in between is a dead notifier to whoever cleans up.
    ring_if_set(service::key::notifier_dropped);
    segment_.mark_closed();
    service_->release(service::port_kind::notifier, slot_, segment_.file());
}

std::error_code notifier_port::refresh() noexcept {
    return waker_.refresh([&](segment::foreign_segment memory, std::uint32_t slot) {
        return make_peer(std::move(memory), slot);
    });
}

// A listener without an event set of the right size is not complete yet, or no participant: it bumps the
// generation once it is.
std::unique_ptr<listener_peer> notifier_port::make_peer(segment::foreign_segment memory,
                                                        std::uint32_t slot) {
    auto set = segment::foreign_segment::map(
        service_->descriptor(), service::event_set_name(slot), layout::segment_kind::event_set,
        os::access::read_write, layout::event_set_size(id_count_, false));
    if (set.why_absent() == segment::absence::our_failure) throw std::system_error(set.failure());
    if (!set || set.port() != memory.port()) return nullptr;
    auto made = std::make_unique<listener_peer>();
    made->ids = lockfree::event_set(set.as<layout::event_set_segment>(), set.size(), id_count_);
    made->event_set = std::move(set);
    made->memory = std::move(memory);
    made->slot = slot;
    return made;
}

void notifier_port::ring_if_set(std::string_view key) noexcept {
    const auto id = service_->configuration()[key];
    if (id != service::no_value) notify(event_id(id));
}

std::error_code notifier_port::notify(event_id id) noexcept {
    if (fork_generation_ != os::fork_generation()) return errc::forked;
    if (id.value() >= id_count_) return errc::event_id_out_of_range;
    const std::lock_guard lock(mutex_);
    const bool late = deadline_.renew();
    full_fence();  // sync[fence.wake] seq_cst: what the caller wrote before, then the looks that mark() takes
    for (auto& peer : waker_.peers()) set_at(*peer, id);
    std::error_code failure;
    // sync[fence.wake] seq_cst: the ids, then generation and bits; a newcomer bumps, sets its bit, then looks.
    full_fence();
    if (waker_.out_of_date()) {
        failure = refresh();
        // Not everywhere: who has taken the id by now would take it a second time.
        for (auto& peer : waker_.peers())
            if (peer->newcomer) set_at(*peer, id);
    }
    waker_.wake([&](const listener_peer& peer) { return concerns(peer); });
    return failure || !late ? failure : errc::deadline_missed;
}

std::error_code notifier_port::notify_one(port_id listener, event_id id) noexcept {
    if (fork_generation_ != os::fork_generation()) return errc::forked;
    if (id.value() >= id_count_) return errc::event_id_out_of_range;
    const std::lock_guard lock(mutex_);
    std::error_code failure;
    if (waker_.out_of_date()) failure = refresh();
    auto* const peer = find(listener);
    if (!peer) return failure ? failure : errc::listener_not_found;
    const bool late = deadline_.renew();
    full_fence();  // sync[fence.wake] seq_cst: as notify()
    peer->ids.ring(id.value());
    full_fence();                                   // sync[fence.wake] seq_cst: as notify()
    if (waker_.out_of_date()) failure = refresh();  // it may wait somewhere else by now
    waker_.wake([&](const listener_peer& each) { return each.memory.port() == listener; });
    return failure || !late ? failure : errc::deadline_missed;
}

std::vector<port_id> notifier_port::listeners() {
    const std::string doing = "list the listeners of " + service_->title();
    if (fork_generation_ != os::fork_generation()) throw error(errc::forked, doing);
    const std::lock_guard lock(mutex_);
    if (waker_.out_of_date())
        if (const auto failure = refresh()) throw error(failure, doing);
    std::vector<port_id> found;
    for (const auto& peer : waker_.peers())
        if (there(*peer)) found.push_back(peer->memory.port());
    return found;
}

bool notifier_port::there(const listener_peer& peer) noexcept {
    return peer.named && !peer.memory.closed();
}

listener_peer* notifier_port::find(port_id listener) noexcept {
    for (auto& peer : waker_.peers())
        if (peer->memory.port() == listener && there(*peer)) return peer.get();
    return nullptr;
}

bool notifier_port::concerns(const listener_peer& peer) const noexcept {
    return !settings_.skips_own_node ||
           read_once(peer.memory.as<layout::listener_segment>().node) != service_->node().value();
}

void notifier_port::set_at(listener_peer& peer, event_id id) noexcept {
    peer.newcomer = false;
    if (concerns(peer)) peer.ids.ring(id.value());
}

}  // namespace elkodon::port
