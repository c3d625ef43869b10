// See notifier_port.hpp.
#include <elkodon/port/notifier_port.hpp>
#include <elkodon/service/properties.hpp>

namespace elkodon::port {
namespace {

constexpr peer_kind listeners{service::port_kind::listener, layout::segment_kind::listener,
                              sizeof(layout::listener_segment)};

}  // namespace

lockfree::bit_tree event_bits(layout::event_set_segment& set, std::uint32_t ids) noexcept {
    const auto summaries = layout::summary_count(ids);
    return {{set.words, summaries}, {set.words + summaries, layout::leaf_count(ids)}};
}

notifier_port::notifier_port(std::shared_ptr<service::service_directory> service,
                             event_id default_id)
    : service_(std::move(service)),
      id_(os::random_number()),
      fork_generation_(os::fork_generation()),
      default_id_(default_id),
      id_count_(static_cast<std::uint32_t>(service_->configuration()[service::key::event_id_max]) +
                1),
      waker_(service_, listeners, service_->configuration()[service::key::max_listeners]) {
    const auto doing = "create a notifier of " + service_->title();
    if (!service_->process().ours()) throw error(errc::forked, doing);
    if (default_id.value() >= id_count_)
        throw error(errc::event_id_out_of_range, doing, "default event id",
                    "at most " + std::to_string(id_count_ - 1), std::to_string(default_id.value()));
    segment_ = segment::own_segment(service_->descriptor(),
                                    {layout::segment_kind::notifier, id_, service_->process().id()},
                                    layout::page, doing);
    slot_ = service_->claim(service::port_kind::notifier, segment_, service::key::max_notifiers);
    // Connect before the first ring: our death between setting an id and ringing is then noticed.
    if (const auto failure = refresh()) {
        segment_.mark_closed();
        service_->release(service::port_kind::notifier, slot_, segment_.file());
        throw error(failure, doing + ": map its listeners");
    }
}

notifier_port::~notifier_port() {
    if (fork_generation_ != os::fork_generation()) return;
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
        os::access::read_write, layout::event_set_size(id_count_));
    if (set.why_absent() == segment::absence::our_failure) throw std::system_error(set.failure());
    if (!set || set.port() != memory.port()) return nullptr;
    auto made = std::make_unique<listener_peer>();
    made->ids = event_bits(set.as<layout::event_set_segment>(), id_count_);
    made->event_set = std::move(set);
    made->memory = std::move(memory);
    made->slot = slot;
    return made;
}

std::error_code notifier_port::notify(event_id id) noexcept {
    if (fork_generation_ != os::fork_generation()) return errc::forked;
    if (id.value() >= id_count_) return errc::event_id_out_of_range;
    const std::lock_guard lock(mutex_);
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
    waker_.wake();
    return failure;
}

void notifier_port::set_at(listener_peer& peer, event_id id) noexcept {
    peer.newcomer = false;
    peer.ids.mark(id.value());
}

}  // namespace elkodon::port
