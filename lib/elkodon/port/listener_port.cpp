// See listener_port.hpp.
#include <elkodon/port/listener_port.hpp>
#include <elkodon/service/names.hpp>
#include <elkodon/service/properties.hpp>

#include <algorithm>
#include <utility>

namespace elkodon::port {
namespace {

constexpr peer_kind notifiers{service::port_kind::notifier, layout::segment_kind::notifier,
                              sizeof(layout::notifier_segment)};

// Set as long as this lives.
class flag_for_now {
public:
    explicit flag_for_now(bool& flag) noexcept : flag_(flag) { flag_ = true; }
    ~flag_for_now() { flag_ = false; }
    flag_for_now(const flag_for_now&) = delete;
    flag_for_now& operator=(const flag_for_now&) = delete;

private:
    bool& flag_;
};

}  // namespace

listener_port::listener_port(std::shared_ptr<service::service_directory> of,
                             const listener_settings& settings)
    : waiting_port(std::move(of), false, settings.strategy),
      id_(os::random_number()),
      id_count_(static_cast<std::uint32_t>(service().configuration()[service::key::event_id_max]) +
                1),
      deadline_(service()) {
    const auto doing = "create a listener of " + service().title();
    const auto process = service().process().id();
    const int directory = service().descriptor();
    if (!service().process().ours()) throw error(errc::forked, doing);
    taken_.reserve(id_count_);
    if (settings.counting) counts_.reserve(id_count_);
    service::check_port_name(settings.name, doing);
    segment_ = segment::own_segment(directory,
                                    {layout::segment_kind::listener, id_, process, settings.name},
                                    layout::page, doing);
    event_set_ = segment::own_segment(directory, {layout::segment_kind::event_set, id_, process},
                                      layout::event_set_size(id_count_, settings.counting), doing);
    segment_.as<layout::listener_segment>().node = service().node().value();
    auto& set = event_set_.as<layout::event_set_segment>();
    set.id_count = id_count_;
    set.counting = settings.counting ? 1 : 0;
    ids_ = lockfree::event_set(set, event_set_.size(), id_count_);
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
    const bool any_dead =
        end_the_ended(peers_, service().process(), [](peer& each) { each.ended = true; });
    if (any_dead) cleaning_due_ = true;
    if (cleaning_due_) clean_up();
    // A thousand who sleep on futexes come by once a second: reading the directory is too dear for nothing.
    if (any_dead || service().generation() != generation_) refresh();
}

// Somebody else who holds the lock may have looked for the dead before this death: then it's for us to come again.
void listener_port::clean_up() noexcept {
    cleaning_due_ = !service().clean_up();
    if (cleaning_due_ && bell()) bell()->look_again_after(std::chrono::milliseconds(20));
}

bool listener_port::has_news() noexcept {
    if (forked()) return false;
    if (service().generation() != generation_) refresh();
    return next_ < taken_.size() || suspicious_ || ids_.any() || deadline_is_over();
}

// A thread that waits in here looks at the clock itself; elsewhere the doorbell's timer ends the sleep.
bool listener_port::deadline_is_over() noexcept {
    const auto due = in_wait_ ? std::nullopt : deadline_.due();
    if (!due) return false;
    const auto left = *due - std::chrono::steady_clock::now();
    if (left <= left.zero()) return true;
    if (bell()) bell()->look_again_after(left);
    return false;
}

bool listener_port::gather() noexcept {
    if (next_ < taken_.size()) return true;
    taken_.clear();
    counts_.clear();
    next_ = 0;
    ids_.take(std::exchange(suspicious_, false), [&](std::size_t id, std::uint32_t times) {
        if (taken_.size() == taken_.capacity()) return;
        taken_.emplace_back(id);
        if (ids_.counting()) counts_.push_back(times);
    });
    if (!taken_.empty()) count_taken();
    return !taken_.empty();
}

event_ids listener_port::hand_over(how_many many, std::error_code ec) noexcept {
    const auto first = next_;
    next_ = many == how_many::one ? std::min(first + 1, taken_.size()) : taken_.size();
    const auto ids = std::span<const event_id>(taken_).subspan(first, next_ - first);
    if (counts_.empty()) return event_ids(ids, ec);
    return event_ids(ids, std::span<const std::uint32_t>(counts_).subspan(first, next_ - first), ec);
}

event_ids listener_port::take(how_many many) noexcept {
    if (forked()) return event_ids({}, errc::forked);
    bool any = gather();
    const bool late = !any && deadline_.tell();
    // Twice: the first news may only be that somebody came or went.
    for (int look = 0; look < 2 && !any && behind_descriptor(); ++look) {
        if (!wait_alone().rearm()) break;
        any = gather();
    }
    return hand_over(many, late ? errc::deadline_missed : std::error_code{});
}

event_ids listener_port::wait(deadline until, how_many many) {
    if (forked()) return event_ids({}, errc::forked);
    const flag_for_now inside(in_wait_);
    for (;;) {
        if (gather()) return hand_over(many, {});
        if (deadline_.tell()) return event_ids({}, errc::deadline_missed);
        auto& wait = wait_alone();
        if (wait.behind_descriptor()) return event_ids({}, errc::already_attached);
        const auto due = deadline_.due();
        const bool due_first = due && (!until || *due < *until);
        std::error_code failure;
        const bool slept = wait.wait(due_first ? due : until, failure);
        if (failure) return event_ids({}, failure);
        if (slept || due_first) continue;
        const bool late = !gather() && deadline_.tell();
        return hand_over(many, late ? errc::deadline_missed : std::error_code{});
    }
}

int listener_port::native_handle() {
    if (forked()) throw error(errc::forked, "ask a listener for its descriptor");
    return own_descriptor();
}

}  // namespace elkodon::port
