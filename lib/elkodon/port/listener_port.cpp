// See listener_port.hpp.
#include <elkodon/port/listener_port.hpp>
#include <elkodon/service/properties.hpp>

namespace elkodon::port {
namespace {

constexpr peer_kind notifiers{service::port_kind::notifier, layout::segment_kind::notifier,
                              sizeof(layout::notifier_segment)};

}  // namespace

listener_port::listener_port(std::shared_ptr<service::service_directory> of)
    : waiting_port(std::move(of), false),
      id_(os::random_number()),
      id_count_(static_cast<std::uint32_t>(service().configuration()[service::key::event_id_max]) +
                1) {
    const auto doing = "create a listener of " + service().title();
    const auto process = service().process().id();
    const int directory = service().descriptor();
    if (!service().process().ours()) throw error(errc::forked, doing);
    taken_.reserve(id_count_);
    segment_ = segment::own_segment(directory, {layout::segment_kind::listener, id_, process},
                                    layout::page, doing);
    event_set_ = segment::own_segment(directory, {layout::segment_kind::event_set, id_, process},
                                      layout::event_set_size(id_count_), doing);
    auto& set = event_set_.as<layout::event_set_segment>();
    set.id_count = id_count_;
    ids_ = event_bits(set, id_count_);
    slot_ = service().claim(service::port_kind::listener, segment_, service::key::max_listeners);
    say_cold_at(slot_);
    try {
        name_event_set(doing);
    } catch (...) {
        segment_.mark_closed();
        service().release(service::port_kind::listener, slot_, segment_.file());
        throw;
    }
    refresh();
}

void listener_port::name_event_set(const std::string& doing) {
    const auto name = service::event_set_name(slot_);
    // The slot is ours, so what still has this name belonged to a dead one.
    os::unlink_name(service().descriptor(), name);
    if (!event_set_.link(service().descriptor(), name))
        throw error(errc::invalid_segment, doing + ": somebody else makes \"" + name + "\"");
    service().bump_generation();
}

listener_port::~listener_port() {
    stop_waiting();
    if (forked() || !segment_) return;
    segment_.mark_closed();
    os::unlink_if(service().descriptor(), service::event_set_name(slot_), event_set_.file());
    service().release(service::port_kind::listener, slot_, segment_.file());
}

void listener_port::refresh() noexcept {
    const auto generation = service().generation();
    const auto failure = refresh_roster(peers_, service(), notifiers,
                                        [](segment::foreign_segment memory, std::uint32_t slot) {
                                            auto made = std::make_unique<peer>();
                                            made->memory = std::move(memory);
                                            made->slot = slot;
                                            return made;
                                        });
    std::erase_if(peers_, [&](const auto& each) {
        return !each->named && has_ended(*each, service().process());
    });
    if (!failure) generation_ = generation;
    else if (bell()) bell()->bound_sleeps();
    try {
        watch_peers();
    } catch (...) {
        generation_ = generation - 1;
    }
}

void listener_port::watch_peers() { watch_roster(bell(), peers_); }

void listener_port::look_at_peers() noexcept {
    suspicious_ = true;
    if (end_the_ended(peers_, service().process(), [](peer& each) { each.ended = true; }))
        service().clean_up();
    refresh();
}

bool listener_port::has_news() noexcept {
    if (forked()) return false;
    if (service().generation() != generation_) refresh();
    return suspicious_ || ids_.any();
}

void listener_port::collect() noexcept {
    taken_.clear();
    const auto add = [&](std::size_t id) {
        if (id < id_count_ && taken_.size() < taken_.capacity()) taken_.emplace_back(id);
    };
    if (std::exchange(suspicious_, false)) ids_.take_all(add);
    else ids_.take(add);
    if (!taken_.empty()) count_taken();
}

event_ids listener_port::take() noexcept {
    if (forked()) return event_ids({}, errc::forked);
    collect();
    // Twice: the first news may only be that somebody came or went.
    for (int look = 0; look < 2 && taken_.empty() && behind_descriptor(); ++look) {
        if (!wait_alone().rearm()) break;
        collect();
    }
    return event_ids(taken_);
}

event_ids listener_port::wait(deadline until) {
    if (forked()) return event_ids({}, errc::forked);
    for (;;) {
        collect();
        if (!taken_.empty()) return event_ids(taken_);
        auto& wait = wait_alone();
        if (wait.behind_descriptor()) return event_ids({}, errc::already_attached);
        if (!wait.sleep(until)) {
            collect();
            return event_ids(taken_);
        }
    }
}

int listener_port::native_handle() {
    if (forked()) throw error(errc::forked, "ask a listener for its descriptor");
    return wait_alone().native_handle();
}

}  // namespace elkodon::port
