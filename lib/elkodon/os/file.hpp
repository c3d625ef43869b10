// Files as segments need them: made without a name and linked when complete, opened without following
// links, identified by device and inode. Everything is relative to a directory's descriptor.
// After a kill -9 a file without a name is gone; a file with a name is complete.
#pragma once

#include <elkodon/os/fd.hpp>

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace elkodon::os {

/// Says which file it is, whatever its name. Stays taken as long as anybody has it open or mapped.
struct file_identity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    friend auto operator<=>(const file_identity&, const file_identity&) = default;
};

/// What the kernel says about an open file.
struct file_facts {
    file_identity identity;
    std::uint64_t size = 0;
    std::uint32_t owner = 0;
    std::uint32_t mode = 0;
    bool regular = false;
    bool directory = false;
    bool linked = false;  // it still has a name

    /// A directory in which other users may make names.
    bool for_others_too() const noexcept { return (mode & 022) != 0; }
    /// A directory in which nobody but its owner can remove or replace what is another's.
    bool keeps_names() const noexcept { return !for_others_too() || (mode & 01000) != 0; }
};

/// One name in a directory.
struct directory_entry {
    std::string name;
    std::uint64_t inode = 0;
};

/// The error that errno names, with what was being done; out_of_space and permission_denied in our own
/// codes. `doing` reads like `create segment "publisher.0"`.
[[noreturn]] void throw_errno(int number, const std::string& doing);

file_facts facts_of(int file, const std::string& doing);

/// Opens directory `name` under `at`; a symbolic link is refused (ELOOP or ENOTDIR). An empty descriptor
/// when there is none; throws on everything else.
fd open_directory(int at, const std::string& name);

/// Makes directory `name` unless it exists; its mode is its own then.
void make_directory(int at,
                    const std::string& name,
                    const std::string& doing,
                    std::uint32_t mode = 0700);

/// Who may read `directory` may then read what is made in it.
void set_mode(int directory, std::uint32_t mode, const std::string& doing);

/// Removes an empty directory; false when it isn't there or isn't empty.
bool remove_directory(int at, const std::string& name) noexcept;

/// Opens a regular file for reading, or for reading and writing. Links are refused and a FIFO doesn't
/// block. An empty descriptor when there is no such name.
fd open_file(int directory, const std::string& name, bool writable);

/// Who may write a file: we alone, or whoever may make names in its directory.
enum class writers { owner, all_of_the_directory };

/// A file of `size` bytes, all of them allocated, without a name; to read for whoever may read the directory. A full
/// file system is an error that says how much was asked for and how much is free.
fd create_unnamed(int directory,
                  std::uint64_t size,
                  const std::string& doing,
                  writers who = writers::owner);

/// Gives an unnamed file its name. False when the name is taken.
bool link_unnamed(int file, int directory, const std::string& name);

/// Removes `name` if it still is that very file. False otherwise. The caller holds the directory's lock
/// when others may replace the name at the same time.
bool unlink_if(int directory, const std::string& name, file_identity identity) noexcept;

/// Removes `name`, whatever it is. False when it is another user's, and we may not.
bool unlink_name(int directory, const std::string& name) noexcept;

/// Whether we may remove what `owner` has in a directory with these facts.
bool may_remove(const file_facts& directory, std::uint32_t owner) noexcept;

/// Whether we may make names in a directory.
bool may_write(int directory) noexcept;

/// Removes `name`, which is called `last_name` for a moment before.
void rename_and_unlink(int directory,
                       const std::string& name,
                       const std::string& last_name) noexcept;

/// The user who owns `name`; nothing when there is none.
std::optional<std::uint32_t> owner_of(int directory, const std::string& name) noexcept;

/// The identity of `name`, without opening it; zeros when there is none.
file_identity identity_of(int directory, const std::string& name) noexcept;

/// All names but `.` and `..`.
std::vector<directory_entry> list_directory(int directory);

/// What a file holds, wherever it is and through links; nothing when there is none. Throws when it is no regular file,
/// or longer than `limit`.
std::optional<std::string> read_file(const std::string& path, std::size_t limit);

std::string read_text(int file, std::size_t limit, const std::string& doing);
void write_text(int file, std::string_view text, const std::string& doing);

/// Takes the directory's lock, waiting until about then. False when somebody else holds it for
/// longer. The kernel drops it with the descriptor, however the process ends.
bool lock_directory(int directory, std::chrono::steady_clock::time_point until);
bool try_lock_directory(int directory) noexcept;
void unlock_directory(int directory) noexcept;

/// Unlocks rather than leaves it to closing: a fork's child may hold the same open description.
class unlock_at_end {
public:
    explicit unlock_at_end(int directory) noexcept : directory_(directory) {}
    ~unlock_at_end() { unlock_directory(directory_); }
    unlock_at_end(const unlock_at_end&) = delete;
    unlock_at_end& operator=(const unlock_at_end&) = delete;

private:
    int directory_;
};

}  // namespace elkodon::os
