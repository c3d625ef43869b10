// A domain: the directories under which everything of one world lies.
// Every process of the domain creates names in them; each name has one owner.
// After a kill -9 the names of the dead stay until somebody cleans up.
#pragma once

#include <elkodon/os/file.hpp>
#include <elkodon/service/configuration.hpp>

namespace elkodon::service {

/// <root>/<domain>/{services,processes,doorbells}, opened. Any thread.
struct domain {
    /// Makes what is missing and checks what is there: the root must be a directory of ours that nobody
    /// else may write, not a link. Throws errc::invalid_root otherwise, with the way out.
    explicit domain(const configuration& config);

    std::string path;  // for messages
    os::fd root, services, processes, doorbells;
    os::file_identity identity;
};

}  // namespace elkodon::service
