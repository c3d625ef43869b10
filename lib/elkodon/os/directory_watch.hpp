// Names that appear in directories and go from them, as a descriptor that a loop can poll.
// The kernel writes its queue; its owner alone reads it.
// After a kill -9 the kernel has closed it.
#pragma once

#include <elkodon/os/fd.hpp>

#include <string>
#include <vector>

namespace elkodon::os {

/// One thing that happened to a name.
struct name_event {
    int directory;  ///< what watch() returned
    std::string name;
    bool moved_away = false;  ///< renamed to another name, not removed
};

/// What happened since one looked last.
struct name_news {
    std::vector<name_event> events;
    bool overflowed = false;  ///< some events were dropped
};

/// Any number of directories behind one descriptor. One at a time.
class directory_watch {
public:
    /// Throws too_many_files_open when this user has as many as /proc/sys/fs/inotify allows.
    directory_watch();

    int get() const noexcept { return queue_.get(); }

    /// A number for this directory, or -1 when the user watches too many. It ends with the directory.
    int watch(int directory) noexcept;
    void forget(int number) noexcept;

    /// Never waits.
    name_news take();

private:
    fd queue_;
};

}  // namespace elkodon::os
