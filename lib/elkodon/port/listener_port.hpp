// A listener: takes the ids that notifiers have set.
// It writes its own segment; its event set is written by all notifiers.
// After a kill -9 both files stay until somebody cleans up.
#pragma once

#include <elkodon/base/event_id.hpp>
#include <elkodon/port/lone_wait.hpp>
#include <elkodon/port/notifier_port.hpp>
#include <elkodon/port/waiting_port.hpp>

#include <optional>
#include <string>
#include <vector>

namespace elkodon::port {

/// What a listener is made with.
struct listener_settings {
    bool counting =
        false;         ///< how often each id was rung, at four bytes for each id that there may be
    std::string name;  ///< for people
    std::optional<wait_strategy> strategy;  ///< none: the process' default
};

/// How many of the ids that are there one wait hands over.
enum class how_many { all, one };

/// One at a time.
class listener_port final : public waiting_port {
public:
    listener_port(std::shared_ptr<service::service_directory> service,
                  const listener_settings& settings);
    ~listener_port() override;

    port_id id() const noexcept { return id_; }
    std::string name() const { return segment_.name(); }

    std::chrono::nanoseconds deadline_length() const noexcept { return deadline_.length(); }

    /// Takes the ids that are set; what an earlier call took and didn't hand over comes first. Never waits. Valid
    /// until the next call. deadline_missed when that is due.
    event_ids take(how_many many = how_many::all) noexcept;

    /// Waits for an id until `until`, for ever without, or until the service's deadline is over. Throws what attaching
    /// throws.
    event_ids wait(deadline until, how_many many = how_many::all);

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
    void clean_up() noexcept;
    bool deadline_is_over() noexcept;
    bool gather() noexcept;
    event_ids hand_over(how_many many, std::error_code ec) noexcept;

    port_id id_;
    std::uint32_t id_count_;
    std::uint64_t generation_ = ~std::uint64_t{0};
    std::vector<std::unique_ptr<peer>> peers_;
    event_deadline deadline_;
    // Reserved for all ids, so that taking allocates nothing. What lies before next_ has been handed over.
    std::vector<event_id> taken_;
    std::vector<std::uint32_t> counts_;  // of each in taken_, where we count
    std::size_t next_ = 0;
    std::uint32_t slot_ = 0;
    segment::own_segment segment_, event_set_;
    lockfree::event_set ids_;
    bool suspicious_ = false;    // a notifier died: what it set may lack its summary
    bool cleaning_due_ = false;  // and nobody has cleaned up since
    bool in_wait_ = false;       // a thread waits in wait()
};

}  // namespace elkodon::port
