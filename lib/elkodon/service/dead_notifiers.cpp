// See dead_notifiers.hpp.
#include <elkodon/layout/control_page.hpp>
#include <elkodon/lockfree/event_set.hpp>
#include <elkodon/service/dead_notifiers.hpp>
#include <elkodon/service/files.hpp>
#include <elkodon/service/presence.hpp>
#include <elkodon/service/properties.hpp>
#include <elkodon/service/service_directory.hpp>

#include <vector>

namespace elkodon::service {
namespace {

using listeners = std::vector<segment::foreign_segment>;

// Whether it sleeps or not: who is awake looks once more.
void wake(const segment::foreign_segment& listener, presence& self) {
    const auto& address = listener.as<layout::listener_segment>().wake_at;
    // sync[wake_address] acquire: the slot that goes with this doorbell.
    const auto doorbell = address.doorbell.load(std::memory_order_acquire);
    // sync[wake_address] acquire: as above; who moves in between bumps the generation, and we come again.
    const auto slot = address.slot.load(std::memory_order_acquire);
    std::error_code failure;
    if (doorbell == 0) return;
    const auto bell = self.bell(listener.process(), doorbell_id{doorbell}, failure);
    if (!bell) return;
    bell->mark(slot);
    bell->ring_if_armed();
}

listeners set_everywhere(int directory, std::uint64_t id, std::uint32_t ids, presence& self) {
    listeners rung;
    for (const auto& entry : os::list_directory(directory)) {
        const auto slot = slot_of(port_kind::listener, entry.name);
        if (!slot) continue;
        auto memory =
            segment::foreign_segment::map(directory, entry.name, layout::segment_kind::listener,
                                          os::access::read, sizeof(layout::listener_segment));
        const auto set = segment::foreign_segment::map(
            directory, event_set_name(*slot), layout::segment_kind::event_set,
            os::access::read_write, layout::event_set_size(ids, false));
        if (!memory || !set || set.port() != memory.port() || !self.alive(memory.process()))
            continue;
        lockfree::event_set(set.as<layout::event_set_segment>(), set.size(), ids).ring(id);
        rung.push_back(std::move(memory));
    }
    return rung;
}

void ring_everywhere(int directory, std::uint64_t id, std::uint32_t ids, presence& self) {
    const auto control =
        segment::foreign_segment::map(directory, control_name, layout::segment_kind::control,
                                      os::access::read, sizeof(layout::control_page));
    if (!control) return;
    const auto& generation = control.as<layout::control_page>().generation;
    full_fence();  // sync[fence.wake] seq_cst: the death, then the looks that marking takes
    const auto rung = set_everywhere(directory, id, ids, self);
    full_fence();  // sync[fence.wake] seq_cst: the ids, then generation and doorbells
    // A listener that moves to another doorbell bumps the generation after it. A few times: somebody who keeps
    // moving looks for himself.
    for (int round = 0; round < 3; ++round) {
        // sync[control.generation] seq_cst: as a waker's.
        const auto before = generation.load(std::memory_order_seq_cst);
        for (const auto& each : rung) wake(each, self);
        // sync[control.generation] seq_cst: as above.
        if (generation.load(std::memory_order_seq_cst) == before) return;
    }
}

}  // namespace

void ring_for_dead_notifier(int directory, presence& self) noexcept try {
    static_configuration expected;
    expected.pattern = pattern::event;
    expected.properties = event_properties();
    const std::string doing = "clean up after a notifier";
    const auto made = from_toml(configuration_text(directory, doing), expected, doing);
    const auto id = made[key::notifier_dead];
    const auto largest = made[key::event_id_max];
    if (id > largest) return;  // none, or what nobody could ring
    ring_everywhere(directory, id, static_cast<std::uint32_t>(largest) + 1, self);
} catch (...) {
    // A service without a readable configuration has no such event.
}

}  // namespace elkodon::service
