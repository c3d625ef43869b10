// See socket.hpp.
#include <elkodon/os/file.hpp>
#include <elkodon/os/socket.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

namespace elkodon::os {
namespace {

constexpr int backlog = 4096;

// sun_path has 108 bytes; the directory's path may be longer than that.
sockaddr_un address_of(int directory, const std::string& name, const std::string& doing) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto path = "/proc/self/fd/" + std::to_string(directory) + "/" + name;
    if (path.size() >= sizeof address.sun_path) throw_errno(ENAMETOOLONG, doing);
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}

fd new_socket() noexcept {
    return fd{socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
}

bool hung_up(int connection) noexcept {
    pollfd look{connection, POLLIN, 0};
    return poll(&look, 1, 0) > 0 && (look.revents & (POLLHUP | POLLERR)) != 0;
}

union control_buffer {
    cmsghdr align;
    std::array<char, CMSG_SPACE(8 * sizeof(int))> bytes;
};

// The first descriptor in the message; a second one is nobody's wish and is closed.
fd passenger_of(msghdr& message) noexcept {
    fd first;
    for (auto* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        const auto count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int number = -1;
            std::memcpy(&number, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
            fd next{number};
            if (!first) first = std::move(next);
        }
    }
    return first;
}

}  // namespace

fd listen_at(int directory, const std::string& name) {
    const auto doing = "listen at \"" + name + "\"";
    const auto address = address_of(directory, name, doing);
    fd listener = new_socket();
    if (!listener) throw_errno(errno, doing);
    if (bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        listen(listener.get(), backlog) != 0)
        throw_errno(errno, doing);
    // Whatever the umask says: who may make names beside it may connect.
    const auto mode = 0700 | (facts_of(directory, doing).mode & 022);
    if (fchmodat(directory, name.c_str(), mode, 0) != 0) {
        const int number = errno;
        unlink_name(directory, name);
        throw_errno(number, doing);
    }
    return listener;
}

connecting connect_to(int directory, const std::string& name, fd& connection) noexcept try {
    const auto address = address_of(directory, name, "connect");
    fd attempt = new_socket();
    if (!attempt) return connecting::failed;
    if (connect(attempt.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
        connection = std::move(attempt);
        return connecting::connected;
    }
    switch (errno) {
        case ECONNREFUSED:
        case ENOENT: return connecting::refused;
        case EAGAIN: return connecting::full;
        case EACCES:
        case EPERM: return connecting::forbidden;
        case EMFILE:
        case ENFILE:
        case ENOMEM:
        case ENOBUFS: return connecting::failed;
        default: return connecting::refused;  // not the socket that was promised there
    }
} catch (...) {
    return connecting::failed;
}

fd accept_one(int listener, bool& exhausted) noexcept {
    fd connection{accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    exhausted = !connection && (errno == EMFILE || errno == ENFILE);
    return connection;
}

std::uint32_t peer_user(int connection) noexcept {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return ~0U;
    return peer.uid;
}

fd peer_process(int connection, bool& dead) noexcept {
    dead = false;
    int process = -1;
    socklen_t size = sizeof process;
    if (getsockopt(connection, SOL_SOCKET, SO_PEERPIDFD, &process, &size) == 0) return fd{process};
    if (errno == ESRCH || errno == EINVAL) {
        dead = true;
        return {};
    }
    // Before Linux 6.5: by number. The connection, still up afterwards, says that the number was still his.
    ucred peer{};
    size = sizeof peer;
    if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.pid == 0)
        return {};
    fd opened{static_cast<int>(syscall(SYS_pidfd_open, peer.pid, 0))};
    dead = (!opened && errno == ESRCH) || hung_up(connection);
    return dead ? fd{} : std::move(opened);
}

bool send_byte(int connection, int passenger) noexcept {
    char byte = 1;
    iovec piece{&byte, 1};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    control_buffer control{};
    if (passenger >= 0) {
        message.msg_control = control.bytes.data();
        message.msg_controllen = CMSG_SPACE(sizeof(int));
        auto* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        std::memcpy(CMSG_DATA(header), &passenger, sizeof passenger);
    }
    for (;;) {
        if (sendmsg(connection, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return true;
        if (errno == EINTR) continue;
        return errno == EAGAIN || errno == ENOBUFS || errno == ETOOMANYREFS;
    }
}

received receive_bytes(int connection) noexcept {
    std::array<char, 4096> bytes;
    iovec piece{bytes.data(), bytes.size()};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    control_buffer control{};
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
    received result;
    const auto count = recvmsg(connection, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (count > 0) {
        result.any = true;
        result.passenger = passenger_of(message);
    }
    result.gone = count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR);
    return result;
}

}  // namespace elkodon::os
