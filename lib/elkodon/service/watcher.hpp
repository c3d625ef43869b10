// What a watch knows and has told: see watch.hpp. Directories are read again only when a name in them has changed.
// Only its owner writes it; it reads what others write, and takes what isn't whole for absent.
#pragma once

#include <elkodon/os/directory_watch.hpp>
#include <elkodon/os/poll.hpp>
#include <elkodon/service/membership.hpp>
#include <elkodon/service/watch.hpp>

#include <deque>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

namespace elkodon::service {

/// One at a time.
class watcher {
public:
    explicit watcher(std::shared_ptr<membership> node);

    change next();
    int descriptor() const noexcept { return set_.get(); }

private:
    struct known_port {
        port_info info;
        std::uint64_t inode;
    };
    struct known_service {
        os::fd directory;
        std::uint64_t inode = 0;
        int watched = -1;
        service_info info;
        bool open = false;
        std::set<process_id> members;
        std::map<std::string, known_port> ports;
    };
    struct known_process {
        os::fd connection, ending;
    };

    void look();
    void look_at_everything();
    bool take_news(std::set<std::string>& touched, bool& services, bool& nodes);
    void look_at_services();
    void look_at_service(known_service& service);
    void look_at_ports(known_service& service, const directory_contents& inside);
    void look_at_nodes();
    void look_for_the_dead();
    void close_service(known_service& service);

    void follow(process_id process);
    bool ended_badly(process_id process);
    void tell(change::kind_type kind, const known_service& service);
    void tell(change::kind_type kind, const known_service& service, const port_info& port);
    void tell(change::kind_type kind, const node_info& node);
    void bound_waits() noexcept;

    std::shared_ptr<membership> node_;
    observer observer_;
    os::directory_watch names_;
    os::poll_set set_;
    os::fd untold_, timer_;
    int services_ = -1, nodes_ = -1, processes_ = -1;
    std::map<std::string, known_service> known_services_;
    std::unordered_map<int, std::string> by_watch_;
    std::map<std::string, node_info> known_nodes_;
    std::unordered_map<process_id, known_process> known_processes_;
    std::unordered_set<process_id> left_;  // that ended in an orderly way
    std::deque<change> queue_;
    bool first_ = true;
    bool bounded_ =
        false;  // something can't be watched: look at everything once per liveness bound
};

}  // namespace elkodon::service
