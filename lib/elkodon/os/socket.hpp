// Unix sockets beside the segments: they carry a descriptor once, wake an owner before that, and tell
// when a peer has died. Names longer than a socket address are reached through the directory's descriptor.
// After a kill -9 the kernel has closed the sockets; the name stays until somebody cleans up.
#pragma once

#include <elkodon/os/fd.hpp>

#include <cstdint>
#include <string>

namespace elkodon::os {

/// Binds and listens at `name` under `directory`, non-blocking.
fd listen_at(int directory, const std::string& name);

/// What became of a connection attempt.
enum class connecting { connected, refused, forbidden, full, failed };

/// Connects without blocking: a listener that never accepts makes no difference until its backlog is full.
/// `failed` is a failure of our own, as errno says.
connecting connect_to(int directory, const std::string& name, fd& connection) noexcept;

/// The next connection, or none. `exhausted` says that there was one and no descriptor free for it.
fd accept_one(int listener, bool& exhausted) noexcept;

/// The user at the other end.
std::uint32_t peer_user(int connection) noexcept;

/// A descriptor that becomes readable when the process at the other end dies, whoever holds its sockets.
/// `dead` says that it has died already. Empty where the kernel has neither SO_PEERPIDFD nor the pid.
fd peer_process(int connection, bool& dead) noexcept;

/// Sends one byte, with `passenger` when it is not negative. False when the other end is gone; a full
/// buffer is no failure, for its bytes are a ring already.
bool send_byte(int connection, int passenger = -1) noexcept;

/// What a non-blocking look at a connection found.
struct received {
    fd passenger;
    bool any = false;
    bool gone = false;
};

/// Takes what is there, at most a few kilobytes. Descriptors beyond the first are closed.
received receive_bytes(int connection) noexcept;

}  // namespace elkodon::os
