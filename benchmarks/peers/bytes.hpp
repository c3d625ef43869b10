// The payload of the peers that move bytes: `size` of them, the number first and last, all of them sent.
#pragma once

#include "../ping_pong.hpp"

namespace bench {

class bytes {
public:
    explicit bytes(std::size_t size) : memory_(size) {}

    std::byte* data() { return memory_.data(); }
    std::size_t size() const { return memory_.size(); }

    void write(std::uint64_t number) {
        std::memcpy(memory_.data(), &number, sizeof number);
        std::memcpy(memory_.data() + size() - sizeof number, &number, sizeof number);
    }
    void check(std::uint64_t number) const {
        require(std::memcmp(memory_.data(), &number, sizeof number) == 0 &&
                    std::memcmp(memory_.data() + size() - sizeof number, &number, sizeof number) ==
                        0,
                "the next number");
    }

private:
    std::vector<std::byte> memory_;
};

}  // namespace bench
