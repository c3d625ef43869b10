// How the agent sends a file through a lossless service of slices, and writes what it receives into another one.
#include "agent.hpp"

#include <fstream>
#include <random>
#include <span>
#include <stdexcept>

namespace agent {
namespace {

using bytes = std::byte[];

auto open_file_service(state& own) {
    if (!own.node) own.node = elkodon::node::create(own.config);
    return own.node.service("file")
        .publish_subscribe<bytes>()
        .enable_safe_overflow(false)
        .subscriber_max_buffer_size(16)
        .open_or_create();
}

/// send_file PATH MOST: in slices of random length, 1 to MOST; longer ones than the first pool holds make it grow.
std::string send_file(state& own, const words& line) {
    auto publisher = open_file_service(own)
                         .publisher()
                         .initial_max_slice_len(1024)
                         .allocation_strategy(elkodon::allocation_strategy::power_of_two)
                         .create();
    std::ifstream file(line.at(1), std::ios::binary);
    std::mt19937 random(3);
    for (bool more = true; more;) {
        auto loan = publisher.loan_uninit(1 + random() % number(line, 2));
        file.read(reinterpret_cast<char*>((*loan).data()),
                  static_cast<std::streamsize>((*loan).size()));
        const auto filled = static_cast<std::size_t>(file.gcount());
        more = filled == (*loan).size();
        if (more) {
            if (const auto ec = publisher.send(std::move(loan))) throw std::system_error(ec);
        } else if (filled > 0) {
            const auto rest = std::span<const std::byte>(*loan).first(filled);
            if (const auto ec = publisher.send_copy(rest)) throw std::system_error(ec);
        }
    }
    return "ok";
}

/// receive_file PATH SIZE: says "waiting" when the publisher may begin.
std::string receive_file(state& own, const words& line) {
    auto subscriber = open_file_service(own).subscriber().create();
    std::ofstream file(line.at(1), std::ios::binary);
    say("waiting");
    for (std::uint64_t left = number(line, 2); left > 0;) {
        const auto sample = subscriber.blocking_receive();
        if (!sample) throw std::system_error(sample.error());
        file.write(reinterpret_cast<const char*>(sample.bytes().data()),
                   static_cast<std::streamsize>(sample.bytes().size()));
        left -= sample.bytes().size();
    }
    return file.flush() && subscriber.lost() == 0 ? "ok" : "lost, or not written";
}

}  // namespace

void add_files(command_table& table) {
    table["send_file"] = send_file;
    table["receive_file"] = receive_file;
}

}  // namespace agent
