// A service, as one process has it open: its directory, configuration and control page.
// The creator writes the configuration; all ports write the control page; a port's slot is claimed by
// creating its name. Joining and removing go under the directory's lock.
// After a kill -9 our membership and our ports stay until somebody cleans up.
#pragma once

#include <elkodon/layout/control_page.hpp>
#include <elkodon/os/directory_watch.hpp>
#include <elkodon/segment/foreign_segment.hpp>
#include <elkodon/service/clean_up.hpp>
#include <elkodon/service/files.hpp>
#include <elkodon/service/membership.hpp>
#include <elkodon/service/static_configuration.hpp>

namespace elkodon::service {

/// What the service.toml in `directory` says. Throws errc::invalid_segment, and what the system says.
std::string configuration_text(int directory, const std::string& doing);

enum class joining { create, open, open_or_create };

/// A port that the directory names.
struct port_entry {
    std::uint32_t slot;
    std::uint64_t inode;
};

/// Any thread.
class service_directory {
public:
    /// Throws `error`: service_not_found, service_exists, incompatible_…, invalid_name, service_busy and
    /// whatever the system says.
    static std::shared_ptr<service_directory> join(std::shared_ptr<membership> node,
                                                   static_configuration wanted,
                                                   joining how);

    service_directory(std::shared_ptr<membership> node, std::string name, os::fd directory);
    ~service_directory();

    const static_configuration& configuration() const noexcept { return configuration_; }
    presence& process() const noexcept { return node_->process(); }
    node_id node() const noexcept { return node_->id(); }

    /// What the node that joined is configured with: the defaults of its ports.
    const elkodon::configuration& settings() const noexcept { return node_->settings(); }

    /// How a port maps memory: as it says itself, else as the node is configured.
    os::paging paging(std::optional<bool> prefault, std::optional<bool> huge) const noexcept {
        const auto& set = settings().memory;
        return {prefault.value_or(set.prefault), huge.value_or(set.huge_pages)};
    }

    int descriptor() const noexcept { return directory_.get(); }
    layout::control_page& control() const noexcept { return control_.as<layout::control_page>(); }

    /// "service "name"", for messages.
    std::string title() const;

    /// Counted up after every change of the directory's names. One cached load.
    std::uint64_t generation() const noexcept {
        // sync[control.generation] acquire: names that were made before the bump are visible.
        return control().generation.load(std::memory_order_acquire);
    }

    /// After a name was made or removed, or a port waits elsewhere.
    std::uint64_t bump_generation() const noexcept {
        // sync[control.generation] seq_cst: a newcomer bumps, then looks at the data; a waker publishes, then
        // loads the generation with seq_cst after a full fence. One of the two sees the other.
        return control().generation.fetch_add(1, std::memory_order_seq_cst) + 1;
    }

    /// Links the segment into the lowest free slot below `limit` and bumps the generation. Throws
    /// port_limit_reached, naming `limit_key`, when the living fill them all.
    std::uint32_t claim(port_kind kind, segment::own_segment& port, std::string_view limit_key);

    /// Removes the name again, if it is still that port's, and bumps the generation.
    void release(port_kind kind, std::uint32_t slot, os::file_identity port) noexcept;

    /// The ports that have a name now.
    std::vector<port_entry> list(port_kind kind) const;

    /// From here on name_changes() counts, where other users may take part. Throws what the system says.
    void watch_names();

    /// How often the names have changed, as the kernel tells: whoever may write the control page can turn the generation
    /// back. Always the same where only we take part. Any thread.
    std::uint64_t name_changes() noexcept;

    /// Removes what the dead and the ended left here, unless somebody else is at it: then false. Any thread.
    bool clean_up(unseen what = unseen::stays) noexcept;

private:
    static std::shared_ptr<service_directory> join_once(std::shared_ptr<membership> node,
                                                        static_configuration wanted,
                                                        joining how);
    void create_or_check(static_configuration wanted, joining how);
    void take_over(const static_configuration& wanted, joining how, const std::string& doing);
    void set_rights(const static_configuration& wanted, const std::string& doing);
    void check(const static_configuration& wanted, const std::string& doing);
    void create(static_configuration wanted, const std::string& doing);
    void check_room(const std::string& doing) const;
    std::string member_prefix() const;
    void become_member(const std::string& doing);
    void map_control();
    bool try_claim(port_kind kind,
                   segment::own_segment& port,
                   std::uint64_t limit,
                   std::uint32_t& slot);

    std::shared_ptr<membership> node_;
    std::mutex cleaning_;  // held together with the directory's lock
    std::string directory_name_;
    os::fd directory_;
    std::string member_name_;
    static_configuration configuration_;
    segment::foreign_segment control_;
    std::mutex names_mutex_;
    std::optional<os::directory_watch> names_;
    std::uint64_t name_changes_ = 0;
};

}  // namespace elkodon::service
