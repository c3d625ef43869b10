// A listener: takes the ids that notifiers have set.
// It writes its own segment; its event set is written by all notifiers.
// After a kill -9 both files stay until somebody cleans up.
#pragma once

#include <elkodon/base/event_id.hpp>
#include <elkodon/port/lone_wait.hpp>
#include <elkodon/port/notifier_port.hpp>
#include <elkodon/port/waiting_port.hpp>

#include <vector>

namespace elkodon::port {

/// One at a time.
class listener_port final : public waiting_port {
public:
    explicit listener_port(std::shared_ptr<service::service_directory> service);
    ~listener_port() override;

    port_id id() const noexcept { return id_; }

    /// Takes all ids that are set. Never waits. Valid until the next call.
    event_ids take() noexcept;

    /// Waits for an id until `until`, for ever without. Throws what attaching throws.
    event_ids wait(deadline until);

    /// A descriptor that is readable while there may be ids. Throws what attaching throws.
    int native_handle();

    bool has_news() noexcept override;
    void look_at_peers() noexcept override;

private:
    layout::wake_address& wake_address() noexcept override {
        return segment_.as<layout::listener_segment>().wake_at;
    }
    void watch_peers() override;
    void name_event_set(const std::string& doing);
    void refresh() noexcept;
    void collect() noexcept;

    port_id id_;
    std::uint32_t id_count_;
    std::uint64_t generation_ = ~std::uint64_t{0};
    std::vector<std::unique_ptr<peer>> peers_;
    std::vector<event_id> taken_;  // reserved for all ids, so that taking allocates nothing
    std::uint32_t slot_ = 0;
    segment::own_segment segment_, event_set_;
    lockfree::bit_tree ids_;
    bool suspicious_ = false;  // a notifier died: what it set may lack its summary
};

}  // namespace elkodon::port
